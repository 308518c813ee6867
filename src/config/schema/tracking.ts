/**
 * What instances track: the objects at the top of the file, and the lists in an instance.
 */

import { z } from "zod";
import type { IpAddress } from "../../core/units/ip-address.ts";
import { milliseconds, seconds, ZERO } from "../../core/units/time.ts";
import { quote } from "../diagnostic.ts";
import { hostAddress } from "./address.ts";
import { duration } from "./duration.ts";
import { gatewayAddress, readIpHost, sourceAddress } from "./ip-address.ts";
import {
  argument,
  choice,
  interfaceName,
  ownName,
  refuse,
  textLeaf,
  toggle,
  userName,
  whole,
} from "./leaf.ts";
import { network, routeType, routingTable } from "./routing.ts";

/** The weight of an interface or a script. */
function weight(): z.ZodType<number> {
  return whole(-253, 253);
}

/** A file's number is multiplied by its weight; 254 allows for a negative one that is to be a fault. */
function widerWeight(): z.ZodType<number> {
  return whole(-254, 254);
}

/** `interface_up_down_delays`. */
export const linkDelaysSchema = z.map(
  interfaceName(),
  z.strictObject({
    down: duration("0s", "255s").default(ZERO),
    up: duration("0s", "255s").default(ZERO),
  }),
);

/** `vrrp_scripts`. */
export const trackedScriptsSchema = z.map(
  ownName(),
  z.strictObject({
    script: z.array(argument()),
    interval: duration("100ms", "24h").default(seconds(1)),
    timeout: duration("10ms", "1h").optional(),
    weight: weight().default(0),
    reverse: toggle().default(false),
    rise: whole(1, 1_000).default(1),
    fall: whole(1, 1_000).default(1),
    user: userName().optional(),
    init_fail: toggle().default(false),
  }),
);

/** `track_files`. */
export const trackedFilesSchema = z.map(
  ownName(),
  z.strictObject({
    file: textLeaf<string>("a file's absolute path", (text) =>
      text.startsWith("/") && !text.endsWith("/") && !text.includes("\0")
        ? { value: text }
        : refuse("file-path", `${quote(text)} is no absolute path of a file`),
    ),
    weight: widerWeight().default(1),
    reverse: toggle().default(false),
    init_file: whole(-2_147_483_648, 2_147_483_647).optional(),
  }),
);

/** `track_gateways`. What goes together: rules/gateways.ts. */
export const trackedGatewaysSchema = z.map(
  ownName(),
  z.strictObject({
    address: gatewayAddress(),
    interface: interfaceName(),
    ip_family: choice({ inet: 4, inet6: 6 } as const).optional(),
    method: choice({ arp: "arp", ndp: "ndp", icmp: "icmp" } as const).optional(),
    interval: duration("100ms", "1h").default(seconds(1)),
    timeout: duration("10ms", "1m").default(seconds(1)),
    weight: weight().default(0),
    reverse: toggle().default(false),
    rise: whole(1, 1_000).default(2),
    fall: whole(1, 1_000).default(3),
  }),
);

/** `vrrp_track_processes`. */
export const trackedProcessesSchema = z.map(
  ownName(),
  z.strictObject({
    process: z.union([argument(), z.array(argument())]),
    param_match: choice({ initial: "initial", partial: "partial" } as const).optional(),
    full_command: toggle().default(false),
    weight: widerWeight().default(1),
    reverse: toggle().default(false),
    quorum: whole(0, 65_535).default(1),
    quorum_max: whole(0, 65_535).default(65_535),
    delay: duration("0s", "1h").default(ZERO),
    fork_delay: duration("0s", "1h").optional(),
    terminate_delay: duration("0s", "1h").optional(),
  }),
);

/** `bfd_instances`: bare numbers above these are no seconds that anybody means. */
export const bfdSessionsSchema = z.map(
  ownName(),
  z.strictObject({
    neighbor_ip: sourceAddress(),
    source_ip: sourceAddress().optional(),
    interface: interfaceName().optional(),
    min_rx: duration("10ms", "60s", 1).default(milliseconds(100)),
    min_tx: duration("10ms", "60s", 1).default(milliseconds(100)),
    idle_tx: duration("1s", "60s", 60).default(seconds(1)),
    multiplier: whole(1, 255).default(5),
    passive: toggle().default(false),
    multihop: toggle().default(false),
    ttl: whole(1, 255).optional(),
    hoplimit: whole(1, 255).optional(),
    max_hops: whole(0, 255).optional(),
    weight: weight().default(0),
    reverse: toggle().default(false),
  }),
);

const override = { reverse: toggle().optional() };

/** The lists of an instance. */
export const trackShape = {
  track_interface: z
    .array(
      z.union([
        interfaceName(),
        z.strictObject({ interface: interfaceName(), weight: weight().optional(), ...override }),
      ]),
    )
    .default([]),
  track_address: z
    .array(
      z.union([
        hostAddress(),
        z.strictObject({ address: hostAddress(), weight: weight().optional(), ...override }),
      ]),
    )
    .default([]),
  track_route: z
    .array(
      z.union([
        network(),
        z.strictObject({
          to: network(),
          type: routeType().default("unicast"),
          via: textLeaf<IpAddress>("a gateway's address, such as 192.0.2.1", readIpHost).optional(),
          dev: interfaceName().optional(),
          table: routingTable().default(254),
          weight: weight().optional(),
          ...override,
        }),
      ]),
    )
    .default([]),
  track_script: z
    .array(
      z.union([ownName(), z.strictObject({ script: ownName(), weight: weight().optional(), ...override })]),
    )
    .default([]),
  track_bfd: z
    .array(z.union([ownName(), z.strictObject({ bfd: ownName(), weight: weight().optional(), ...override })]))
    .default([]),
  track_process: z
    .array(
      z.union([
        ownName(),
        z.strictObject({ process: ownName(), weight: widerWeight().optional(), ...override }),
      ]),
    )
    .default([]),
  track_gateway: z
    .array(
      z.union([ownName(), z.strictObject({ gateway: ownName(), weight: weight().optional(), ...override })]),
    )
    .default([]),
  track_file: z
    .array(
      z.union([
        ownName(),
        z.strictObject({ file: ownName(), weight: widerWeight().optional(), ...override }),
      ]),
    )
    .default([]),
};
