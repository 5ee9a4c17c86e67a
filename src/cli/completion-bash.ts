// Completion for bash, from 3.2 on (which macOS has).

import {
  allCommands,
  type CompletedCommand,
  type CompletedOption,
  quoted,
} from "./completion-model.js";

/** What does not depend on the commands. bash ends words at "=" and ":", so the typed line is taken apart here. */
const HEAD = `# bash completion of mmulate: source <(mmulate completion bash)

# Words that begin as what is typed; in a list, what stands behind its last comma.
_mmulate_words() {
  local typed=$2 before=$3
  if [[ $4 == list && $typed == *,* ]]; then before=$before\${typed%,*},; typed=\${typed##*,}; fi
  local IFS=$' \\n'
  COMPREPLY+=($(compgen -P "$before" -W "$1" -- "$typed"))
}

_mmulate_files() {
  local IFS=$'\\n'
  COMPREPLY+=($(compgen -P "$2" -f -- "$1"))
  if type compopt > /dev/null 2>&1; then compopt -o filenames 2> /dev/null; fi
}

_mmulate() {
  local line=\${COMP_LINE:0:COMP_POINT} cur= command= flag= value= before= breaks= cut= i
  local -a words
  read -ra words <<< "$line"
  local last=$((\${#words[@]} - 1))
  if [[ $line != *[[:space:]] ]]; then cur=\${words[last]}; unset "words[last]"; last=$((last - 1)); fi
  COMPREPLY=()
`;

const FLAG = `
  if [[ $cur == --*=* ]]; then flag=\${cur%%=*}; value=\${cur#*=}; before=$flag=
  elif ((last > 0)); then flag=\${words[last]}; value=$cur
  fi`;

const TAIL = `
  # What stands before the last break is no part of the word that bash completes.
  if [[ $COMP_WORDBREAKS == *=* ]]; then breaks==; fi
  if [[ $COMP_WORDBREAKS == *:* ]]; then breaks=$breaks:; fi
  if [[ -n $breaks ]]; then cut=\${cur%"\${cur##*[$breaks]}"}; fi
  for ((i = 0; i < \${#COMPREPLY[@]}; i++)); do COMPREPLY[i]=\${COMPREPLY[i]#"$cut"}; done
}
complete -F _mmulate mmulate
`;

const nameOf = ({ path }: CompletedCommand): string => path.join(" ");

/** Completes the value of an option. */
function valueLines(
  command: CompletedCommand,
  { flags, value, choices, isList, files }: CompletedOption,
): string[] {
  if (value === undefined) return [];
  const cases = flags.map((flag) => quoted(`${nameOf(command)}:${flag}`)).join("|");
  const offer = `_mmulate_words ${quoted(choices.join(" "))} "$value" "$before"`;
  const words = choices.length === 0 ? "" : `${offer}${isList ? " list" : ""}`;
  const behind = `_mmulate_files "\${value#*=}" "$before\${value%%=*}="`;
  const act = {
    no: words,
    yes: '_mmulate_files "$value" "$before"',
    behind: `if [[ $value == *=* ]]; then ${behind}; else ${words}; fi`,
  };
  return [`    ${cases}) ${act[files]} ;;`];
}

/** Completes options, commands and arguments. */
function wordLines(command: CompletedCommand): string[] {
  const options = [...command.options.flatMap(({ flags }) => flags), "--help"];
  const words = [...command.commands.map(({ path }) => path.at(-1) ?? ""), ...command.words];
  const offer = words.length === 0 ? "" : ` _mmulate_words ${quoted(words.join(" "))} "$cur" "";`;
  const rest = `${offer}${command.files ? ' _mmulate_files "$cur" "";' : ""}`;
  return [
    `    ${quoted(nameOf(command))})`,
    `      if [[ $cur == -* ]]; then _mmulate_words ${quoted(options.join(" "))} "$cur" ""`,
    `      else${rest === "" ? " :;" : rest} fi ;;`,
  ];
}

/** The script. */
export function toBash(program: CompletedCommand): string {
  const commands = allCommands(program);
  const names = commands.map(nameOf).filter((name) => name !== "");
  const values = commands.flatMap((command) =>
    command.options.flatMap((option) => valueLines(command, option)),
  );
  const lines = [
    "  # The command: words that name one, one below the other.",
    "  for ((i = 1; i <= last; i++)); do",
    `    case "\${command:+$command }\${words[i]}" in`,
    `      ${names.map(quoted).join("|")}) command="\${command:+$command }\${words[i]}" ;;`,
    "    esac",
    "  done",
    FLAG,
    '  case "$command:$flag" in',
    ...values,
    '    *) case "$command" in',
    ...commands.flatMap(wordLines).map((line) => `  ${line}`),
    "    esac ;;",
    "  esac",
  ];
  return `${HEAD}${lines.join("\n")}\n${TAIL}`;
}
