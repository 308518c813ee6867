/**
 * Asks for kernel modules, without holding anybody up: the kernel would load them by itself when it needs them, but then
 * the process that asked stands still until it has.
 */

import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const PATIENCE_MS = 3_000;

/** The program that the kernel itself calls. */
const PROGRAM = "/proc/sys/kernel/modprobe";

const asked = new Map<string, Promise<void>>();

/**
 * Asks for a module, once in the life of the process; resolves when it is there or is not to be had. That it is not there
 * is no error: it may be part of the kernel, or loading it may be forbidden and the kernel does so itself.
 */
export function loadModule(name: string): Promise<void> {
  if (existsSync(join("/sys/module", name))) return Promise.resolve();
  const known = asked.get(name);
  if (known !== undefined) return known;
  const loading = promisify(execFile)(program(), [name], { timeout: PATIENCE_MS }).then(
    () => undefined,
    () => undefined,
  );
  asked.set(name, loading);
  return loading;
}

function program(): string {
  try {
    return readFileSync(PROGRAM, "latin1").trim() || "modprobe";
  } catch {
    return "modprobe";
  }
}
