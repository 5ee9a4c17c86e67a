// The catalogue of errors: code, exit code, and what each means. Messages say what was seen, where, what
// is allowed and what to try; they are built where the facts are known.

export const EXIT_DONE = 0;
/** It ran, but a check, comparison or expectation failed. */
export const EXIT_FAILED = 1;
/** Usage, configuration or input error. */
export const EXIT_USAGE = 2;
/** A fault of mmulate itself. */
export const EXIT_INTERNAL = 3;
/** Interrupted (128 + SIGINT); finished cells are kept. */
export const EXIT_INTERRUPTED = 130;

export const ERROR_CATALOGUE = {
  USAGE: { exit: EXIT_USAGE, means: "the command line asks for something that does not exist" },
  CONFIG: { exit: EXIT_USAGE, means: "a configuration value is unknown or out of range" },
  INPUT: {
    exit: EXIT_USAGE,
    means: "an input file is missing, damaged or not of the kind expected",
  },
  DESCRIPTOR: { exit: EXIT_USAGE, means: "an architecture descriptor breaks a rule of the schema" },
  UNMAPPABLE: { exit: EXIT_FAILED, means: "an access cannot be translated under this layout" },
  UNMODELLED: { exit: EXIT_FAILED, means: "a script uses what the kernel model does not have" },
  MEMORY: { exit: EXIT_FAILED, means: "simulated memory, or what a cell may use, is used up" },
  STUCK: { exit: EXIT_FAILED, means: "a cell told no progress for longer than --timeout allows" },
  INTERNAL: { exit: EXIT_INTERNAL, means: "mmulate contradicts itself; please report it" },
} as const;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;

/** The one error class: everything a user can meet is thrown as this, with a code of the catalogue. */
export class MmulateError extends Error {
  readonly code: ErrorCode;

  /**
   * @param code entry of `ERROR_CATALOGUE`
   * @param message one line: what was seen, where, what is allowed
   * @param options `cause` where another error led to this one
   */
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "MmulateError";
    this.code = code;
  }

  /** The process exit code that belongs to this error. */
  get exitCode(): number {
    return ERROR_CATALOGUE[this.code].exit;
  }
}

/**
 * The error of a file that cannot be written.
 * @param cause an error of the operating system, or the reason in words
 */
export function unwritable(path: string, cause: unknown): MmulateError {
  const { code, message } = cause as { readonly code?: string; readonly message?: string };
  const why = typeof cause === "string" ? cause : (code ?? message);
  return new MmulateError("USAGE", `cannot write ${path}: ${why}`, { cause });
}
