/**
 * What sync groups say about instances: each member exists and is in one group, and all of them can move together.
 */

import { type Path, quote } from "../diagnostic.ts";
import type { Findings } from "../findings.ts";
import { nearest } from "../known-keys.ts";
import type { Loose } from "../salvage.ts";
import type { InstanceContent, LooseContent } from "../schema/file.ts";
import { mayOwn, prioritiesOf } from "./mastership.ts";

type LooseInstance = Loose<InstanceContent>;

/** The rules for sync groups. */
export function checkSyncGroups(content: LooseContent, findings: Findings): void {
  const first = new Map<string, Path>();
  for (const [name, entry] of content.vrrp_sync_groups ?? []) {
    const path = ["vrrp_sync_groups", name, "group"];
    const members = [...(entry?.group ?? []).entries()];
    for (const [index, member] of members) {
      if (member !== undefined) checkMember([...path, index], member, content, first, findings);
    }
    checkSize(path, members.length, findings);
    checkOwners(path, entry?.group ?? [], content, findings);
    checkPreference(path, entry?.group ?? [], content, findings);
  }
}

function checkMember(
  path: Path,
  member: string,
  content: LooseContent,
  first: Map<string, Path>,
  findings: Findings,
): void {
  if (content.vrrp_instances?.has(member) !== true) {
    const names = [...(content.vrrp_instances?.keys() ?? [])];
    const meant = nearest(member, names);
    const there = names.length === 0 ? "there are none" : `they are ${names.join(", ")}`;
    const advice = meant === undefined ? there : `did you mean ${meant}?`;
    findings.add("unknown-member", path, `${quote(member)} is none of the instances: ${advice}`);
    return;
  }
  const other = first.get(member);
  if (other === undefined) first.set(member, path);
  else {
    const message = `${member} is in ${String(other[1])} already (line ${findings.line(other)}): an instance moves with one group`;
    findings.add("duplicate-member", path, message);
  }
}

function checkSize(path: Path, size: number, findings: Findings): void {
  if (size >= 2 || findings.touches(path)) return;
  findings.add("lonely-member", path, "has fewer than two instances, so that nothing moves together", "key");
}

/** An owner takes its addresses back at once, and would drag along those that have to give way to another director. */
function checkOwners(
  path: Path,
  group: readonly (string | undefined)[],
  content: LooseContent,
  findings: Findings,
): void {
  const members = group.flatMap((name) => {
    const instance = name === undefined ? undefined : content.vrrp_instances?.get(name);
    return instance === undefined ? [] : [mayOwn(instance, content)];
  });
  if (!members.includes(true) || !members.includes(false)) return;
  const message = "priority 255 in some members only: use it in all of them or, better, in none";
  findings.add("mixed-owners", path, message, "key");
}

/** A director that is better in one member and worse in another would preempt the other one, and be preempted, for ever. */
function checkPreference(
  path: Path,
  group: readonly (string | undefined)[],
  content: LooseContent,
  findings: Findings,
): void {
  const preferred = new Map<string, string>();
  for (const name of group) {
    const instance = name === undefined ? undefined : content.vrrp_instances?.get(name);
    if (name === undefined || instance === undefined || content.directors === undefined) continue;
    const best = preferredDirector(instance, content);
    if (best !== undefined) preferred.set(best, name);
  }
  if (preferred.size < 2) return;
  const wishes = [...preferred].map(([director, member]) => `${member} prefers ${director}`).join(", ");
  const message = `its members want different masters, and would never come to rest: ${wishes}`;
  findings.add("split-group", path, message, "key");
}

/** The one whose priority is higher than all others'. */
function preferredDirector(
  { priority }: NonNullable<LooseInstance>,
  content: LooseContent,
): string | undefined {
  const names = [...(content.directors?.keys() ?? [])];
  const priorities = prioritiesOf(priority, content);
  const ranked = names
    .map((name, index) => ({ name, priority: priorities[index] ?? 0 }))
    .toSorted((one, other) => other.priority - one.priority);
  const [first, second] = ranked;
  return first !== undefined && second !== undefined && first.priority > second.priority
    ? first.name
    : undefined;
}
