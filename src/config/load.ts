/**
 * A configuration file, from the disk.
 */

import { readFileSync, statSync } from "node:fs";
import { DIAGNOSTICS, type DiagnosticCode } from "./diagnostic.ts";
import type { RealServerConfig } from "../core/realserver/model.ts";
import type { Config } from "./config.ts";
import { type Reading, type ReadOptions, readConfig, readRealServer } from "./read.ts";

/** A file larger than this is none of ours. A virtual server takes some hundred bytes. */
const SIZE_MAX = 4 * 1024 * 1024;

/** Reads the file at `path`. Never throws; that the file cannot be read is a diagnostic as well. */
export function loadConfig(path: string, options: ReadOptions): Reading<Config> {
  return load(path, (text) => readConfig(text, options));
}

/** Reads the file at `path` on a real server. Never throws. */
export function loadRealServer(path: string): Reading<RealServerConfig> {
  return load(path, readRealServer);
}

function load<Result>(path: string, read: (text: string) => Reading<Result>): Reading<Result> {
  let bytes: Uint8Array;
  try {
    // Looked at first, so that a directory, or a device without end, is never read.
    const found = statSync(path);
    if (!found.isFile() && !found.isFIFO()) return refused("file-unreadable", "is no regular file");
    if (found.size > SIZE_MAX)
      return refused("file-too-large", `has ${found.size} bytes, more than ${SIZE_MAX}`);
    bytes = readFileSync(path);
  } catch (error) {
    return refused("file-unreadable", `cannot be read: ${reason(error as NodeJS.ErrnoException)}`);
  }
  try {
    return read(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_ENCODING_INVALID_ENCODED_DATA") throw error;
    return refused("file-not-utf8", "is not UTF-8 text: save it in that encoding");
  }
}

function refused(code: DiagnosticCode, what: string): Reading<never> {
  const place = { line: 1, column: 1, path: "" };
  return { diagnostics: [{ code, severity: DIAGNOSTICS[code], ...place, message: `the file ${what}` }] };
}

function reason(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "there is none";
  return error.code === "EACCES" ? "permission denied" : error.message;
}
