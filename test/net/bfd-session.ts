/** BFD sessions as the tests of this folder have them, and paths to cut. */

import type { BfdSession } from "../../src/core/bfd/model.ts";
import type { IpAddress } from "../../src/core/units/ip-address.ts";
import { milliseconds, seconds } from "../../src/core/units/time.ts";
import { type Host, type InterfaceName, type Lan, run } from "./namespace.ts";

/** Over one hop, 100 ms each way, multiplier 10, with the name `gw`. */
export function bfdWith(neighbor: string, changes: Partial<BfdSession> = {}): BfdSession {
  return {
    name: "gw",
    neighbor: neighbor as IpAddress,
    source: undefined,
    interface: undefined,
    multihop: false,
    ttl: 255,
    minTtl: 255,
    minRx: milliseconds(100),
    minTx: milliseconds(100),
    idleTx: seconds(1),
    multiplier: 10,
    passive: false,
    ...changes,
  };
}

/** Has a switch forward nothing to or from a host, or all of it again; every carrier stays. */
export function pathOf(lan: Lan, host: Host, state: "cut" | "whole", name: InterfaceName = "eth0"): void {
  const port = ["dev", host.port[name], "state", state === "cut" ? "0" : "3"];
  run("bridge", "-n", lan.switchNamespace, "link", "set", ...port);
}
