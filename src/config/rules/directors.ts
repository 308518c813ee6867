/**
 * Which director this machine is, and what priorities say about one another.
 */

import { formatPath, type Path, quote } from "../diagnostic.ts";
import type { Findings } from "../findings.ts";
import { nearest } from "../known-keys.ts";
import type { Loose } from "../salvage.ts";
import type { InstanceContent, LooseContent } from "../schema/file.ts";

/** How a director finds itself in the file: `--node`, else its hostname. */
export interface Identity {
  readonly node?: string | undefined;
  readonly hostname: string;
}

/** The director that this machine is; undefined when the file names none, or none that fits. */
export function chooseDirector(
  content: LooseContent,
  identity: Identity,
  findings: Findings,
): string | undefined {
  const { node, hostname } = identity;
  if (content.directors === undefined) {
    if (node !== undefined && !findings.touches(["directors"])) {
      findings.add(
        "unused-node",
        [],
        `the file names no directors, so the node ${quote(node)} means nothing`,
      );
    }
    return undefined;
  }
  const candidates = node === undefined ? [hostname, hostname.split(".")[0] ?? ""] : [node];
  const chosen = candidates.find((name) => content.directors?.has(name) === true);
  if (chosen === undefined) {
    const given =
      node === undefined ? `this machine's hostname ${quote(hostname)}` : `the node ${quote(node)}`;
    const names = [...content.directors.keys()].join(", ");
    const message = `${given} is none of the directors (${names}): say with --node which of them this is`;
    findings.add("unknown-node", ["directors"], message, "key");
  }
  return chosen;
}

/** Priorities have to differ between the directors, or the addresses decide. */
export function checkPriorities(content: LooseContent, findings: Findings): void {
  const told = new Set<string>();
  for (const [name, instance] of content.vrrp_instances ?? []) {
    const path = ["vrrp_instances", name, "priority"];
    const { priority } = instance ?? {};
    if (content.directors === undefined) {
      if (typeof priority === "object") tellNoDirectors(path, "one number", findings);
    } else if (typeof priority === "number") {
      if (content.directors.size > 1) tellPlain(path, content.directors, findings);
    } else {
      checkNames(path, priority, content.directors, findings);
      tellEqual(path, priority, content.directors, findings, told);
    }
  }
}

type Directors = NonNullable<LooseContent["directors"]>;
type OwnPriorities = Exclude<NonNullable<Loose<InstanceContent>>["priority"], number>;

/** A map of directors in a file that names none; `instead` is what to write. */
export function tellNoDirectors(path: Path, instead: string, findings: Findings): void {
  if (findings.touches(["directors"])) return;
  findings.add(
    "unknown-director",
    path,
    `the file names no directors: write ${instead}, or add \`directors\``,
  );
}

function tellPlain(path: Path, directors: Directors, findings: Findings): void {
  const names = [...directors.keys()].map((name, index) => `${name}: ${Math.max(1, 150 - 50 * index)}`);
  const better = `leave it out to use the directors' own, or write one for each, such as { ${names.join(", ")} }`;
  findings.add("plain-priority", path, `this priority is the same on every director: ${better}`);
}

/** Every name in a map of directors is one of theirs. */
export function checkNames(
  path: Path,
  own: ReadonlyMap<string, unknown> | undefined,
  directors: Directors,
  findings: Findings,
): void {
  for (const name of own?.keys() ?? []) {
    if (directors.has(name)) continue;
    const names = [...directors.keys()];
    const meant = nearest(name, names);
    const advice = meant === undefined ? `they are ${names.join(", ")}` : `did you mean ${meant}?`;
    findings.add(
      "unknown-director",
      [...path, name],
      `${quote(name)} is none of the directors: ${advice}`,
      "key",
    );
  }
}

/** Equal priorities are told where they come from, once: at the instance's own, else at the second director's. */
function tellEqual(
  path: Path,
  own: OwnPriorities,
  directors: Directors,
  findings: Findings,
  told: Set<string>,
): void {
  const holders = new Map<number, string>();
  for (const [name, director] of directors) {
    const priority = own?.get(name) ?? director?.priority;
    if (priority === undefined) continue;
    const other = holders.get(priority);
    holders.set(priority, name);
    if (other === undefined) continue;
    const ofInstance = own?.has(name) === true || own?.has(other) === true;
    const place = ofInstance ? path : ["directors", name, "priority"];
    if (told.has(formatPath(place))) continue;
    told.add(formatPath(place));
    const message = `${other} and ${name} both have ${priority}: give one of them more, so that it is clear who is master`;
    findings.add("equal-priorities", place, message);
  }
}
