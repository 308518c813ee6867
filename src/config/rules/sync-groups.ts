/**
 * What sync groups say about instances: each member exists and is in one group, and all of them can move together.
 */

import { type Path, quote } from "../diagnostic.ts";
import type { Findings } from "../findings.ts";
import { nearest } from "../known-keys.ts";
import type { LooseContent } from "../schema/file.ts";
import { mayOwn } from "./mastership.ts";

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
