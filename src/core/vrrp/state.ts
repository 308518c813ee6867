/** Where a virtual router stands, and why it left where it stood. */

import type { IpAddress } from "../units/ip-address.ts";
import type { Duration, Instant } from "../units/time.ts";

/** Why a state was left. */
export type TransitionCause =
  /** The router was started. */
  | "startup"
  /** It was master a moment ago, in a process that has since died, and is again. */
  | "resumed"
  /** It owns the address (priority 255). */
  | "owner"
  /** The master fell silent. */
  | "master-down"
  /** The master said that it lets go (priority 0). */
  | "master-resigned"
  /** The master has a lower priority than ours. */
  | "preempted-lower-priority"
  /** A master of higher priority was heard. */
  | "higher-priority"
  /** A master of equal priority and a higher address was heard. */
  | "equal-priority-higher-address"
  /** Another owner of the addresses was heard that has the higher address, or that will not give way. */
  | "duplicate-owner"
  /** Something it cannot do without is missing. */
  | "fault"
  /** The last fault is gone. */
  | "fault-cleared"
  /** The other director lets go, or misses something, and says so. */
  | "peer-let-go"
  /** Every path to the other director, who was master, fell silent. */
  | "peer-silent"
  /** It was handed over, by agreement. */
  | "handover"
  /** Another member of the sync group moved, or its fault ended. */
  | "sync-group"
  /** The configuration changed. */
  | "reconfigured"
  /** It was told to stop. */
  | "shutdown";

/** An owner of a lower address, and the time that it has to give way. */
export interface Contest {
  readonly by: IpAddress;
  readonly until: Instant;
  /** It was heard after its time and answered once more; the next time is the last. */
  readonly warned: boolean;
}

/** A master that was silent on every path, and had not answered on the segment, when this router took over. */
export interface Replaced {
  /** Where its adverts come from, as far as that is known. */
  readonly master: IpAddress | undefined;
  /** Nothing heard of it until then, it is dead by VRRP's own measure. */
  readonly until: Instant;
}

/** Where the router stands; deadlines included. */
export type State =
  | {
      readonly name: "init";
      /** Started, but neither hearing nor speaking yet (vrrp_startup_delay). */
      readonly pending?: { readonly startAt: Instant; readonly faults: readonly string[] };
    }
  | {
      readonly name: "fault";
      /** What is missing, each by its name. */
      readonly faults: readonly string[];
      /** Members of its sync group that miss something, by name. */
      readonly members: readonly string[];
      /** When to forget that the kernel refused an address, and try again. */
      readonly retryAt: Instant | undefined;
    }
  | {
      readonly name: "backup";
      readonly masterDownAt: Instant;
      /** The master's interval, learned from its adverts; our own until one is heard (RFC 9568 §6.1). */
      readonly advertInterval: Duration;
      /** What it will mean when `masterDownAt` passes. */
      readonly expecting: "master-down" | "master-resigned" | "preempted-lower-priority" | "peer-silent";
      /** The master last heard. */
      readonly master: IpAddress | undefined;
      /** Until then a lesser master is left alone (preempt_delay); undefined as long as none is heard. */
      readonly preemptAt: Instant | undefined;
      /** The lesser master was asked to hand over. */
      readonly askedHandover?: boolean;
    }
  | {
      readonly name: "master";
      readonly nextAdvertAt: Instant;
      /** The second burst of announcements. */
      readonly announceAt: Instant | undefined;
      /** The second burst after a lesser master was heard. */
      readonly reassertAt: Instant | undefined;
      /** The next refresh of the announcements. */
      readonly refreshAt: Instant | undefined;
      /** Not before this do adverts of a lesser master cause another advert. */
      readonly answerQuietUntil: Instant;
      /** Whom the last answer was for, or the next one, at that time, will be. */
      readonly answered: IpAddress | undefined;
      /** Not before this do adverts of a lesser master cause another burst. */
      readonly contentionQuietUntil: Instant;
      /** In a handover: adverts do not count until then. */
      readonly deafUntil?: Instant | undefined;
      /** In a handover of ours: nothing is said until `deafUntil`. */
      readonly mute?: boolean;
      /** Another owner that ought to give way to this one; undefined as long as none is heard. */
      readonly contest: Contest | undefined;
      /** It was taken for dead: an advert of it gives the lie to that. */
      readonly replaced?: Replaced | undefined;
    };

/** The state before anything has happened. */
export const INITIAL: State = { name: "init" };
