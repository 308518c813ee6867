/**
 * What the keys of one instance that say who is master, and when, say about one another.
 */

import { ZERO } from "../../core/units/time.ts";
import type { Path } from "../diagnostic.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import type { InstanceContent, LooseContent } from "../schema/file.ts";

type Instance = NonNullable<Loose<InstanceContent>>;
type Entry = NonNullable<Instance["virtual_ipaddress"]>[number];

/** The rules for `state` and `preempt_delay`. */
export function checkMastership(
  path: Path,
  instance: Instance,
  content: LooseContent,
  findings: Findings,
): void {
  checkDelay(path, instance, content, findings);
  checkState(path, instance, content, findings);
}

/** True when some director's priority in an instance is 255, the address owner's. */
export function mayOwn({ priority }: Instance, content: LooseContent): boolean {
  return prioritiesOf(priority, content).includes(255);
}

/** Every address of an instance, and its place below the instance. */
export function* addressesOf(
  instance: Loose<InstanceContent>,
): Generator<{ readonly entry: Entry; readonly place: Path }> {
  for (const key of ["virtual_ipaddress", "virtual_ipaddress_excluded"] as const) {
    for (const [index, entry] of (instance?.[key] ?? []).entries()) yield { entry, place: [key, index] };
  }
}

/** An instance's priority in each director, in their order; a number alone is that of all of them. */
export function prioritiesOf(priority: Instance["priority"], content: LooseContent): (number | undefined)[] {
  if (typeof priority === "number") return [priority];
  if (content.directors === undefined) return [...(priority?.values() ?? [undefined])];
  return [...content.directors].map(([name, director]) => priority?.get(name) ?? director?.priority);
}

function checkDelay(path: Path, instance: Instance, content: LooseContent, findings: Findings): void {
  const { preempt, nopreempt, preempt_delay: delay = ZERO } = instance;
  if (delay === ZERO) return;
  if (nopreempt === true || preempt === false) {
    const key = nopreempt === true ? "nopreempt: true" : "preempt: false";
    const message = `contradicts ${key}: what never preempts has nothing to delay; keep one of the two`;
    findings.add("preempt-contradiction", [...path, "preempt_delay"], message, "key");
  } else if (mayOwn(instance, content)) {
    const message = "priority 255 is the address owner's, who never waits (RFC 9568 §6.4.1): use 254 or less";
    findings.add("owner-nopreempt", [...path, "preempt_delay"], message, "key");
  }
}

/** keepalived starts by priority, too, whatever its `state` says; most files say it all the same. */
function checkState(path: Path, instance: Instance, content: LooseContent, findings: Findings): void {
  const { state, preempt, nopreempt } = instance;
  const place = [...path, "state"];
  if (state === "master" && (nopreempt === true || preempt === false)) {
    const message =
      "MASTER contradicts nopreempt, which leaves a working master alone: write BACKUP, or leave it out";
    findings.add("preempt-contradiction", place, message);
  } else if (findings.touches([...path, "priority"]) || findings.touches(["directors"])) {
    return;
  } else if (state === "master" && prioritiesOf(instance.priority, content).some((own) => own !== 255)) {
    const message =
      "MASTER has no effect below priority 255: every director starts as a backup, and the higher priority decides";
    findings.add("state-hint", place, message);
  } else if (state === "backup" && mayOwn(instance, content)) {
    const message =
      "BACKUP has no effect at priority 255: the address owner starts as master (RFC 9568 §6.4.1)";
    findings.add("state-hint", place, message);
  }
}
