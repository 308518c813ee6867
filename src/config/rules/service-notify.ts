/**
 * Programs that are told of virtual and real servers can be run.
 */

import type { Path } from "../diagnostic.ts";
import type { Environment } from "../environment.ts";
import type { Findings } from "../findings.ts";
import type { LooseContent } from "../schema/file.ts";
import { checkCommand, checkUser } from "./programs.ts";

/** The rules for quorum_up, quorum_down, notify_up and notify_down. */
export function checkServiceNotify(
  content: LooseContent,
  environment: Environment,
  findings: Findings,
): void {
  for (const { path, command } of programs(content)) checkCommand(path, command, environment, findings);
  for (const [index, server] of (content.virtual_servers ?? []).entries()) {
    if (server?.notify_user !== undefined)
      checkUser(["virtual_servers", index, "notify_user"], server.notify_user, environment, findings);
  }
}

/** True when one of them runs under the account of `global_defs`. */
export function serviceNotifyNeedsGlobalUser(content: LooseContent): boolean {
  return [...programs(content)].some(({ user, command }) => command !== undefined && user === undefined);
}

interface Program {
  readonly path: Path;
  readonly command: readonly (string | undefined)[] | undefined;
  readonly user: string | undefined;
}

function* programs(content: LooseContent): Generator<Program> {
  for (const [v, server] of (content.virtual_servers ?? []).entries()) {
    const path = ["virtual_servers", v];
    const user = server?.notify_user;
    for (const key of ["quorum_up", "quorum_down"] as const)
      yield { path: [...path, key], command: server?.[key], user };
    for (const [r, real] of (server?.real_servers ?? []).entries()) {
      for (const key of ["notify_up", "notify_down"] as const)
        yield { path: [...path, "real_servers", r, key], command: real?.[key], user };
    }
  }
}
