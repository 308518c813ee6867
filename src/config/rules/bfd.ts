/** What the keys of a BFD session say about one another, and the sessions about one another. */

import { familyOf, type IpAddress, isIpv6 } from "../../core/units/ip-address.ts";
import { isLinkLocal } from "../../core/units/ipv6.ts";
import { BFD_TTL } from "../../core/wire/bfd.ts";
import type { Path } from "../diagnostic.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import type { BfdContent, LooseContent } from "../schema/file.ts";
import { checkNames, tellNoDirectors } from "./directors.ts";

type Session = NonNullable<Loose<BfdContent>>;

/** The rules for `bfd_instances`. */
export function checkBfd(content: LooseContent, findings: Findings): void {
  for (const [name, session] of content.bfd_instances ?? []) {
    if (session === undefined) continue;
    const path = ["bfd_instances", name];
    checkDirectors(path, session, content, findings);
    checkFamilies(path, session, findings);
    checkLinkLocal(path, session, findings);
    if (session.multihop === true) checkMultihop(path, session, findings);
    if (session.multihop === false) checkSingleHop(path, session, findings);
  }
  checkNeighbors(content, findings);
}

function checkDirectors(path: Path, session: Session, content: LooseContent, findings: Findings): void {
  const { directors } = content;
  for (const key of ["neighbor_ip", "source_ip"] as const) {
    const value = session[key];
    const place = [...path, key];
    if (typeof value !== "object") continue;
    if (directors === undefined) tellNoDirectors(place, "one address", findings);
    else checkNames(place, value, directors, findings);
  }
  if (typeof session.neighbor_ip === "object") {
    for (const name of directors?.keys() ?? []) {
      if (session.neighbor_ip.has(name)) continue;
      findings.add(
        "missing-key",
        [...path, "neighbor_ip"],
        `is missing for ${name}: add its neighbour`,
        "key",
      );
    }
  }
  if (typeof session.source_ip === "string" && (directors?.size ?? 0) > 1) {
    const message =
      "this address is the same on every director, and only one of them can have it: write one for each, such as { lvs1: 192.0.2.11, lvs2: 192.0.2.12 }";
    findings.add("plain-source", [...path, "source_ip"], message);
  }
}

/** An address that is written for one director, or for all of them (`undefined`). */
type Own = readonly [director: string | undefined, address: IpAddress];

function addressesOf(value: Session["neighbor_ip"]): readonly Own[] {
  if (value === undefined) return [];
  if (typeof value === "string") return [[undefined, value]];
  return [...value].flatMap(([name, address]): Own[] => (address === undefined ? [] : [[name, address]]));
}

function checkFamilies(path: Path, session: Session, findings: Findings): void {
  const [first, ...others] = addressesOf(session.neighbor_ip);
  if (first === undefined) return;
  const family = familyOf(first[1]);
  const check = (key: string, [director, address]: Own): void => {
    if (familyOf(address) === family) return;
    const place = director === undefined ? [...path, key] : [...path, key, director];
    const message = `${address} is IPv${familyOf(address)}, and the neighbour is IPv${family}: give an IPv${family} address`;
    findings.add("mixed-families", place, message);
  };
  for (const other of others) check("neighbor_ip", other);
  for (const source of addressesOf(session.source_ip)) check("source_ip", source);
  const useless = family === 6 ? ("ttl" as const) : ("hoplimit" as const);
  if (session[useless] === undefined) return;
  const message = `has no effect, for the neighbour is IPv${family}: write ${family === 6 ? "hoplimit" : "ttl"} instead`;
  findings.add("unused-bfd", [...path, useless], message, "key");
}

function checkLinkLocal(path: Path, session: Session, findings: Findings): void {
  const linkLocal = addressesOf(session.neighbor_ip).find(([, at]) => isIpv6(at) && isLinkLocal(at))?.[1];
  if (linkLocal === undefined) return;
  if (session.multihop === true) {
    const message = `${linkLocal} is a link-local address, which is never several hops away: leave multihop out`;
    findings.add("bfd-interface", [...path, "multihop"], message);
  } else if (session.interface === undefined && !findings.touches([...path, "interface"])) {
    const message = `${linkLocal} is a link-local address, which means something on one interface only: add interface`;
    findings.add("bfd-interface", [...path, "neighbor_ip"], message);
  }
}

function checkSingleHop(path: Path, session: Session, findings: Findings): void {
  for (const key of ["ttl", "hoplimit"] as const) {
    const value = session[key];
    if (value === undefined || value === BFD_TTL) continue;
    const message = `${value}: over one hop it is ${BFD_TTL}, or the neighbour discards every packet (RFC 5881 §5): leave it out, or add multihop: true`;
    findings.add("bfd-single-hop", [...path, key], message);
  }
  if (session.max_hops === undefined || session.max_hops === 0) return;
  const message = `${session.max_hops} hops are more than the one of a session without multihop: leave it out, or add multihop: true`;
  findings.add("bfd-single-hop", [...path, "max_hops"], message);
}

function checkMultihop(path: Path, session: Session, findings: Findings): void {
  if (session.max_hops !== undefined || findings.touches([...path, "max_hops"])) return;
  const message =
    "without max_hops a packet may come from any distance, and BFD over several hops has nothing else to tell a stranger by: add the number of routers on the way";
  findings.add("bfd-any-distance", [...path, "multihop"], message);
}

interface Neighbor {
  readonly path: Path;
  readonly session: Session;
  readonly own: Own;
}

/** A packet that names no session yet is told by its source. */
function checkNeighbors(content: LooseContent, findings: Findings): void {
  const seen: Neighbor[] = [];
  for (const [name, session] of content.bfd_instances ?? []) {
    if (session === undefined) continue;
    const path = ["bfd_instances", name, "neighbor_ip"];
    for (const own of addressesOf(session.neighbor_ip)) {
      const other = seen.find(
        (one) => one.session !== session && meet(own, one.own) && overlap(session, one.session),
      );
      seen.push({ path, session, own });
      if (other === undefined) continue;
      const message = `${own[1]} is the neighbour of another session (line ${findings.line(other.path)}): keep one, and track it as often as needed`;
      findings.add("duplicate-bfd", path, message);
    }
  }
}

function meet([director, address]: Own, [other, theirs]: Own): boolean {
  return address === theirs && (director === undefined || other === undefined || director === other);
}

function overlap(one: Session, other: Session): boolean {
  if (one.multihop !== other.multihop) return false;
  return one.interface === other.interface || one.interface === undefined || other.interface === undefined;
}
