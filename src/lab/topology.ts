/**
 * The lab's wiring as lines for `ip -batch`. What runs them is namespaces.ts.
 *
 * Each machine is a namespace; a switch namespace holds one bridge for each segment, with a port for each plugged leg.
 * To cut a machine off is to set its ports down: the machine loses its carrier, as when the switch loses power.
 */

import type { Machine, Segment } from "./plan.ts";

const SEGMENTS: readonly Segment[] = ["public", "private"];

/** The bridge that is a segment. */
export function bridge(segment: Segment): string {
  return `br-${segment}`;
}

/** Run in the switch: its bridges. Without snooping, which would keep VRRP's multicast from who has not asked for it. */
export function switchCommands(): readonly string[] {
  return SEGMENTS.flatMap((segment) => [
    `link add ${bridge(segment)} type bridge forward_delay 0 mcast_snooping 0`,
    `link set ${bridge(segment)} up`,
  ]);
}

/** Run in the switch: a cable to each of the machine's interfaces, whose other end lands in its namespace. */
export function cableCommands(machine: Machine, namespace: string): readonly string[] {
  return machine.legs.flatMap((leg) => [
    `link add ${port(machine, leg.segment)} type veth peer name ${leg.interface} address ${leg.mac} netns ${namespace}`,
    `link set ${port(machine, leg.segment)} master ${bridge(leg.segment)} up`,
  ]);
}

/** Run in the switch: the cables are taken away, both ends. */
export function uncableCommands(machine: Machine): readonly string[] {
  return machine.legs.map((leg) => `link del ${port(machine, leg.segment)}`);
}

/** Run in the switch: the machine's ports go dark. */
export function cutCommands(machine: Machine): readonly string[] {
  return machine.legs.map((leg) => `link set ${port(machine, leg.segment)} down`);
}

/** Run in the machine: its interfaces, addresses and default route. */
export function machineCommands(machine: Machine): readonly string[] {
  return [
    "link set lo up",
    ...machine.legs.flatMap((leg) => [
      `addr add ${leg.address}/24 dev ${leg.interface}`,
      `link set ${leg.interface} up`,
    ]),
    ...(machine.via === undefined ? [] : [`route add default via ${machine.via}`]),
  ];
}

/** Settings below /proc/sys, written in the machine's namespace before its interfaces get addresses. */
export const MACHINE_SETTINGS: readonly (readonly [path: string, value: string])[] = [
  ["net/ipv6/conf/all/disable_ipv6", "1"],
  ["net/ipv6/conf/default/disable_ipv6", "1"],
];

function port(machine: Machine, segment: Segment): string {
  return `${machine.name}-${segment}`;
}
