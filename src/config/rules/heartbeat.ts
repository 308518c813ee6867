/** The pair's own link: two directors, their addresses on each path, and keys that both have and nobody else. */

import { nameId } from "../../core/heartbeat/name-id.ts";
import { familyOf, type IpAddress, isIpv6 } from "../../core/units/ip-address.ts";
import { isLinkLocal } from "../../core/units/ipv6.ts";
import type { Path } from "../diagnostic.ts";
import type { Environment, KeyFile } from "../environment.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import type { InstanceContent, LooseContent } from "../schema/file.ts";
import { mayOwn } from "./mastership.ts";

type Instance = NonNullable<Loose<InstanceContent>>;
type Directors = NonNullable<LooseContent["directors"]>;
type Heartbeat = NonNullable<LooseContent["heartbeat"]>;

const PLACE = ["heartbeat"];

/** The rules for `heartbeat`. `running`: what is read is put to work, so that a key which cannot be read is an error. */
export function checkHeartbeat(
  content: LooseContent,
  environment: Environment,
  running: boolean,
  findings: Findings,
): void {
  const { heartbeat, directors } = content;
  checkAddresses(directors ?? new Map(), heartbeat !== undefined, findings);
  if (heartbeat === undefined) return;
  checkPair(directors, findings);
  checkKeys(heartbeat, environment, running, findings);
  checkNames(content, findings);
  if (heartbeat.takeover !== false) checkTakeover(content, findings);
}

/** A silent master is asked on the segment before it is replaced; one that answers nobody cannot be. */
function checkTakeover(content: LooseContent, findings: Findings): void {
  for (const [name, instance] of content.vrrp_instances ?? []) {
    if (instance === undefined) continue;
    const mute = muteBy(instance, content);
    if (mute === undefined) continue;
    const place = ["vrrp_instances", name];
    const message = `a takeover by heartbeat has no effect here: ${mute.why}, so that VRRP's own timer is waited for; leave ${mute.key} out, or write takeover: false into heartbeat`;
    findings.add(
      "unused-takeover",
      instance[mute.key] === undefined ? place : [...place, mute.key],
      message,
      "key",
    );
  }
}

/** What keeps the master, or the owner of the addresses, from answering. */
function muteBy(
  instance: Instance,
  content: LooseContent,
):
  | {
      readonly key: "lower_prio_no_advert" | "owner_ignore_adverts" | "strict_mode";
      readonly why: string;
    }
  | undefined {
  const { global_defs: globals } = content;
  if (instance.lower_prio_no_advert ?? globals?.vrrp_lower_prio_no_advert)
    return { key: "lower_prio_no_advert", why: "a master does not answer when it is asked whether it lives" };
  if (!mayOwn(instance, content)) return undefined;
  const why = "an owner (priority 255) does not answer when it is asked whether it lives";
  if (instance.owner_ignore_adverts ?? globals?.vrrp_owner_ignore_adverts)
    return { key: "owner_ignore_adverts", why };
  return (instance.strict_mode ?? globals?.vrrp_strict) ? { key: "strict_mode", why } : undefined;
}

/** Between whom. */
function checkPair(directors: LooseContent["directors"], findings: Findings): void {
  if (findings.touches(["directors"])) return;
  const count = directors?.size ?? 0;
  if (directors === undefined || count !== 2) {
    const found = directors === undefined ? "the file names none" : `the file names ${count}`;
    const message = `it goes between two directors, and ${found}: write both into \`directors\`, or leave heartbeat out`;
    findings.add("heartbeat-pair", PLACE, message, "key");
    return;
  }
  const paths = new Set(
    [...directors.values()].flatMap((director) => [...(director?.addresses?.keys() ?? [])]),
  );
  if (paths.size === 1) {
    const message =
      "there is one path, so that a cut there looks like a dead peer: add another to `addresses`";
    findings.add("lonely-path", PLACE, message, "key");
  }
  for (const [name, director] of directors) {
    const missing = [...paths].filter((path) => director?.addresses?.has(path) !== true);
    if (paths.size > 0 && missing.length === 0) continue;
    const message =
      paths.size === 0
        ? "heartbeat needs its addresses: add them, such as addresses: { public: 192.0.2.11, private: 198.51.100.11 }"
        : `the other director has an address on ${missing.join(", ")}: add this one's`;
    findings.add("director-addresses", ["directors", name], message, "key");
  }
}

function checkAddresses(directors: Directors, isUsed: boolean, findings: Findings): void {
  const owners = new Map<IpAddress, string>();
  const families = new Map<string, IpAddress>();
  for (const [name, director] of directors) {
    const place = ["directors", name, "addresses"];
    if (director?.addresses !== undefined && !isUsed) {
      const message = "has no effect without heartbeat: add that, or leave the addresses out";
      findings.add("unused-addresses", place, message, "key");
    }
    for (const [path, address] of director?.addresses ?? [])
      if (address !== undefined) checkAddress([...place, path], address, path, owners, families, findings);
  }
}

function checkAddress(
  place: Path,
  address: IpAddress,
  path: string,
  owners: Map<IpAddress, string>,
  families: Map<string, IpAddress>,
  findings: Findings,
): void {
  const [, director = ""] = place;
  const owner = owners.get(address);
  owners.set(address, `${director} on ${path}`);
  if (owner !== undefined)
    findings.add("director-addresses", place, `${address} is ${owner}'s already: give each its own`);
  if (isIpv6(address) && isLinkLocal(address)) {
    const message = `${address} is good on one link only: give an address that does not begin with fe80`;
    findings.add("director-addresses", place, message);
  }
  const other = families.get(path) ?? address;
  families.set(path, other);
  if (familyOf(address) === familyOf(other)) return;
  const message = `${address} is IPv${familyOf(address)}, and the other director's on ${path} is IPv${familyOf(other)}: a path has one of the two`;
  findings.add("director-addresses", place, message);
}

function checkKeys(
  heartbeat: Heartbeat,
  environment: Environment,
  running: boolean,
  findings: Findings,
): void {
  const { key_file: file, keys } = heartbeat;
  const [single, several] = [
    [...PLACE, "key_file"],
    [...PLACE, "keys"],
  ];
  if (findings.touches(single) || findings.touches(several)) return;
  if ((file === undefined) === (keys === undefined)) {
    const found = file === undefined ? "there is no key" : "key_file and keys are both there";
    const message = `${found}: write key_file, or keys while one key takes another's place; \`relevo keygen\` makes a key`;
    findings.add("heartbeat-keys", PLACE, message, "key");
    return;
  }
  if (keys?.length === 0) {
    findings.add("heartbeat-keys", several, "0 keys: name at least one, or use key_file", "key");
  }
  if (file !== undefined) checkKey(single, file, undefined, environment, running, findings);
  const seen = new Set<number>();
  for (const [index, entry] of (keys ?? []).entries()) {
    if (entry?.file === undefined || entry.id === undefined) continue;
    const place = [...several, index];
    if (seen.has(entry.id)) {
      findings.add(
        "heartbeat-keys",
        [...place, "id"],
        `there is a key ${entry.id} already: keep one of them`,
      );
    }
    seen.add(entry.id);
    checkKey([...place, "file"], entry.file, entry.id, environment, running, findings);
  }
}

function checkKey(
  place: Path,
  file: string,
  id: number | undefined,
  environment: Environment,
  running: boolean,
  findings: Findings,
): void {
  const found = environment.keyFile(file);
  if (found.state !== "ok") return tellKeyFile(place, file, found, running, findings);
  if (id === undefined || found.key.id === id) return;
  const message = `${file} says that it has key ${found.key.id}, not ${id}: mend one of the two`;
  findings.add("key-mismatch", place, message);
}

function tellKeyFile(
  place: Path,
  file: string,
  found: Exclude<KeyFile, { state: "ok" }>,
  running: boolean,
  findings: Findings,
): void {
  switch (found.state) {
    case "missing":
      return findings.add(
        "key-missing",
        place,
        `there is no ${file}: make it with \`relevo keygen --output ${file}\` and copy it to the other director`,
      );
    case "not-a-file":
      return findings.add("key-unsafe", place, `${file} is no regular file`);
    case "exposed":
      return findings.add(
        "key-unsafe",
        place,
        `${file} has mode ${found.mode.toString(8).padStart(4, "0")}, so that others than its owner can get at it: chmod 600, and make a new key if it may have been read`,
      );
    case "foreign":
      return findings.add(
        "key-unsafe",
        place,
        `${file} belongs to uid ${found.uid}, who could change it: chown it to root`,
      );
    case "malformed":
      return findings.add(
        "key-malformed",
        place,
        `${file} is no key file: ${found.fault}; make one with \`relevo keygen\``,
      );
    case "inaccessible":
      return running
        ? findings.add(
            "key-unreadable",
            place,
            `${file} cannot be read by this user: run as root, or chown it`,
          )
        : findings.add("key-unverified", place, `${file} could not be looked at by this user`);
  }
}

/** Names travel as 32 bits each: of one kind, no two may have the same. */
function checkNames({ directors, vrrp_instances: instances }: LooseContent, findings: Findings): void {
  for (const [kind, named] of [
    ["directors", directors],
    ["vrrp_instances", instances],
  ] as const) {
    checkIds([kind], [...(named?.keys() ?? [])], findings);
  }
  for (const [name, director] of directors ?? [])
    checkIds(["directors", name, "addresses"], [...(director?.addresses?.keys() ?? [])], findings);
}

function checkIds(place: Path, names: readonly string[], findings: Findings): void {
  const seen = new Map<number, string>();
  for (const name of names) {
    const other = seen.get(nameId(name));
    seen.set(nameId(name), name);
    if (other === undefined) continue;
    const message = `${name} and ${other} have the same number in heartbeats (a coincidence): give one another name`;
    findings.add("name-collision", [...place, name], message, "key");
  }
}
