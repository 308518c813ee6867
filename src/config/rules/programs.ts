/**
 * Programs that are run for the operator, whatever for: they can be run, by an account that exists and is not root.
 */

import type { Path } from "../diagnostic.ts";
import type { Environment, ProgramState } from "../environment.ts";
import type { Findings } from "../findings.ts";
import type { LooseContent } from "../schema/file.ts";
import { DEFAULT_SCRIPT_USER } from "../schema/globals.ts";

/** A command names a program that can be run. */
export function checkCommand(
  path: Path,
  command: readonly (string | undefined)[] | undefined,
  environment: Environment,
  findings: Findings,
): void {
  if (command === undefined) return;
  const [program] = command;
  if (command.length === 0) {
    findings.add("out-of-range", path, "is empty: give the program's path and its arguments", "key");
  } else if (program !== undefined && !program.startsWith("/")) {
    const message = "a program is named by its absolute path: no shell and no PATH look for it";
    findings.add("script-path", [...path, 0], message);
  } else if (program !== undefined) {
    tellProgram([...path, 0], program, environment.program(program), findings);
  }
}

function tellProgram(path: Path, program: string, state: ProgramState, findings: Findings): void {
  switch (state) {
    case "ok":
      return;
    case "missing":
      return findings.add("script-missing", path, `there is no ${program}: put it there or mend the path`);
    case "not-a-file":
      return findings.add("script-not-executable", path, `${program} is no regular file`);
    case "not-executable":
      return findings.add("script-not-executable", path, `${program} is not executable: chmod +x it`);
    case "no-interpreter":
      return findings.add(
        "script-no-interpreter",
        path,
        `${program} is no binary and does not begin with #!`,
      );
    case "inaccessible":
      return findings.add("script-unverified", path, `${program} could not be looked at by this user`);
  }
}

/** The account of `global_defs` can be used, if anything needs it. */
export function checkGlobalUser(
  content: LooseContent,
  needed: boolean,
  environment: Environment,
  findings: Findings,
): void {
  const user = content.global_defs?.script_user;
  const path = ["global_defs", "script_user"];
  if ((user === undefined && !needed) || findings.touches(path)) return;
  checkUser(path, user ?? DEFAULT_SCRIPT_USER, environment, findings);
}

/** A script's account exists and is not root. */
export function checkUser(path: Path, name: string, environment: Environment, findings: Findings): void {
  const user = environment.user(name);
  if (user === undefined) {
    findings.add("user-missing", path, `there is no user ${name}: add it, or name one that exists`);
  } else if (user.uid === 0) {
    findings.add(
      "user-root",
      path,
      `scripts do not run as root, which ${name} is: name an unprivileged user`,
    );
  }
}
