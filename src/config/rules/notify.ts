/**
 * Notify scripts can be run.
 */

import type { Path } from "../diagnostic.ts";
import type { Environment } from "../environment.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import type { InstanceContent, LooseContent, SyncGroupContent } from "../schema/file.ts";
import { FIFO_KEYS, type FifoKey, SCRIPT_KEYS } from "../schema/notify.ts";
import { checkCommand, checkUser } from "./programs.ts";

/** Where scripts are named: an instance, or a sync group. */
type Place = Loose<SyncGroupContent> &
  Pick<NonNullable<Loose<InstanceContent>>, "notify_master_rx_lower_pri">;

/** The rules for notify scripts. */
export function checkNotify(content: LooseContent, environment: Environment, findings: Findings): void {
  checkFifos(content.global_defs, environment, findings);
  for (const { path, place } of places(content)) {
    for (const key of SCRIPT_KEYS) checkCommand([...path, key], place[key], environment, findings);
    const key = "notify_master_rx_lower_pri";
    checkCommand([...path, key], place[key], environment, findings);
    if (place.notify_user !== undefined)
      checkUser([...path, "notify_user"], place.notify_user, environment, findings);
  }
}

function checkFifos(
  globals: LooseContent["global_defs"],
  environment: Environment,
  findings: Findings,
): void {
  /** Which key has named the program for the pipe of this path. */
  const readers = new Map<string, ScriptKey>();
  for (const fifo of FIFO_KEYS) {
    const key = `${fifo}_script` as const;
    const path = ["global_defs", key];
    checkCommand(path, globals?.[key], environment, findings);
    checkReader(globals, fifo, readers, findings);
    if (
      globals?.[key] !== undefined &&
      globals[fifo] === undefined &&
      !findings.touches(["global_defs", fifo])
    )
      findings.add("unused-fifo-script", path, `there is no ${fifo} for it to read: add one`, "key");
  }
}

type ScriptKey = `${FifoKey}_script`;

/** One program reads a pipe. */
function checkReader(
  globals: LooseContent["global_defs"],
  fifo: FifoKey,
  readers: Map<string, ScriptKey>,
  findings: Findings,
): void {
  const key = `${fifo}_script` as const;
  const [pipe, command] = [globals?.[fifo], globals?.[key]];
  if (pipe === undefined || command === undefined) return;
  const other = readers.get(pipe);
  if (other === undefined) readers.set(pipe, key);
  else if (JSON.stringify(globals?.[other]) !== JSON.stringify(command))
    findings.add(
      "two-fifo-scripts",
      ["global_defs", key],
      `${other} on line ${findings.line(["global_defs", other])} is another program for the same pipe, ${pipe}: leave one out, or give ${fifo} a path of its own`,
      "key",
    );
}

/** True when a notify script runs under the account of `global_defs`, or a named pipe belongs to it. */
export function notifyNeedsGlobalUser(content: LooseContent): boolean {
  if (FIFO_KEYS.some((key) => content.global_defs?.[key] !== undefined)) return true;
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
