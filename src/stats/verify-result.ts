// What `mmulate verify` returns: the JSON it prints with `--json`.

/** Units are translation vectors. Whatever isn't passed or skipped is failed. */
export interface VerifyCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export interface VerifyFile extends VerifyCounts {
  readonly file: string;
  /** Why units did not pass, and how many: reason -> count. */
  readonly reasons: Readonly<Record<string, number>>;
}

export interface VerifyFailure {
  readonly id: string;
  /** The access, in words. */
  readonly op: string;
  readonly want: unknown;
  readonly got: unknown;
}

export interface VerifyResult extends VerifyCounts {
  readonly files: readonly VerifyFile[];
  /** The first failures over all files, at most `MAX_FAILURES`. */
  readonly failures: readonly VerifyFailure[];
}

export const MAX_FAILURES = 20;
