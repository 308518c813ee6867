/**
 * What a configuration says about the machine it is read on, as questions. The answers of this machine are in
 * `system-environment.ts`; tests give their own.
 */

import type { ScriptUser } from "../core/health/model.ts";
import type { HeartbeatKey } from "../core/heartbeat/model.ts";

/**
 * What is found under the path of a program. `no-interpreter`: neither a binary nor a script that names its interpreter,
 * which the C library would give to a shell. `inaccessible`: whoever asks may not look.
 */
export type ProgramState =
  | "ok"
  | "missing"
  | "not-a-file"
  | "not-executable"
  | "no-interpreter"
  | "inaccessible";

/**
 * What is found under the path of a key. `exposed`: others than its owner may read or write it. `foreign`: it belongs to
 * neither root nor whoever asks. `inaccessible`: whoever asks may not read it.
 */
export type KeyFile =
  | { readonly state: "ok"; readonly key: HeartbeatKey }
  | { readonly state: "missing" | "not-a-file" | "inaccessible" }
  | { readonly state: "exposed"; readonly mode: number }
  | { readonly state: "foreign"; readonly uid: number }
  /** `fault` does not tell what is in it. */
  | { readonly state: "malformed"; readonly fault: string };

/** The look-ups that depend on the machine. None of them throws or changes anything. */
export interface Environment {
  /** The account of that name; undefined when there is none. */
  user(name: string): ScriptUser | undefined;
  /** Whether a program is there to be run. */
  program(path: string): ProgramState;
  /** The key in a file. */
  keyFile(path: string): KeyFile;
  /** The names of the network interfaces; undefined when they cannot be told. */
  interfaces(): readonly string[] | undefined;
}
