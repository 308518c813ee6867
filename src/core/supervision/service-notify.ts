/**
 * Who is told of virtual and real servers: a program when a virtual server gains or loses its quorum, and one when a real
 * server comes up or goes down. keepalived runs them without arguments of its own, and so does Relevo. Named pipes get
 * keepalived's lines, since their readers are written for them.
 */

import type { Protocol } from "../balance/service.ts";
import type { IpAddress } from "../units/ip-address.ts";
import type { Duration } from "../units/time.ts";
import type { NotifyScript } from "./notify.ts";

/** What there is to tell of a virtual or a real server. */
export type ServiceState = "up" | "down";

/** The programs of one virtual or real server. */
export type StateScripts = Readonly<Record<ServiceState, NotifyScript | undefined>>;

/** The programs of one real server, and what pipes call it. */
export interface RealServerNotify {
  readonly real: string;
  /** The same in lines for pipes: `realWord`. */
  readonly word: string;
  readonly scripts: StateScripts;
}

/** The programs of one virtual server and of its real servers, and what pipes call them. */
export interface ServiceNotify {
  /** The virtual server's name. */
  readonly virtual: string;
  /** The same in lines for pipes: `virtualWord`. */
  readonly word: string;
  /** quorum_up, quorum_down. */
  readonly quorum: StateScripts;
  /** notify_up, notify_down, by the real server's name. */
  readonly realServers: readonly RealServerNotify[];
  /** omega: when Relevo stops, all that was up is told to be down. */
  readonly omega: boolean;
  /** notify_timeout: past it a program's process group is killed. */
  readonly timeout: Duration;
}

/** What a virtual server is known by: one of address, fwmark and group. */
interface VirtualIdentity {
  readonly address?: IpAddress | undefined;
  readonly fwmark?: number | undefined;
  readonly group?: string | undefined;
  readonly protocol: Protocol;
  readonly port?: number | undefined;
}

/** keepalived's word for a virtual server in a line: `[192.0.2.100]:tcp:80`, `FWM 7`, or `[web]:0` for a group. */
export function virtualWord({ address, fwmark, group, protocol, port }: VirtualIdentity): string {
  if (address !== undefined) return `[${address}]:${protocol}:${port ?? 0}`;
  return fwmark === undefined ? `[${group}]:0` : `FWM ${fwmark}`;
}

/** keepalived's word for a real server in a line; a mark has no protocol, and whoever keeps the client's port has port 0. */
export function realWord(
  { address, port }: { readonly address: IpAddress; readonly port: number | undefined },
  { fwmark, protocol }: VirtualIdentity,
): string {
  return `[${address}]:${fwmark === undefined ? protocol : "none"}:${port ?? 0}`;
}

/** keepalived's line for a pipe, such as `RS [198.51.100.21]:tcp:80 [192.0.2.100]:tcp:80 DOWN`, line end included. */
export function serviceLine(virtual: string, real: string | undefined, state: ServiceState): string {
  const subject = real === undefined ? `VS ${virtual}` : `RS ${real} ${virtual}`;
  return `${subject} ${state.toUpperCase()}\n`;
}
