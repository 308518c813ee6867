/** What can happen to a virtual router, and what it makes of it. */

import type { RoutingEntry } from "../routing/model.ts";
import type { IpAddress } from "../units/ip-address.ts";
import type { Duration } from "../units/time.ts";
import type { Advert } from "../wire/vrrp.ts";
import type { VirtualAddress, VirtualRouter } from "./model.ts";
import type { PeerWord } from "./peer.ts";
import type { State, TransitionCause } from "./state.ts";

/** What can happen to it. */
export type Event =
  | {
      readonly type: "startup";
      /** What is missing from the start. */
      readonly faults: readonly string[];
      /** It was master until a moment ago; its addresses are still there and no backup can have taken over yet. */
      readonly resume: boolean;
      /** Nothing is heard or sent for so long. */
      readonly delay?: Duration;
    }
  | { readonly type: "advert"; readonly advert: Advert; readonly source: IpAddress }
  | { readonly type: "deadline" }
  | { readonly type: "fault-raised"; readonly fault: string }
  | { readonly type: "fault-cleared"; readonly fault: string }
  /** The kernel refused to add an address; whoever can hold it shall. */
  | { readonly type: "address-refused" }
  /** `member` of the sync group moved, and this one goes along. */
  | { readonly type: "sync"; readonly to: "master" | "backup"; readonly member: string }
  | { readonly type: "member-fault-raised"; readonly member: string }
  | { readonly type: "member-fault-cleared"; readonly member: string }
  | { readonly type: "reconfigured"; readonly before: VirtualRouter }
  /** What it tracks adds up to something else now: the context has the new adjustment, this the one until now. */
  | { readonly type: "adjusted"; readonly before: number }
  /** The peer says something new of this router, or is heard again: the context has it, this is what it said until now. */
  | { readonly type: "peer"; readonly before: PeerWord | undefined }
  /** No path to the peer carries its word any more; this is its last. An answer on the segment is waited for so long at most. */
  | { readonly type: "peer-silent"; readonly last: PeerWord; readonly grace: Duration }
  /** It is not silent: another router has heard an advert of it. */
  | { readonly type: "peer-lives" }
  /** The peer hands over: claim the addresses, it has them still, for so long at most; no advert counts meanwhile. */
  | { readonly type: "take"; readonly from: string; readonly within: Duration }
  /** A handover to the peer begins, and is over within that time. */
  | { readonly type: "give"; readonly within: Duration }
  /** It is over: `to` has the addresses, `onRequest` because it asked for them; or nobody has taken them. */
  | { readonly type: "given"; readonly to: string | undefined; readonly onRequest?: boolean }
  | { readonly type: "shutdown" };

/** What the driver must do. */
export type Effect =
  | { readonly type: "send-advert" }
  /**
   * Ask on the segment whether the master lives: by an advert of the least priority, which every master answers and none
   * gives way to, and from the interface's own hardware address, so that no switch learns the virtual one here.
   */
  | { readonly type: "ask" }
  /** Send an advert of priority 0: the backups need not wait. */
  | { readonly type: "resign" }
  /**
   * Send an advert of our own priority once more: the winner hears that there were two, and announces again. It carries
   * the winner's interval, which is the one to wait by for a backup that hears it.
   */
  | { readonly type: "concede"; readonly advertInterval: Duration }
  | { readonly type: "add-addresses"; readonly addresses: readonly VirtualAddress[] }
  | { readonly type: "remove-addresses"; readonly addresses: readonly VirtualAddress[] }
  /** Have exactly these routes and rules: add what is missing, remove what is too many. */
  | { readonly type: "hold-routing"; readonly routing: readonly RoutingEntry[] }
  /** Announce each address so many times. */
  | { readonly type: "announce"; readonly addresses: readonly VirtualAddress[]; readonly repeat: number }
  | Remark
  | {
      readonly type: "publish";
      readonly from: State["name"];
      readonly to: State["name"];
      readonly cause: TransitionCause;
      /** The other router, where one was the cause; or the fault; or the member of the sync group. */
      readonly detail: string | undefined;
    };

/** What others are to know: the pair's own link, or the operator. Told when it is decided. */
export type Remark =
  /** The peer is to be asked to hand over. */
  | { readonly type: "request-handover" }
  /** Nothing is heard on the segment, yet the peer says that it is master. */
  | { readonly type: "held-back-by-peer" }
  /** The peer was silent on every path, and its advert is here: its silence is none. */
  | { readonly type: "silence-contradicted" }
  /** Another master is there, which is to give way; its `priority` is not 0. */
  | { readonly type: "lesser-master"; readonly source: IpAddress; readonly priority: number };

/** The router and what it is on this machine. */
export interface Context {
  readonly router: VirtualRouter;
  /** The interface's own address, which our adverts come from. Undefined only while that is a fault. */
  readonly primary: IpAddress | undefined;
  /** The member of its sync group that hears a master, and so keeps it from following silence. */
  readonly heldBackBy?: string | undefined;
  /** What the other director says of this router; undefined when there is none, or it cannot be heard. */
  readonly peer?: PeerWord | undefined;
  /** What its tracked objects add to its priority, or take from it; zero when it tracks none. */
  readonly adjustment: number;
}

/** The next state, and what to do, in this order. */
export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** Nothing to do. */
export function unchanged(state: State): Step {
  return { state, effects: [] };
}
