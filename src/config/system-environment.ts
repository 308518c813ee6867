/**
 * This machine's answers to what a configuration asks of it. Accounts are asked of the name service through getent(1),
 * which knows LDAP and the like as well as /etc/passwd.
 */

import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
} from "node:fs";
import type { ScriptUser } from "../core/health/model.ts";
import type { Environment, KeyFile, ProgramState } from "./environment.ts";
import { parseKeyFile } from "./key-file.ts";

/** Asks the name service (glibc and musl both bring it). */
const GETENT = "getent";

/** A key file has some two hundred bytes. */
const KEY_FILE_MAX = 4_096;

/** The machine that this process runs on. Accounts and keys are looked up once; make a new one to look again. */
export function systemEnvironment(): Environment {
  const users = new Map<string, ScriptUser | undefined>();
  const keys = new Map<string, KeyFile>();
  return {
    user: (name) => {
      if (!users.has(name)) users.set(name, findUser(name));
      return users.get(name);
    },
    program: findProgram,
    keyFile: (path) => {
      const found = keys.get(path) ?? readKeyFile(path);
      keys.set(path, found);
      return found;
    },
    interfaces: listInterfaces,
  };
}

function findUser(name: string): ScriptUser | undefined {
  const line = passwdEntry(name);
  const [found, , uid = "", gid = ""] = line?.split(":") ?? [];
  // getent also takes a number for a name, and would answer with that uid's account.
  if (found !== name || !/^\d+$/.test(uid) || !/^\d+$/.test(gid)) return undefined;
  return { name, uid: Number(uid), gid: Number(gid) };
}

function passwdEntry(name: string): string | undefined {
  try {
    const output = execFileSync(GETENT, ["passwd", name], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 10_000,
    });
    return output.split("\n")[0];
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? passwdFileEntry(name) : undefined;
  }
}

/** For a system without getent. */
function passwdFileEntry(name: string): string | undefined {
  try {
    const lines = readFileSync("/etc/passwd", "utf8").split("\n");
    return lines.find((line) => line.startsWith(`${name}:`));
  } catch {
    return undefined;
  }
}

function findProgram(path: string): ProgramState {
  try {
    const found = statSync(path);
    if (!found.isFile()) return "not-a-file";
    if ((found.mode & 0o111) === 0) return "not-executable";
    return runsByItself(path) ? "ok" : "no-interpreter";
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR" ? "missing" : "inaccessible";
  }
}

/** ELF's magic number, or `#!`. A program that may be run but not read is given the benefit of the doubt. */
function runsByItself(path: string): boolean {
  const start = Buffer.alloc(4);
  try {
    const fd = openSync(path, "r");
    readSync(fd, start);
    closeSync(fd);
  } catch {
    return true;
  }
  return start.toString("latin1") === "\x7fELF" || start.toString("latin1", 0, 2) === "#!";
}

/** Judged by what was opened, so that nothing can be put in its place meanwhile. */
function readKeyFile(path: string): KeyFile {
  let fd: number;
  try {
    // Not to wait for the writer of a pipe.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { state: code === "ENOENT" || code === "ENOTDIR" ? "missing" : "inaccessible" };
  }
  try {
    return keyWithin(fd);
  } catch {
    return { state: "inaccessible" };
  } finally {
    closeSync(fd);
  }
}

function keyWithin(fd: number): KeyFile {
  const { mode, uid, size } = fstatSync(fd);
  if ((mode & constants.S_IFMT) !== constants.S_IFREG) return { state: "not-a-file" };
  if ((mode & 0o077) !== 0) return { state: "exposed", mode: mode & 0o7777 };
  if (uid !== 0 && uid !== process.geteuid?.()) return { state: "foreign", uid };
  if (size > KEY_FILE_MAX) return { state: "malformed", fault: `it has ${size} bytes` };
  const parsed = parseKeyFile(readFileSync(fd, "utf8"));
  return "key" in parsed ? { state: "ok", key: parsed.key } : { state: "malformed", fault: parsed.fault };
}

function listInterfaces(): readonly string[] | undefined {
  try {
    return readdirSync("/sys/class/net");
  } catch {
    return undefined;
  }
}
