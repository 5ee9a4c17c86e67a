/** Catches the one kind of error that a user may meet. */
import { type ErrorCode, MmulateError } from "../../src/errors.js";

/** The `MmulateError` that `action` throws; anything else, or nothing, fails the test. */
export function errorOf(action: () => unknown): MmulateError {
  try {
    action();
  } catch (error) {
    if (error instanceof MmulateError) return error;
    throw error;
  }
  throw new Error("expected an MmulateError, nothing was thrown");
}

/** Its message, if it has the code; else its code too, so that a comparison of messages fails. */
export function messageOf(code: ErrorCode, action: () => unknown): string {
  const error = errorOf(action);
  return error.code === code ? error.message : `${error.code}: ${error.message}`;
}
