/**
 * The steps from what a machine has to what it should have as a real server, and nothing else: what is on record is ours and
 * is taken away when it is not wanted any more; what somebody else put there is left as it is.
 *
 * An address is added after the settings that keep it from being told, and goes before they are put back.
 */

import type { SettingChange, SettingReader } from "../vrrp/link-settings.ts";
import { familyOf, type IpAddress } from "../units/ip-address.ts";
import { type GuePort, type HeldAddress, type Holder, type Setup, wholeLength } from "./model.ts";

/** What is ours in the kernel, written down before it is put there. */
export interface RealServerRecord {
  readonly addresses: readonly HeldAddress[];
  readonly holders: readonly Holder[];
  readonly ports: readonly GuePort[];
  /** Settings, from what they were before us to what we set. */
  readonly settings: readonly SettingChange[];
}

/** The record of a machine that has nothing of ours. */
export const NO_RECORD: RealServerRecord = { addresses: [], holders: [], ports: [], settings: [] };

/** An interface that is there. */
interface FoundInterface {
  readonly index: number;
  readonly name: string;
  readonly enabled: boolean;
  /** What it is, if it is of a kind that we may have made. */
  readonly holder: Holder | undefined;
}

/** What a machine has. */
export interface FoundMachine {
  readonly interfaces: readonly FoundInterface[];
  readonly addresses: readonly (HeldAddress & { readonly prefixLength: number })[];
  readonly ports: readonly GuePort[];
  /** The default routes' gateways in the main table, of both families. */
  readonly gateways: readonly IpAddress[];
  readonly setting: SettingReader;
}

/** One change of the kernel. */
export type Step =
  | { readonly type: "remove-address"; readonly held: HeldAddress }
  | { readonly type: "remove-holder"; readonly holder: Holder; readonly index: number }
  | { readonly type: "remove-port"; readonly port: GuePort }
  | { readonly type: "restore"; readonly change: SettingChange }
  | { readonly type: "set"; readonly change: SettingChange }
  | { readonly type: "add-port"; readonly port: GuePort }
  | { readonly type: "add-holder"; readonly holder: Holder }
  /** A setting of an interface of ours, which goes with it. */
  | { readonly type: "set-own"; readonly name: string; readonly value: string }
  | { readonly type: "switch-on"; readonly name: string }
  | { readonly type: "add-address"; readonly held: HeldAddress };

/** The steps in their order, and the interfaces whose names are taken by what is not ours. */
export interface SetupPlan {
  readonly steps: readonly Step[];
  readonly foreign: readonly string[];
}

const IPV4 = "net/ipv4/conf";

/** The steps from `found`, of which what is on `record` is ours, to `setup`. */
export function planSetup(setup: Setup, found: FoundMachine, record: RealServerRecord): SetupPlan {
  const foreign = setup.holders.filter((holder) => isForeign(holder, found, record)).map(({ name }) => name);
  const wanted: Setup = {
    ...setup,
    holders: setup.holders.filter(({ name }) => !foreign.includes(name)),
    addresses: setup.addresses.filter((held) => !foreign.includes(held.interface)),
  };
  const gone = removals(wanted, found, record);
  return { steps: [...gone, ...additions(wanted, withoutHolders(found, gone), record)], foreign };
}

/** What is ours once the steps `done` were carried out, and those `begun` were, or were not: what may be ours counts as ours. */
export function recordAfter(
  record: RealServerRecord,
  done: readonly Step[],
  begun: readonly Step[],
): RealServerRecord {
  const added = begun.filter(({ type }) => type.startsWith("add-") || type === "set");
  return [...done, ...added].reduce(recordStep, record);
}

/** What is still ours of a record once nothing else than `setup` is there. */
export function recordOf(record: RealServerRecord, setup: Setup, found: FoundMachine): RealServerRecord {
  const settings = new Set(wantedSettings(setup, found).map(({ name }) => name));
  return {
    addresses: record.addresses.filter((held) => includes(setup.addresses, held)),
    holders: record.holders.filter((holder) => includes(setup.holders, holder)),
    ports: record.ports.filter((port) => includes(setup.ports, port)),
    settings: record.settings.filter(({ name }) => settings.has(name)),
  };
}

function recordStep(record: RealServerRecord, step: Step): RealServerRecord {
  const { addresses, holders, ports, settings } = record;
  switch (step.type) {
    case "add-address":
      return { ...record, addresses: union(addresses, step.held) };
    case "remove-address":
      return { ...record, addresses: addresses.filter((held) => !isSame(held, step.held)) };
    case "add-holder":
      return { ...record, holders: union(holders, step.holder) };
    case "remove-holder":
      return {
        ...record,
        holders: holders.filter((holder) => !isSame(holder, step.holder)),
        addresses: addresses.filter((held) => held.interface !== step.holder.name),
      };
    case "add-port":
      return { ...record, ports: union(ports, step.port) };
    case "remove-port":
      return { ...record, ports: ports.filter((port) => !isSame(port, step.port)) };
    case "set": {
      const { name } = step.change;
      const before = settings.find((change) => change.name === name)?.before ?? step.change.before;
      const others = settings.filter((change) => change.name !== name);
      return { ...record, settings: [...others, { ...step.change, before }] };
    }
    case "restore":
      return { ...record, settings: settings.filter(({ name }) => name !== step.change.name) };
    case "set-own":
    case "switch-on":
      return record;
  }
}

/** What is left when these are gone: with an interface go its addresses and settings, and one of its name begins with nothing. */
function withoutHolders(found: FoundMachine, steps: readonly Step[]): FoundMachine {
  const gone = new Set(steps.flatMap((step) => (step.type === "remove-holder" ? step.holder.name : [])));
  return {
    ...found,
    interfaces: found.interfaces.filter(({ name }) => !gone.has(name)),
    addresses: found.addresses.filter((held) => !gone.has(held.interface)),
    setting: (name) => (gone.has(settingOwner(name)) ? undefined : found.setting(name)),
  };
}

/** `vip-gre0` of `net/ipv4/conf/vip-gre0/rp_filter`. */
function settingOwner(name: string): string {
  return name.split("/").at(-2) ?? "";
}

function removals(setup: Setup, found: FoundMachine, record: RealServerRecord): Step[] {
  const steps: Step[] = [];
  for (const held of record.addresses)
    if (!includes(setup.addresses, held) && isHeld(held, found)) steps.push({ type: "remove-address", held });
  for (const holder of record.holders) {
    const there = found.interfaces.find(({ name }) => name === holder.name);
    if (there !== undefined && isSame(there.holder, holder) && !includes(setup.holders, holder))
      steps.push({ type: "remove-holder", holder, index: there.index });
  }
  for (const port of record.ports)
    if (!includes(setup.ports, port) && includes(found.ports, port))
      steps.push({ type: "remove-port", port });
  const wanted = wantedSettings(setup, found);
  for (const change of record.settings.toReversed())
    if (!wanted.some(({ name }) => name === change.name) && found.setting(change.name) === change.after)
      steps.push({ type: "restore", change });
  return steps;
}

function additions(setup: Setup, found: FoundMachine, record: RealServerRecord): Step[] {
  const steps: Step[] = [];
  for (const { name, value, isGood } of wantedSettings(setup, found)) {
    const before = found.setting(name);
    if (before !== undefined && !isGood(before))
      steps.push({ type: "set", change: { name, before, after: value } });
  }
  for (const port of setup.ports) if (!includes(found.ports, port)) steps.push({ type: "add-port", port });
  for (const holder of setup.holders) steps.push(...holderSteps(holder, found, record));
  for (const held of setup.addresses) if (!isHeld(held, found)) steps.push({ type: "add-address", held });
  return steps;
}

function holderSteps(holder: Holder, found: FoundMachine, record: RealServerRecord): Step[] {
  const there = found.interfaces.find(({ name }) => name === holder.name);
  const isThere = there !== undefined && isSame(there.holder, holder);
  const steps: Step[] = isThere ? [] : [{ type: "add-holder", holder }];
  if (holder.kind !== "dummy" && (!isThere || found.setting(sourceFilter(holder)) !== LOOSE))
    steps.push({ type: "set-own", name: sourceFilter(holder), value: LOOSE });
  const isOurs = !isThere || includes(record.holders, holder);
  if (isOurs && there?.enabled !== true) steps.push({ type: "switch-on", name: holder.name });
  return steps;
}

/**
 * Unwrapped packets come in by another interface than the one that leads to the client. A source is good that any
 * interface leads to; of this setting, too, the larger holds, so that it overrules a strict filter under `all`.
 */
const LOOSE = "2";

function sourceFilter({ name }: Holder): string {
  return `${IPV4}/${name}/rp_filter`;
}

/** A setting that has to have one of several values; `value` is the one that is set when it has none of them. */
interface WantedSetting {
  readonly name: string;
  readonly value: string;
  readonly isGood: (value: string) => boolean;
}

/**
 * Of these two settings the larger of `all` and of the interface itself holds. arp_ignore is no scale, though: 1 and 2
 * answer for addresses of the interface that is asked on, 8 for none, and what lies between does not keep an address on
 * another interface to itself.
 */
function wantedSettings({ addresses }: Setup, found: FoundMachine): WantedSetting[] {
  if (!addresses.some(({ address }) => familyOf(address) === 4)) return [];
  const keepsQuiet = (value: string): boolean => ["1", "2", "8"].includes(value);
  const interfaces = found.interfaces
    .filter(({ name, holder }) => name !== "lo" && holder === undefined)
    .map(({ name }) => ({
      name: `${IPV4}/${name}/arp_ignore`,
      value: "1",
      isGood: (value: string) => value === "0" || keepsQuiet(value),
    }));
  return [
    { name: `${IPV4}/all/arp_ignore`, value: "1", isGood: keepsQuiet },
    ...interfaces,
    { name: `${IPV4}/all/arp_announce`, value: "2", isGood: (value) => value === "2" },
  ];
}

/** A name is taken by an interface that is neither ours nor what we would make; a dummy is used as it is. */
function isForeign(holder: Holder, { interfaces }: FoundMachine, record: RealServerRecord): boolean {
  const there = interfaces.find(({ name }) => name === holder.name);
  if (there === undefined || isSame(there.holder, holder)) return false;
  return !record.holders.some((own) => isSame(own, there.holder));
}

function isHeld({ interface: name, address }: HeldAddress, { addresses }: FoundMachine): boolean {
  return addresses.some(
    (found) =>
      found.interface === name &&
      found.address === address &&
      found.prefixLength === wholeLength(familyOf(address)),
  );
}

/**
 * What is wrong and somebody else's: a virtual address where it is told to the segment, a whole network on lo, a dummy that
 * is switched off.
 */
export function faultsOfOthers(
  setup: Setup,
  found: FoundMachine,
  record: RealServerRecord,
): readonly string[] {
  const wanted = new Set<IpAddress>(setup.addresses.map(({ address }) => address));
  const quiet = new Set(["lo", ...setup.holders.map(({ name }) => name)]);
  const off = found.interfaces
    .filter(({ holder, enabled }) => holder !== undefined && !enabled && includes(setup.holders, holder))
    .filter(({ name }) => !record.holders.some((own) => own.name === name))
    .map(({ name }) => `${name} is off: ip link set ${name} up`);
  const misplaced = found.addresses
    .filter(({ address }) => wanted.has(address))
    .flatMap(({ interface: name, address, prefixLength }) => {
      const text = `${address}/${prefixLength}`;
      const cure = `ip address del ${text} dev ${name}`;
      if (!quiet.has(name)) return [`${address} is on ${name}, which answers for it: ${cure}`];
      if (name === "lo" && prefixLength < wholeLength(familyOf(address)))
        return [`${text} on lo makes all of that network this machine's own: ${cure}`];
      return [];
    });
  return [...off, ...misplaced];
}

function union<Item extends object>(items: readonly Item[], item: Item): readonly Item[] {
  return includes(items, item) ? items : [...items, item];
}

function includes<Item extends object>(items: readonly Item[], wanted: Item): boolean {
  return items.some((item) => isSame(item, wanted));
}

/** Plain objects with the same values. */
function isSame<Item extends object>(one: Item | undefined, other: Item | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => one[key as keyof Item] === other[key as keyof Item]);
}
