/** The `netlink` package names the errno in the text of its error alone, if it knows one; this takes it out of there. */

import { KernelError } from "./kernel-error.ts";

/** The error of a request that the kernel refused, as a KernelError. */
export function netlinkFailure(operation: string, error: unknown): KernelError {
  const text = error instanceof Error ? error.message : String(error);
  const errno = /^Timeout\b/.test(text) ? "ETIMEDOUT" : /\b(E[A-Z0-9]{2,})\b/.exec(text)?.[1];
  return new KernelError(operation, errno ?? text, error);
}
