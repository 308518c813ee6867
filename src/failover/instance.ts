/**
 * Drives one virtual router: gives its state machine the time and what happens, carries out what it decides.
 *
 * Adverts go out the moment they are decided, whatever else is still being done; all other effects of an instance are
 * carried out in their order, one after the other.
 */

import { type Event as Report, event } from "../core/report/event.ts";
import type { InstanceReport } from "../core/report/channel.ts";
import { toMilliseconds, between, type Duration, type Instant } from "../core/units/time.ts";
import { type Ipv4 } from "../core/units/ipv4.ts";
import { addressText } from "../core/vrrp/address-book.ts";
import { advertPacket } from "../core/vrrp/advert-packet.ts";
import { seal } from "../core/vrrp/authentication.ts";
import type { VirtualAddress, VirtualRouter } from "../core/vrrp/model.ts";
import { effectivePriority } from "../core/vrrp/priority.ts";
import { begun, done, EMPTY_OUTBOX, mayAnnounce, nextTask, put, type Task } from "../core/vrrp/outbox.ts";
import {
  type Effect,
  type Event,
  INITIAL,
  nextDeadline,
  type State,
  step,
} from "../core/vrrp/virtual-router.ts";
import { firstSequences, heardSequence, nextSequence } from "../core/vrrp/sequence.ts";
import { now } from "../linux/clock.ts";
import { hmacMd5 } from "./mac.ts";

/** What an instance needs done for it. */
export interface InstanceHands {
  /** Sends a packet on the router's interface; false when that was not possible. */
  send(router: VirtualRouter, packet: Uint8Array): boolean;
  add(addresses: readonly VirtualAddress[]): Promise<boolean>;
  remove(addresses: readonly VirtualAddress[]): Promise<void>;
  announce(address: VirtualAddress): void;
  /** Delivers what has queued on the router's interface. */
  drain(router: VirtualRouter): void;
  /** The router's own address. */
  primary(router: VirtualRouter): Ipv4 | undefined;
  held(router: VirtualRouter): readonly VirtualAddress[];
  event(event: Report): void;
  transition(router: VirtualRouter, to: State["name"], cause: string): void;
  /** A timer fired so late. */
  late(by: Duration): void;
}

/** One virtual router at work. */
export class Instance {
  readonly #hands: InstanceHands;
  #router: VirtualRouter;
  #adjustment: number;
  #state: State = INITIAL;
  #published: State["name"] = INITIAL.name;
  #timer: NodeJS.Timeout | undefined;
  #outbox = EMPTY_OUTBOX;
  #work: Promise<void> = Promise.resolve();
  #sequences = firstSequences(Date.now() / 1_000);

  /** `adjustment` is what its tracked objects add to its priority at the start. */
  constructor(router: VirtualRouter, adjustment: number, hands: InstanceHands) {
    this.#router = router;
    this.#adjustment = adjustment;
    this.#hands = hands;
  }

  get router(): VirtualRouter {
    return this.#router;
  }

  /** The highest sequence number that a source has used; 0 when none. */
  lastSequence(source: Ipv4): number {
    return this.#sequences.heard.get(source) ?? 0;
  }

  /** A packet with this sequence number was accepted. */
  onSequence(source: Ipv4, sequence: number): void {
    this.#sequences = heardSequence(this.#sequences, source, sequence);
  }

  /** One event. */
  dispatch(event: Event): void {
    const router = this.#router;
    const context = { router, primary: this.#hands.primary(router), adjustment: this.#adjustment };
    const { state, effects } = step(this.#state, event, now(), context);
    this.#state = state;
    this.#arm();
    for (const { type } of effects)
      if (type === "send-advert") this.#send(router, effectivePriority(router, this.#adjustment));
    this.#outbox = put(this.#outbox, effects, router);
    if (nextTask(this.#outbox) !== undefined) this.#work = this.#carryOut();
  }

  /** Takes a changed configuration of the same virtual router into force. */
  reconfigure(router: VirtualRouter): void {
    const before = this.#router;
    this.#router = router;
    this.dispatch({ type: "reconfigured", before });
  }

  /** Its tracked objects add up to something else. */
  adjust(adjustment: number): void {
    const before = this.#adjustment;
    if (adjustment === before) return;
    this.#adjustment = adjustment;
    this.dispatch({ type: "adjusted", before });
    const from = effectivePriority(this.#router, before);
    const to = effectivePriority(this.#router, adjustment);
    if (from === to) return;
    this.#hands.event(event("vrrp-priority-changed", { instance: this.#router.name, from, to }));
  }

  /** Resolves when everything decided so far has been done. */
  settled(): Promise<void> {
    return this.#work;
  }

  report(): InstanceReport {
    const named = (address: VirtualAddress) => ({
      address: addressText(address),
      interface: address.interface,
    });
    return {
      instance: this.#router.name,
      interface: this.#router.interface,
      vrid: this.#router.vrid,
      state: this.#published,
      priority: effectivePriority(this.#router, this.#adjustment),
      held: this.#hands.held(this.#router).map(named),
      addresses: this.#router.addresses.map(named),
    };
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const deadline = nextDeadline(this.#state);
    if (deadline === undefined) return;
    const wait = Math.max(0, Math.ceil(toMilliseconds(between(now(), deadline))));
    this.#timer = setTimeout(() => this.#onTimer(deadline), wait);
  }

  /** What has queued is heard first: after a stall the packets that waited may say that nothing is due. */
  #onTimer(deadline: Instant): void {
    this.#hands.late(between(deadline, now()));
    this.#hands.drain(this.#router);
    this.dispatch({ type: "deadline" });
  }

  /** Does what waits, one after the other, until nothing does. */
  async #carryOut(): Promise<void> {
    for (let task = nextTask(this.#outbox); task !== undefined; task = nextTask(this.#outbox)) {
      this.#outbox = begun(this.#outbox);
      await this.#perform(task);
      this.#outbox = done(this.#outbox);
    }
  }

  async #perform({ effect, router }: Task): Promise<void> {
    switch (effect.type) {
      case "resign":
        this.#send(router, 0);
        return;
      case "add-addresses":
        if (!(await this.#hands.add(effect.addresses))) this.dispatch({ type: "address-refused" });
        return;
      case "remove-addresses":
        await this.#hands.remove(effect.addresses);
        return;
      case "announce":
        if (!mayAnnounce(this.#state)) return;
        for (let count = 0; count < effect.repeat; count += 1) {
          for (const address of effect.addresses) this.#hands.announce(address);
        }
        return;
      case "publish":
        this.#publish(effect, router);
        return;
    }
  }

  #publish({ from, to, cause, detail }: Effect & { type: "publish" }, router: VirtualRouter): void {
    this.#published = to;
    this.#hands.transition(router, to, cause);
    this.#hands.event(
      event("vrrp-transition", {
        instance: router.name,
        from,
        to,
        cause,
        priority: effectivePriority(router, this.#adjustment),
        ...(detail === undefined ? {} : { detail }),
      }),
    );
  }

  #sealed(packet: Uint8Array, { authentication }: VirtualRouter): Uint8Array {
    if (authentication === undefined) return packet;
    this.#sequences = nextSequence(this.#sequences);
    return seal(packet, authentication, this.#sequences.highest, hmacMd5);
  }

  #send(router: VirtualRouter, priority: number): void {
    const source = this.#hands.primary(router);
    if (source === undefined) return;
    this.#hands.send(router, this.#sealed(advertPacket(router, priority, source), router));
  }
}
