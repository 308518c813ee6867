/**
 * Notify scripts can be run.
 */

import type { Path } from "../diagnostic.ts";
import type { Environment } from "../environment.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import type { InstanceContent, LooseContent, SyncGroupContent } from "../schema/file.ts";
import { SCRIPT_KEYS } from "../schema/notify.ts";
import { checkCommand, checkUser } from "./programs.ts";

/** Where scripts are named: an instance, or a sync group. */
type Place = Loose<SyncGroupContent> &
  Pick<NonNullable<Loose<InstanceContent>>, "notify_master_rx_lower_pri">;

/** The rules for notify scripts. */
export function checkNotify(content: LooseContent, environment: Environment, findings: Findings): void {
  for (const { path, place } of places(content)) {
    for (const key of SCRIPT_KEYS) checkCommand([...path, key], place[key], environment, findings);
    const key = "notify_master_rx_lower_pri";
    checkCommand([...path, key], place[key], environment, findings);
    if (place.notify_user !== undefined)
      checkUser([...path, "notify_user"], place.notify_user, environment, findings);
  }
}

/** True when a notify script runs under the account of `global_defs`, or a named pipe belongs to it. */
export function notifyNeedsGlobalUser(content: LooseContent): boolean {
  const { notify_fifo: all, vrrp_notify_fifo: vrrp } = content.global_defs ?? {};
  if (all !== undefined || vrrp !== undefined) return true;
  return [...places(content)].some(
    ({ place }) =>
      place.notify_user === undefined &&
      [...SCRIPT_KEYS, "notify_master_rx_lower_pri" as const].some((key) => place[key] !== undefined),
  );
}

function* places(content: LooseContent): Generator<{ readonly path: Path; readonly place: Place }> {
  for (const [name, place] of content.vrrp_instances ?? [])
    if (place !== undefined) yield { path: ["vrrp_instances", name], place };
  for (const [name, place] of content.vrrp_sync_groups ?? [])
    if (place !== undefined) yield { path: ["vrrp_sync_groups", name], place };
}
