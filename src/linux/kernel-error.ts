/**
 * A refusal of the kernel's: which operation, which errno, in the kernel's words. Whoever reacts looks at `errno`; the
 * message is for the operator.
 */

import { getSystemErrorMap } from "node:util";

const NAMES = getSystemErrorMap();

/** The kernel, or the C library on its behalf, refused an operation. */
export class KernelError extends Error {
  override readonly name = "KernelError";
  /** What was tried, such as `add address 192.0.2.100/24 to eth0`. */
  readonly operation: string;
  /** The errno's name, such as `EPERM`. */
  readonly errno: string;

  constructor(operation: string, errno: string, cause?: unknown) {
    const text = [...NAMES.values()].find(([name]) => name === errno)?.[1];
    super(`cannot ${operation}: ${text === undefined ? errno : `${text} (${errno})`}`, { cause });
    this.operation = operation;
    this.errno = errno;
  }
}

/** The name of a positive errno number, such as `EPERM` for 1. */
export function errnoName(number: number): string {
  return NAMES.get(-number)?.[0] ?? `E${number}`;
}
