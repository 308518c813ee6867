/**
 * Notify scripts can be run.
 */

import type { Environment } from "../environment.ts";
import type { Findings } from "../findings.ts";
import type { LooseContent } from "../schema/file.ts";
import { SCRIPT_KEYS } from "../schema/notify.ts";
import { checkCommand, checkUser } from "./programs.ts";

/** The rules for notify scripts. */
export function checkNotify(content: LooseContent, environment: Environment, findings: Findings): void {
  for (const [name, instance] of content.vrrp_instances ?? []) {
    const path = ["vrrp_instances", name];
    for (const key of SCRIPT_KEYS) checkCommand([...path, key], instance?.[key], environment, findings);
    if (instance?.notify_user !== undefined)
      checkUser([...path, "notify_user"], instance.notify_user, environment, findings);
  }
}

/** True when a notify script runs under the account of `global_defs`, or a named pipe belongs to it. */
export function notifyNeedsGlobalUser(content: LooseContent): boolean {
  const { notify_fifo: all, vrrp_notify_fifo: vrrp } = content.global_defs ?? {};
  if (all !== undefined || vrrp !== undefined) return true;
  return [...(content.vrrp_instances?.values() ?? [])].some(
    (instance) =>
      instance?.notify_user === undefined && SCRIPT_KEYS.some((key) => instance?.[key] !== undefined),
  );
}
