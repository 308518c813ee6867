/**
 * `relevo keygen`: makes a key for the heartbeat between the directors.
 */

import { closeSync, openSync, unlinkSync, writeFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { KEY_ID_MAX, newKeyFile } from "../config/key-file.ts";

interface KeygenOptions {
  readonly id: number;
  readonly output?: string;
}

/** Adds the subcommand. Exit status: 1 when the file is there already or cannot be written, 0 otherwise. */
export function addKeygen(program: Command): void {
  program
    .command("keygen")
    .description("make a key for the heartbeat between the directors")
    .option("-i, --id <n>", `the number that it goes by, 0 to ${KEY_ID_MAX}`, readId, 1)
    .option("-o, --output <file>", "write it there, readable by its owner only (default: to standard output)")
    .action(({ id, output }: KeygenOptions) => {
      if (output === undefined) process.stdout.write(newKeyFile(id));
      else process.exitCode = writeKey(output, id);
    });
}

function readId(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) > KEY_ID_MAX)
    throw new InvalidArgumentError(`It is a whole number from 0 to ${KEY_ID_MAX}.`);
  return Number(text);
}

function writeKey(file: string, id: number): number {
  let fd: number;
  try {
    // Never another mode than this one, and never over a key that may be in use.
    fd = openSync(file, "wx", 0o600);
  } catch (error) {
    return fail(file, reason(error as NodeJS.ErrnoException));
  }
  try {
    writeFileSync(fd, newKeyFile(id), { flush: true });
  } catch (error) {
    unlinkSync(file);
    return fail(file, (error as Error).message);
  } finally {
    closeSync(fd);
  }
  process.stderr.write(`${file}: key ${id} is made; copy it to the other director, with the same mode\n`);
  return 0;
}

function reason(error: NodeJS.ErrnoException): string {
  return error.code === "EEXIST" ? "is there already, and a key is never overwritten" : error.message;
}

function fail(file: string, what: string): number {
  process.stderr.write(`${file}: ${what}\n`);
  return 1;
}
