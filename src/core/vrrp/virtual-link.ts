/**
 * The interface that a virtual router has for itself, on top of the one that it works on: keepalived's `use_vmac` and
 * `use_ipvlan`. It holds the virtual addresses.
 *
 * A macvlan has the virtual hardware address (RFC 9568 §7.3), and so the neighbours' tables stay as they are whoever is
 * master. Its mode is `private`: in the others the kernel takes a frame that comes in with the interface's own hardware
 * address for its own, and drops it; and the master's adverts come with it. An ipvlan shares the other one's hardware
 * address, for networks that let a port have one only.
 */

import type { Family, IpAddress } from "../units/ip-address.ts";
import { isSameMac, type Mac, macText } from "../units/mac.ts";
import type { Interface, Interfaces } from "./surroundings.ts";

/** How the ipvlans of an interface reach each other (Documentation/networking/ipvlan.rst). */
export type IpvlanMode = "bridge" | "private" | "vepa";

interface OnTop {
  readonly name: string;
  /** The interface that it is made on. */
  readonly base: string;
  /** Whether any of the virtual addresses on it is of IPv4. */
  readonly holdsIpv4: boolean;
}

/** An interface with a hardware address of its own. */
interface Macvlan extends OnTop {
  readonly type: "macvlan";
  readonly mac: Mac;
}

/** An interface with an address of its own, which adverts come from. */
interface Ipvlan extends OnTop {
  readonly type: "ipvlan";
  readonly mode: IpvlanMode;
  /** Undefined over IPv6, where the base's link-local address serves. */
  readonly address: { readonly address: IpAddress; readonly prefixLength: number } | undefined;
}

/** A virtual router's own interface. */
export type VirtualLink = Macvlan | Ipvlan;

/** The virtual hardware address, 00-00-5E-00-01-{VRID}, or 00-00-5E-00-02-{VRID} over IPv6 (RFC 9568 §7.3). */
export function virtualMac(family: Family, vrid: number): Mac {
  return Uint8Array.of(0, 0, 0x5e, 0, family === 6 ? 2 : 1, vrid) as Mac;
}

/** What is to be known of an interface of ours to recognize it in another life. */
export interface OwnedLink {
  readonly name: string;
  readonly type: VirtualLink["type"];
}

/** A step to the interfaces that are wanted. */
export type LinkChange =
  | { readonly type: "remove"; readonly name: string; readonly index: number; readonly why: string }
  | { readonly type: "create"; readonly link: VirtualLink; readonly on: number }
  /** Give an ipvlan its address. */
  | { readonly type: "address"; readonly link: VirtualLink; readonly index: number }
  | { readonly type: "switch-on"; readonly link: VirtualLink; readonly index: number };

/** The steps in their order, and the names that are wanted but taken by an interface that is not ours. */
export interface LinkPlan {
  readonly changes: readonly LinkChange[];
  readonly foreign: readonly string[];
}

/**
 * The steps from the `interfaces` as they are to those that are `wanted`, of which the `owned` ones may be there because of
 * us. An interface that is not owned is never touched; one whose base is missing has to wait for it.
 */
export function planLinks(
  wanted: readonly VirtualLink[],
  owned: readonly OwnedLink[],
  interfaces: Interfaces,
): LinkPlan {
  const changes: LinkChange[] = [];
  const foreign: string[] = [];
  for (const { name, type } of owned) {
    const found = interfaces.get(name);
    const isWanted = wanted.some((link) => link.name === name);
    if (found?.stacked?.kind === type && !isWanted)
      changes.push({ type: "remove", name, index: found.index, why: "not wanted" });
  }
  for (const link of wanted) {
    const found = interfaces.get(link.name);
    const base = interfaces.get(link.base);
    if (found !== undefined && !owned.some((own) => isOwn(own, found))) foreign.push(link.name);
    else if (base !== undefined) changes.push(...stepsTo(link, base, found));
  }
  return { changes, foreign };
}

/** Whether an interface is the one that was recorded as ours. */
export function isOwn({ name, type }: OwnedLink, found: Pick<Interface, "name" | "stacked">): boolean {
  return found.name === name && found.stacked?.kind === type;
}

function stepsTo(link: VirtualLink, base: Interface, found: Interface | undefined): LinkChange[] {
  const create: LinkChange = { type: "create", link, on: base.index };
  if (found === undefined) return [create];
  const { index, name } = found;
  const why = difference(link, base, found);
  if (why !== undefined) return [{ type: "remove", name, index, why }, create];
  const steps: LinkChange[] = [];
  if (link.type === "ipvlan" && !hasAddress(link, found)) steps.push({ type: "address", link, index });
  if (found.enabled !== true) steps.push({ type: "switch-on", link, index });
  return steps;
}

/** In what an interface of ours is not as it is wanted; undefined when it is. */
function difference(link: VirtualLink, base: Interface, found: Interface): string | undefined {
  if (found.stacked?.kind !== link.type) return `it is a ${String(found.stacked?.kind)}`;
  if (found.stacked.parent !== base.index) return `it is not on ${link.base}`;
  const mode = modeOf(link);
  if (found.stacked.mode !== mode) return `its mode is not ${mode}`;
  if (link.type === "ipvlan") return undefined;
  if (found.mac !== undefined && isSameMac(found.mac, link.mac)) return undefined;
  return `its hardware address is not ${macText(link.mac)}`;
}

function hasAddress(link: Ipvlan, { addresses }: Interface): boolean {
  const { address: own } = link;
  return own === undefined || addresses.some(({ address }) => address === own.address);
}

/** The mode that an interface of ours has. */
function modeOf(link: VirtualLink): IpvlanMode {
  return link.type === "ipvlan" ? link.mode : "private";
}

/** An interface in words: `macvlan vrrp.51 on eth0, 00:00:5e:00:01:33`. */
function linkText(link: VirtualLink): string {
  const what = link.type === "macvlan" ? macText(link.mac) : link.mode;
  return `${link.type} ${link.name} on ${link.base}, ${what}`;
}

/** A plan, a line each. */
export function linkPlanText({ changes, foreign }: LinkPlan): readonly string[] {
  return [...foreign.map((name) => `leave ${name} alone: it is not ours`), ...changes.map(changeText)];
}

function changeText(change: LinkChange): string {
  switch (change.type) {
    case "remove":
      return `remove ${change.name}: ${change.why}`;
    case "create":
      return `create ${linkText(change.link)}`;
    case "address":
      return `give ${change.link.name} its address`;
    case "switch-on":
      return `switch ${change.link.name} on`;
  }
}
