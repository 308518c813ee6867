/**
 * A virtual router on a stage: tests give it events at instants and read what it wants done as text.
 *
 * Its defaults are version 3, VRID 51, priority 100, 1 s, one address on eth0, primary address 192.0.2.12; second burst
 * after 5 s, five announcements a burst, refresh off.
 */

import { routingText } from "../../../src/core/routing/text.ts";
import type { IpAddress } from "../../../src/core/units/ip-address.ts";
import { type Instant, seconds, ZERO } from "../../../src/core/units/time.ts";
import { MULTICAST4 } from "../../../src/core/vrrp/delivery.ts";
import type { Contention, VirtualAddress, VirtualRouter } from "../../../src/core/vrrp/model.ts";
import type { Effect, Event } from "../../../src/core/vrrp/event.ts";
import type { PeerWord } from "../../../src/core/vrrp/peer.ts";
import { INITIAL, type State } from "../../../src/core/vrrp/state.ts";
import { nextDeadline, step } from "../../../src/core/vrrp/virtual-router.ts";
import type { Advert } from "../../../src/core/wire/vrrp.ts";

/** An address text as the core's type. */
export function ip(address: string): IpAddress {
  return address as IpAddress;
}

/** So many seconds after the clock's start. */
export function at(secondsAfterStart: number): Instant {
  return Math.round(secondsAfterStart * 1_000_000) as Instant;
}

/** A virtual address with a prefix of 24 bits. */
export function vip(address: string, interfaceName = "eth0"): VirtualAddress {
  return { address: ip(address), prefixLength: 24, interface: interfaceName };
}

/** A virtual router with the defaults above. */
export function router(changes: Partial<VirtualRouter> = {}): VirtualRouter {
  const announcing = changes.announcing ?? { delay: seconds(5), repeat: 5, refresh: ZERO, refreshRepeat: 1 };
  return {
    name: "web",
    interface: "eth0",
    vrid: 51,
    version: 3,
    family: 4,
    delivery: MULTICAST4,
    priority: 100,
    advertInterval: seconds(1),
    downTimerAdverts: 3,
    preempt: true,
    preemptDelay: ZERO,
    v3ChecksumAsV2: false,
    addresses: [vip("192.0.2.100")],
    announcing,
    contention: contention({ announceDelay: announcing.delay, announceRepeat: announcing.repeat }),
    accept: true,
    routing: [],
    syncGroup: undefined,
    tracks: [],
    ...changes,
  };
}

/** What a master does that hears another one: the defaults, and these changes. */
export function contention(changes: Partial<Contention> = {}): Contention {
  return { announceDelay: seconds(5), announceRepeat: 5, answer: true, lastWord: true, ...changes };
}

/** An advert of the other router, which has priority 150 and our interval. */
export function advertOf(changes: Partial<Advert> = {}): Advert {
  return {
    version: 3,
    vrid: 51,
    priority: 150,
    advertInterval: seconds(1),
    addresses: [ip("192.0.2.100")],
    ...changes,
  };
}

/** One virtual router and the time. */
export class Story {
  state: State = INITIAL;
  router: VirtualRouter;
  primary: IpAddress | undefined = ip("192.0.2.12");
  heldBackBy: string | undefined;
  peer: PeerWord | undefined;
  adjustment = 0;
  /** The lesser masters that it has spoken of, in their order. */
  readonly met: string[] = [];

  constructor(changes: Partial<VirtualRouter> = {}) {
    this.router = router(changes);
  }

  /** A router that has become master at the very start of the clock. */
  static master(changes: Partial<VirtualRouter> = {}): Story {
    const story = new Story(changes);
    story.give(0, { type: "startup", faults: [], resume: true });
    return story;
  }

  /** A router that has become backup at the very start of the clock. */
  static backup(changes: Partial<VirtualRouter> = {}): Story {
    const story = new Story(changes);
    story.give(0, { type: "startup", faults: [], resume: false });
    return story;
  }

  /** An event at that second; what is to be done, a line for each. */
  give(second: number, event: Event): string[] {
    const { router, primary, adjustment, heldBackBy, peer } = this;
    const context = { router, primary, adjustment, heldBackBy, peer };
    const result = step(this.state, event, at(second), context);
    this.state = result.state;
    const isMeeting = ({ type }: Effect): boolean => type === "lesser-master";
    this.met.push(...result.effects.filter(isMeeting).map(inWords));
    return result.effects.filter((effect) => !isMeeting(effect)).map(inWords);
  }

  /** An advert at that second, from 192.0.2.11 unless said otherwise. */
  hear(second: number, changes: Partial<Advert> = {}, source = "192.0.2.11"): string[] {
    return this.give(second, { type: "advert", advert: advertOf(changes), source: ip(source) });
  }

  /** What the peer says from that second on; undefined when it cannot be heard. */
  hearPeer(second: number, word: Partial<PeerWord> | undefined): string[] {
    const before = this.peer;
    this.peer = word && {
      state: "backup",
      priority: 150,
      primary: ip("192.0.2.11"),
      ...word,
    };
    return this.give(second, { type: "peer", before });
  }

  /** A look at the clock at that second. */
  wake(second: number): string[] {
    return this.give(second, { type: "deadline" });
  }

  /** A changed configuration at that second. */
  change(second: number, changes: Partial<VirtualRouter>): string[] {
    const before = this.router;
    this.router = { ...before, ...changes };
    return this.give(second, { type: "reconfigured", before });
  }

  /** What it tracks adds up to something else at that second. */
  adjust(second: number, adjustment: number): string[] {
    const before = this.adjustment;
    this.adjustment = adjustment;
    return this.give(second, { type: "adjusted", before });
  }

  /** The second at which it wants to be woken. */
  get due(): number | undefined {
    const deadline = nextDeadline(this.state);
    return deadline === undefined ? undefined : deadline / 1_000_000;
  }
}

/** An effect as a line of text. */
export function inWords(effect: Effect): string {
  switch (effect.type) {
    case "send-advert":
      return "advert";
    case "ask":
      return "question";
    case "resign":
      return "advert of priority 0";
    case "concede":
      return "last advert";
    case "add-addresses":
      return `add ${listed(effect.addresses)}`;
    case "remove-addresses":
      return `remove ${listed(effect.addresses)}`;
    case "hold-routing":
      return `route ${effect.routing.map(routingText).join(", ") || "nothing"}`;
    case "announce":
      return `announce ${listed(effect.addresses)} x${effect.repeat}`;
    case "request-handover":
      return "ask the peer to hand over";
    case "held-back-by-peer":
      return "held back by the peer";
    case "silence-contradicted":
      return "the peer is not silent";
    case "lesser-master":
      return `${effect.priority} from ${effect.source}`;
    case "publish": {
      const detail = effect.detail === undefined ? "" : `: ${effect.detail}`;
      return `${effect.from} -> ${effect.to} (${effect.cause}${detail})`;
    }
  }
}

function listed(addresses: readonly VirtualAddress[]): string {
  return addresses.map((address) => `${address.address} ${address.interface}`).join(", ");
}
