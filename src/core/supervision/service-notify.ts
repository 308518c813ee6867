/**
 * Who is told of virtual and real servers: a program when a virtual server gains or loses its quorum, and one when a real
 * server comes up or goes down. keepalived runs them without arguments of its own, and so does Relevo.
 */

import type { Duration } from "../units/time.ts";
import type { NotifyScript } from "./notify.ts";

/** What there is to tell of a virtual or a real server. */
export type ServiceState = "up" | "down";

/** The programs of one virtual or real server. */
export type StateScripts = Readonly<Record<ServiceState, NotifyScript | undefined>>;

/** The programs of one virtual server and of its real servers. */
export interface ServiceNotify {
  /** The virtual server's name. */
  readonly virtual: string;
  /** quorum_up, quorum_down. */
  readonly quorum: StateScripts;
  /** notify_up, notify_down, by the real server's name. */
  readonly realServers: readonly { readonly real: string; readonly scripts: StateScripts }[];
  /** omega: when Relevo stops, all that was up is told to be down. */
  readonly omega: boolean;
  /** notify_timeout: past it a program's process group is killed. */
  readonly timeout: Duration;
}
