/**
 * This machine's answers to what a configuration asks of it. Accounts are asked of the name service through getent(1),
 * which knows LDAP and the like as well as /etc/passwd.
 */

import { execFileSync } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import type { ScriptUser } from "../core/health/model.ts";
import type { Environment, ProgramState } from "./environment.ts";

/** Asks the name service (glibc and musl both bring it). */
const GETENT = "getent";

/** The machine that this process runs on. Accounts are looked up once; make a new one to look again. */
export function systemEnvironment(): Environment {
  const users = new Map<string, ScriptUser | undefined>();
  return {
    user: (name) => {
      if (!users.has(name)) users.set(name, findUser(name));
      return users.get(name);
    },
    program: findProgram,
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

function listInterfaces(): readonly string[] | undefined {
  try {
    return readdirSync("/sys/class/net");
  } catch {
    return undefined;
  }
}
