/**
 * The lab on paper: which machines there are, how they are wired, what they are asked for, and how long things may take.
 *
 *     client .50      lvs1 .11      lvs2 .12                       rs1..rs3 .21 .22 .23
 *        │               │ eth0        │ eth0                        │  (dr: on this segment; tun: replies leave here)
 *     ───┴───────────────┴─────────────┴────── public 192.0.2.0/24 ──┴───
 *                        │ eth1        │ eth1
 *     ───────────────────┴─────────────┴────── private 198.51.100.0/24 ──┬───
 *                                                                        │  (nat: on this one; tun: reached here)
 *                                                                    rs1..rs3 .21 .22 .23
 *
 * The pair holds 192.0.2.100 for the client and, for NAT, 198.51.100.1 as the real servers' way back.
 */

import { type Duration, milliseconds, seconds } from "../core/units/time.ts";

/** How a packet gets from the director to a real server. */
export type Method = "nat" | "dr" | "tun";

/** All of them. */
export const METHODS: readonly Method[] = ["nat", "dr", "tun"];

/** A wire: a bridge in the switch's namespace. */
export type Segment = "public" | "private";

/** One of the pair. */
export type DirectorName = "lvs1" | "lvs2";

/** The pair, the one with the higher priority first. */
export const DIRECTORS: readonly DirectorName[] = ["lvs1", "lvs2"];

/** VRRP priorities. */
export const PRIORITY: Readonly<Record<DirectorName, number>> = { lvs1: 150, lvs2: 100 };

/** The machines that do the work. */
export const REAL_SERVERS: readonly string[] = ["rs1", "rs2", "rs3"];

/** The address that clients ask, and the port. */
export const VIP = "192.0.2.100";
export const PORT = 80;

/** The floating gateway through which a real server's answers find back when the director translates addresses. */
const GATEWAY = "198.51.100.1";

/** An address that floats between the directors, and where. */
export interface Floating {
  readonly address: string;
  readonly segment: Segment;
}

/** What the pair holds. */
export function floating(method: Method): readonly Floating[] {
  const vip: Floating = { address: VIP, segment: "public" };
  return method === "nat" ? [vip, { address: GATEWAY, segment: "private" }] : [vip];
}

/** A machine's interface and the segment that it is plugged into. */
interface Leg {
  readonly interface: "eth0" | "eth1";
  readonly segment: Segment;
  readonly address: string;
  readonly mac: string;
}

/** A machine: a network namespace. */
export interface Machine {
  readonly name: string;
  readonly legs: readonly Leg[];
  /** Its default route. */
  readonly via?: string;
}

/** All machines of the lab. */
export function machines(method: Method): readonly Machine[] {
  return [
    { name: "client", legs: [leg("public", 50, "eth0")] },
    { name: "lvs1", legs: [leg("public", 11, "eth0"), leg("private", 11, "eth1")] },
    { name: "lvs2", legs: [leg("public", 12, "eth0"), leg("private", 12, "eth1")] },
    ...REAL_SERVERS.map((name, index) => realServer(method, name, 21 + index)),
  ];
}

function realServer(method: Method, name: string, host: number): Machine {
  switch (method) {
    case "nat":
      return { name, legs: [leg("private", host, "eth0")], via: GATEWAY };
    case "dr":
      return { name, legs: [leg("public", host, "eth0")] };
    case "tun":
      return { name, legs: [leg("private", host, "eth0"), leg("public", host, "eth1")] };
  }
}

function leg(segment: Segment, host: number, name: Leg["interface"]): Leg {
  const network = segment === "public" ? "192.0.2" : "198.51.100";
  const mac = `02:00:00:00:0${segment === "public" ? 1 : 2}:${host.toString().padStart(2, "0")}`;
  return { interface: name, segment, address: `${network}.${host}`, mac };
}

/** The address under which the directors know a real server. */
export function realServerAddress(method: Method, name: string): string {
  const machine = machines(method).find((candidate) => candidate.name === name);
  const address = machine?.legs[0]?.address;
  if (address === undefined) throw new Error(`no real server ${name}`);
  return address;
}

/** VRRP's timing as configured; a master that falls silent is missed after three intervals and the skew. */
const ADVERT_INTERVAL: Duration = seconds(1);

/** How long after a claim it is announced for the second time (garp_master_delay's default). */
export const SECOND_ANNOUNCEMENT: Duration = seconds(5);

/** What is allowed for, since the machine is not infinitely fast. All of it is stated in the summary. */
export interface Allowance {
  /** Rule 1: so long may two hold one address, when one hands it to the other. */
  readonly overlap: Duration;
  /** Rule 2: on top of what VRRP's timers add up to. */
  readonly lateness: Duration;
  /** Rule 2: from the start of the first director's process to its first timer. */
  readonly startUp: Duration;
  /** Rule 5: from a claim, or from when it is due, to its announcement. */
  readonly announcement: Duration;
  /** From one request of the client to the next. */
  readonly requestInterval: Duration;
}

/** On a machine with the system calls that it was built with. */
export const ON_HOST: Allowance = {
  overlap: milliseconds(50),
  lateness: milliseconds(500),
  startUp: seconds(10),
  announcement: milliseconds(200),
  requestInterval: milliseconds(20),
};

/** In a guest: one processor for all machines, every system call many times as slow. */
export const IN_GUEST: Allowance = {
  overlap: milliseconds(250),
  lateness: seconds(2),
  startUp: seconds(60),
  announcement: milliseconds(500),
  requestInterval: milliseconds(50),
};

/** Within this much after a fault somebody holds (rule 2): the master-down interval, the skew, one advert. */
export function takeoverBound(allowance: Allowance): Duration {
  const skew = ((256 - PRIORITY.lvs2) / 256) * ADVERT_INTERVAL;
  return (4 * ADVERT_INTERVAL + Math.ceil(skew) + allowance.lateness) as Duration;
}
