/** Steps as the commands that a person would type, and as what is wrong while they are not taken. */

import { familyOf } from "../units/ip-address.ts";
import { type GuePort, type HeldAddress, type Holder, wholeLength } from "./model.ts";
import type { Step } from "./plan.ts";

/** The longest name of an IPv4 address, IFNAMSIZ - 1. */
const LABEL_MAX = 15;

/** The name that an IPv4 address has in `ip` and ifconfig, so that it is seen whose it is; undefined when there is no room. */
export function labelOf({ interface: name, address }: HeldAddress): string | undefined {
  const label = `${name}:vip`;
  return familyOf(address) === 4 && label.length <= LABEL_MAX ? label : undefined;
}

/** The step as a command. */
export function stepText(step: Step): string {
  switch (step.type) {
    case "add-address":
      return `ip address add ${addressText(step.held)}`;
    case "remove-address":
      return `ip address del ${cidr(step.held)} dev ${step.held.interface}`;
    case "add-holder":
      return `ip link add ${holderText(step.holder)}`;
    case "remove-holder":
      return `ip link del ${step.holder.name}`;
    case "switch-on":
      return `ip link set ${step.name} up`;
    case "add-port":
      return `ip fou add ${portText(step.port)} gue`;
    case "remove-port":
      return `ip fou del ${portText(step.port)}`;
    case "set":
      return `sysctl -w ${step.change.name}=${step.change.after}`;
    case "restore":
      return `sysctl -w ${step.change.name}=${step.change.before}`;
    case "set-own":
      return `sysctl -w ${step.name}=${step.value}`;
  }
}

/** What is wrong while the step is not taken. */
export function faultText(step: Step): string {
  switch (step.type) {
    case "add-address":
      return `${step.held.address} is missing on ${step.held.interface}: packets for it are not taken in`;
    case "remove-address":
      return `${step.held.address} on ${step.held.interface} is not asked for any more`;
    case "add-holder":
      return `the interface ${step.holder.name} is missing`;
    case "remove-holder":
      return `the interface ${step.holder.name} is not asked for any more`;
    case "switch-on":
      return `the interface ${step.name} is off`;
    case "add-port":
      return `nobody unwraps GUE on the UDP port ${step.port.port}`;
    case "remove-port":
      return `GUE on the UDP port ${step.port.port} is not asked for any more`;
    case "set":
      return `${step.change.name} is ${step.change.before}: ARP of this machine's tells of addresses that are not for it to tell`;
    case "restore":
      return `${step.change.name} is ${step.change.after} because of us, and not asked for any more`;
    case "set-own":
      return `${step.name} is not ${step.value}: unwrapped packets may be dropped`;
  }
}

function cidr({ address }: HeldAddress): string {
  return `${address}/${wholeLength(familyOf(address))}`;
}

function addressText(held: HeldAddress): string {
  const label = labelOf(held);
  const options = familyOf(held.address) === 6 ? " nodad preferred_lft 0" : "";
  return `${cidr(held)} dev ${held.interface}${label === undefined ? "" : ` label ${label}`}${options}`;
}

function holderText(holder: Holder): string {
  if (holder.kind === "dummy") return `${holder.name} type dummy`;
  const { name, kind, local, checksum } = holder;
  return `${name} type ${kind} local ${local}${kind === "ip6tnl" ? " mode any" : ""}${checksum ? " icsum" : ""}`;
}

function portText({ port, family }: GuePort): string {
  return `port ${port}${family === 6 ? " -6" : ""}`;
}
