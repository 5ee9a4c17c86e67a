// Errors as a system call returns them.

/** Symbolic errors that the modelled calls return; 0 = success. */
export type Errno =
  | 0
  | "EAGAIN"
  | "EBUSY"
  | "EEXIST"
  | "EFAULT"
  | "EIO"
  | "EINVAL"
  | "ENOENT"
  | "ENOMEM"
  | "ENOTTY"
  | "ENXIO"
  | "EPERM"
  | "ESRCH"
  | "EMLINK";
