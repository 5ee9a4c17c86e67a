// Completion for zsh: a function for each command, in the words of _arguments.

import {
  allCommands,
  type CompletedCommand,
  type CompletedOption,
  quoted,
} from "./completion-model.js";

/** In a specification of _arguments a colon ends a part, and brackets hold the description. */
function part(text: string): string {
  return text.replaceAll("[", "(").replaceAll("]", ")").replaceAll(":", " -");
}

function functionOf({ path }: CompletedCommand): string {
  return ["_mmulate", ...path].join("_").replaceAll("-", "_");
}

/** ":name:action" behind an option that takes a value. */
function action({ value, choices, isList, files }: CompletedOption): string {
  if (value === undefined) return "";
  if (files === "yes") return `:${value}:_files`;
  if (choices.length === 0) return `:${value}: `;
  return isList
    ? `:${value}:_values -s , ${value} ${choices.join(" ")}`
    : `:${value}:(${choices.join(" ")})`;
}

function optionSpecs(option: CompletedOption): string[] {
  return option.flags.map((flag) => {
    const joined = option.value !== undefined && flag.startsWith("--") ? `${flag}=` : flag;
    return quoted(`*${joined}[${part(option.means)}]${action(option)}`);
  });
}

/** What stands where no option does. */
function argumentSpecs(command: CompletedCommand): string[] {
  if (command.commands.length > 0) return ["'1: :->command'", "'*:: :->rest'"];
  const words = command.words.length === 0 ? [] : [`compadd -- ${command.words.join(" ")}`];
  const actions = [...words, ...(command.files ? ["_files"] : [])];
  return actions.length === 0 ? [] : [quoted(`*:argument:{${actions.join("; ")}}`)];
}

function functionLines(command: CompletedCommand): string[] {
  const specs = [
    ...command.options.flatMap(optionSpecs),
    quoted("(-h --help)--help[display help]"),
    ...argumentSpecs(command),
  ];
  const inner = command.commands.map(
    (each) => `        ${each.path.at(-1)}) ${functionOf(each)} ;;`,
  );
  const names = command.commands.map((each) =>
    quoted(`${each.path.at(-1)}:${each.means.replaceAll(":", " -")}`),
  );
  const dispatch = [
    "  case $state in",
    "    command)",
    "      local -a commands",
    `      commands=(${names.join(" ")})`,
    "      _describe -t commands command commands ;;",
    "    rest)",
    "      case $words[1] in",
    ...inner,
    "      esac ;;",
    "  esac",
  ];
  return [
    `${functionOf(command)}() {`,
    "  local curcontext=$curcontext state line",
    `  _arguments -C ${specs.join(" \\\n    ")}`,
    ...(inner.length === 0 ? [] : dispatch),
    "}",
    "",
  ];
}

/** The script. It may be sourced, or lie in a folder of $fpath as _mmulate. */
export function toZsh(program: CompletedCommand): string {
  return [
    "#compdef mmulate",
    "# zsh completion of mmulate: source <(mmulate completion zsh)",
    "",
    ...allCommands(program).flatMap(functionLines),
    `if [[ "\${funcstack[1]}" == _mmulate ]]; then _mmulate "$@"; else compdef _mmulate mmulate; fi`,
    "",
  ].join("\n");
}
