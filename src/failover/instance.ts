/**
 * Drives one virtual router: gives its state machine the time and what happens, carries out what it decides.
 *
 * Adverts go out the moment they are decided, whatever else is still being done; all other effects of an instance are
 * carried out in their order, one after the other. What a member of a sync group decides and what the other members make
 * of it is one decision: every advert of it is out before the first address is touched.
 */

import { type Event as Report, event } from "../core/report/event.ts";
import type { InstanceReport } from "../core/report/channel.ts";
import type { RoutingEntry } from "../core/routing/model.ts";
import { between, type Duration, type Instant } from "../core/units/time.ts";
import type { IpAddress } from "../core/units/ip-address.ts";
import { addressText } from "../core/vrrp/address-book.ts";
import { advertPackets, type OutgoingAdvert } from "../core/vrrp/advert-packet.ts";
import { seal } from "../core/vrrp/authentication.ts";
import type { VirtualAddress, VirtualRouter } from "../core/vrrp/model.ts";
import { asItStands, effectivePriority, LEAST } from "../core/vrrp/priority.ts";
import {
  begun,
  done,
  EMPTY_OUTBOX,
  mayAnnounce,
  nextTask,
  type Outbox,
  put,
  type Task,
} from "../core/vrrp/outbox.ts";
import { heldBackBy, type Member, type Move, nextFollow } from "../core/vrrp/sync-group.ts";
import type { PeerWord } from "../core/vrrp/peer.ts";
import { stallBudget } from "../core/vrrp/timing.ts";
import type { Effect, Event } from "../core/vrrp/event.ts";
import { INITIAL, type State } from "../core/vrrp/state.ts";
import { nextDeadline, step } from "../core/vrrp/virtual-router.ts";
import { firstSequences, heardSequence, nextSequence, type Sequences } from "../core/vrrp/sequence.ts";
import type { Clock } from "./clock.ts";
import { hmacMd5 } from "./mac.ts";

/** What an instance needs done for it. */
export interface InstanceHands {
  readonly clock: Clock;
  /** Sends a packet on the router's interface. */
  send(router: VirtualRouter, advert: OutgoingAdvert): void;
  /** Adds the router's addresses; `done` is told whether the kernel accepted them all. */
  add(router: VirtualRouter, addresses: readonly VirtualAddress[], done: (accepted: boolean) => void): void;
  remove(addresses: readonly VirtualAddress[], done: () => void): void;
  /** Has exactly these routes and rules in the kernel for this router. */
  route(router: VirtualRouter, routing: readonly RoutingEntry[]): void;
  /** Announces an address; `round` others of the same burst go before it. */
  announce(address: VirtualAddress, round: number): void;
  /** Delivers what has queued on the router's interface. */
  drain(router: VirtualRouter): void;
  /** The router's own address. */
  primary(router: VirtualRouter): IpAddress | undefined;
  held(router: VirtualRouter): readonly VirtualAddress[];
  event(event: Report): void;
  transition(router: VirtualRouter, transition: Transition): void;
  /** A timer fired so late. */
  late(by: Duration): void;
  /** The router's own deadline was so late that its peers may have taken over. */
  stalled(router: VirtualRouter, state: State["name"], by: Duration): void;
  /** The members of the instance's sync group, itself among them. */
  companions(instance: Instance): readonly Instance[];
  /** It has decided; what is to be done besides sending adverts has not begun. */
  decided(instance: Instance, decision: Decision): void;
}

/** A change of state, now that it has been carried out. */
export type Transition = Effect & { readonly type: "publish" };

/** One step of an instance's state machine. */
export interface Decision {
  readonly event: Event;
  readonly before: State;
  readonly effects: readonly Effect[];
  /** The member of the sync group that hears a master; silence alone does not move this one then. */
  readonly heldBackBy: string | undefined;
}

const NOTHING_TO_TAKE_BACK = (): void => {};

/** One virtual router at work. */
export class Instance {
  readonly #hands: InstanceHands;
  #router: VirtualRouter;
  #adjustment: number;
  #state: State = INITIAL;
  #published: State["name"] = INITIAL.name;
  #disarm = NOTHING_TO_TAKE_BACK;
  #outbox = EMPTY_OUTBOX;
  #whenSettled: (() => void)[] = [];
  #sequences: Sequences;
  #peer: PeerWord | undefined;

  /** `adjustment` is what its tracked objects add to its priority at the start. */
  constructor(router: VirtualRouter, adjustment: number, hands: InstanceHands) {
    this.#router = router;
    this.#adjustment = adjustment;
    this.#hands = hands;
    this.#sequences = firstSequences(hands.clock.wallSeconds());
  }

  get router(): VirtualRouter {
    return this.#router;
  }

  /** The effective priority. */
  get priority(): number {
    return effectivePriority(this.standing, this.#adjustment);
  }

  /** The router as it stands in its state. */
  get standing(): VirtualRouter {
    return asItStands(this.#router, this.#state.name);
  }

  /** The highest sequence number that a source has used; 0 when none. */
  lastSequence(source: IpAddress): number {
    return this.#sequences.heard.get(source) ?? 0;
  }

  /** A packet with this sequence number was accepted. */
  onSequence(source: IpAddress, sequence: number): void {
    this.#sequences = heardSequence(this.#sequences, source, sequence);
  }

  /**
   * One event, and what follows from it for the rest of the sync group. Unless it is a packet, what has queued is heard
   * first: after a stall the packets that waited may say that nothing is due, or that another is master by now.
   */
  dispatch(event: Event): void {
    const members = this.#hands.companions(this);
    if (event.type !== "advert") for (const { router } of members) this.#hands.drain(router);
    const from = this.#state.name;
    this.decide(event);
    Instance.#follow(members, { name: this.#router.name, from });
    for (const member of new Set([this, ...members])) member.work();
  }

  /** One event for each of these at once, and what follows from it for the sync groups that they are in. */
  static together(instances: readonly Instance[], event: Event): void {
    for (const instance of instances) instance.decide(event);
    const agreed = new Set<Instance>();
    for (const instance of instances) {
      if (agreed.has(instance)) continue;
      const members = instance.#hands.companions(instance);
      Instance.agree(members);
      for (const member of members) agreed.add(member);
    }
    for (const instance of instances) instance.work();
  }

  /** Brings the members of a sync group to one state, after the group itself has changed. */
  static agree(members: readonly Instance[]): void {
    Instance.#follow(members, undefined);
    for (const member of members) member.work();
  }

  static #follow(members: readonly Instance[], move: Move | undefined): void {
    const [first] = members;
    if (first === undefined) return;
    const now = first.#hands.clock.now();
    for (;;) {
      const follow = nextFollow(standing(members), move, now);
      if (follow === undefined) return;
      members.find(({ router }) => router.name === follow.member)?.decide(follow.event);
    }
  }

  /** Decides on one event and sends the adverts of it; what else is to be done waits for `work`. */
  decide(event: Event): void {
    const at = this.#hands.clock.now();
    const before = this.#state;
    const router = this.#router;
    const holding =
      event.type === "deadline"
        ? heldBackBy(standing(this.#hands.companions(this)), router.name, at)
        : undefined;
    const adjustment = this.#adjustment;
    const primary = this.#hands.primary(router);
    const context = { router, primary, adjustment, heldBackBy: holding, peer: this.#peer };
    const { state, effects } = step(before, event, at, context);
    this.#state = state;
    this.#arm();
    this.#hands.decided(this, { event, before, effects, heldBackBy: holding });
    for (const { type } of effects) {
      if (type === "send-advert") this.#send(router, effectivePriority(router, adjustment));
      if (type === "ask") this.#send({ ...router, sendsByLink: false }, LEAST);
    }
    this.#outbox = put(this.#outbox, effects, router);
  }

  /** Does what waits, one after the other, until nothing does; unless it is being done already. */
  work(): void {
    const task = nextTask(this.#outbox);
    if (task !== undefined) {
      this.#outbox = begun(this.#outbox);
      this.#perform(task, () => {
        this.#outbox = done(this.#outbox);
        this.work();
      });
    } else if (this.#outbox.tasks.length === 0) {
      for (const settled of this.#whenSettled.splice(0)) settled();
    }
  }

  get state(): State {
    return this.#state;
  }

  /** Takes a changed configuration of the same virtual router into force. */
  reconfigure(router: VirtualRouter): void {
    this.#hands.drain(this.#router);
    const before = this.#router;
    this.#router = router;
    this.dispatch({ type: "reconfigured", before });
  }

  /** The other director says something new of this router; undefined when it cannot be heard. */
  hearPeer(word: PeerWord | undefined): void {
    const before = this.#peer;
    this.#peer = word;
    this.dispatch({ type: "peer", before });
  }

  /** What the other director last said of it. */
  get peer(): PeerWord | undefined {
    return this.#peer;
  }

  /** True as long as its addresses may be here because it is, or was, master. */
  get isMaster(): boolean {
    if (this.#state.name === "master" || this.#published === "master") return true;
    return this.#outbox.tasks.some(({ effect }) => effect.type === "remove-addresses");
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

  get outbox(): Outbox {
    return this.#outbox;
  }

  /** What its tracked objects add to its priority. */
  get adjustment(): number {
    return this.#adjustment;
  }

  /** Calls back when everything decided so far has been done. */
  whenSettled(settled: () => void): void {
    this.#whenSettled.push(settled);
    this.work();
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
      priority: this.priority,
      held: this.#hands.held(this.#router).map(named),
      addresses: this.#router.addresses.map(named),
    };
  }

  #arm(): void {
    this.#disarm();
    const deadline = nextDeadline(this.#state);
    this.#disarm =
      deadline === undefined
        ? NOTHING_TO_TAKE_BACK
        : this.#hands.clock.ringAt(deadline, () => this.#onTimer(deadline));
  }

  /** Announces an address that had gone and is back. */
  announce(address: VirtualAddress): void {
    if (this.mayAnnounce()) this.#hands.announce(address, 0);
  }

  /** True while its addresses are worth announcing, by all that has arrived so far. */
  mayAnnounce(): boolean {
    this.#hands.drain(this.#router);
    return mayAnnounce(this.#state);
  }

  #onTimer(deadline: Instant): void {
    const late = between(deadline, this.#hands.clock.now());
    this.#hands.late(late);
    if (late > stallBudget(this.#router)) this.#hands.stalled(this.#router, this.#state.name, late);
    this.dispatch({ type: "deadline" });
  }

  #perform({ effect, router }: Task, finished: () => void): void {
    switch (effect.type) {
      case "resign":
        this.#send(router, 0);
        break;
      case "concede":
        this.#hands.drain(router);
        this.#send(
          { ...router, advertInterval: effect.advertInterval },
          effectivePriority(router, this.#adjustment),
        );
        break;
      case "add-addresses":
        this.#hands.add(router, effect.addresses, (accepted) => {
          if (!accepted) this.dispatch({ type: "address-refused" });
          finished();
        });
        return;
      case "remove-addresses":
        this.#hands.remove(effect.addresses, finished);
        return;
      case "hold-routing":
        this.#hands.route(router, effect.routing);
        break;
      case "announce":
        this.#hands.drain(router);
        if (mayAnnounce(this.#state)) this.#announce(effect.addresses, effect.repeat);
        break;
      case "publish":
        this.#publish(effect, router);
    }
    finished();
  }

  #announce(addresses: readonly VirtualAddress[], repeat: number): void {
    for (let round = 0; round < repeat; round += 1) {
      for (const address of addresses) this.#hands.announce(address, round);
    }
  }

  #publish(transition: Transition, router: VirtualRouter): void {
    const { from, to, cause, detail } = transition;
    this.#published = to;
    this.#hands.transition(router, transition);
    this.#hands.event(
      event("vrrp-transition", {
        instance: router.name,
        from,
        to,
        cause,
        priority: effectivePriority(asItStands(router, to), this.#adjustment),
        ...(detail === undefined ? {} : { detail }),
      }),
    );
  }

  /** All packets of one advert have one number: each peer sees it rise, and it does not outrun the clock. */
  #sealed(adverts: readonly OutgoingAdvert[], { authentication }: VirtualRouter): readonly OutgoingAdvert[] {
    if (authentication === undefined) return adverts;
    this.#sequences = nextSequence(this.#sequences);
    const { highest } = this.#sequences;
    return adverts.map(({ destination, packet }) => ({
      destination,
      packet: seal(packet, authentication, highest, hmacMd5),
    }));
  }

  #send(router: VirtualRouter, priority: number): void {
    const source = this.#hands.primary(router);
    if (source === undefined) return;
    const adverts = this.#sealed(advertPackets(router, priority, source), router);
    for (const advert of adverts) this.#hands.send(router, advert);
  }
}

/** Calls back when all that they have decided so far has been done. */
export function whenAllSettled(instances: readonly Instance[], settled: () => void): void {
  let left = instances.length;
  if (left === 0) settled();
  for (const instance of instances) {
    instance.whenSettled(() => {
      left -= 1;
      if (left === 0) settled();
    });
  }
}

function standing(members: readonly Instance[]): readonly Member[] {
  return members.map(({ router, state }) => ({ name: router.name, state }));
}
