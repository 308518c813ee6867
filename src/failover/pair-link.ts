/**
 * Drives the pair's own link: gives its state machine (`core/heartbeat/link.ts`) datagrams and the time, tells the
 * instances what the other director says of them, and hands over and takes as the two agree.
 *
 * Sockets are read after timers have fired. So a deadline is looked at one turn of the loop later: what has queued is
 * heard before silence is judged.
 */

import type { FailoverCount, PeerReport } from "../core/report/channel.ts";
import { type Event as Report, event } from "../core/report/event.ts";
import {
  nextDeadline,
  type LinkEffect,
  type LinkEvent,
  type LinkState,
  startLink,
  step,
} from "../core/heartbeat/link.ts";
import type { HeartbeatConfig, HeartbeatPath, LinkContext } from "../core/heartbeat/model.ts";
import { nameId } from "../core/heartbeat/name-id.ts";
import type { LocalInstance } from "../core/heartbeat/roster.ts";
import type { IpAddress } from "../core/units/ip-address.ts";
import { after, type Instant, microseconds } from "../core/units/time.ts";
import type { PeerWord } from "../core/vrrp/peer.ts";
import type { VirtualRouter } from "../core/vrrp/model.ts";
import type { HeartbeatFault, Hmac } from "../core/wire/heartbeat.ts";
import { DATAGRAMS_A_TURN } from "../linux/heartbeat-socket.ts";
import type { Clock } from "./clock.ts";
import type { Counters } from "./counters.ts";
import { type Decision, Instance, whenAllSettled } from "./instance.ts";
import type { Noticeboard } from "./noticeboard.ts";
import { inWords, type PeerNews } from "./peer-news.ts";

/** One path's socket. */
export interface PathSocket {
  send(bytes: Uint8Array): void;
  close(): void;
}

/** What the link needs done for it. */
export interface LinkHands {
  readonly clock: Clock;
  readonly hmac: Hmac;
  /** Our release. */
  readonly software: string;
  /** Random, not 0. */
  boot(): bigint;
  open(
    path: HeartbeatPath & { readonly port: number },
    handler: {
      datagram(bytes: Uint8Array, source: IpAddress): void;
      failed(error: Error | undefined): void;
    },
  ): PathSocket;
  /** Calls back once the sockets have been read. */
  afterReading(then: () => void): void;
  /** Another list whenever they are others. */
  instances(): readonly Instance[];
  /** The router's own address. */
  primary(router: VirtualRouter): IpAddress | undefined;
  event(event: Report): void;
}

/** Datagrams of one path in one turn of the loop that say that more are waiting. */
const FULL_TURN = DATAGRAMS_A_TURN;

/** The link to the other director. */
export class PairLink {
  readonly #hands: LinkHands;
  readonly #counters: Counters<FailoverCount>;
  readonly #noticeboard: Noticeboard;
  readonly #sockets = new Map<string, { readonly ends: string; readonly socket: PathSocket }>();
  /** Datagrams of each path in this turn of the loop. */
  readonly #heard = new Map<string, number>();
  /** Instances whose last word is from a life of the peer's that is over. */
  readonly #former = new Set<number>();
  /** What has come while an effect of what came before was being carried out: it waits for the others. */
  readonly #queue: LinkEvent[] = [];
  #config: HeartbeatConfig | undefined;
  #state: LinkState | undefined;
  #giving = false;
  #armedFor: Instant | undefined;
  #disarm = (): void => {};
  #telling = false;
  /** An advert of the master that was replaced has come, and its heartbeat is waited for. */
  #doubting = false;
  /** What is to be asked for, once this turn of the loop is over. */
  readonly #wanted: number[] = [];
  /** Offers whose addresses have been claimed, or could not be, in this turn of the loop. */
  readonly #claimed: { readonly offer: number; readonly isDone: boolean }[] = [];
  /** Who waits for an end of the handovers that are under way. */
  #waiting: { readonly instances: Set<number>; readonly ended: () => void }[] = [];
  /** The instances by their ids. */
  #index: { readonly of: readonly Instance[]; readonly byId: ReadonlyMap<number, Instance> } = {
    of: [],
    byId: new Map(),
  };

  constructor(hands: LinkHands, counters: Counters<FailoverCount>, noticeboard: Noticeboard) {
    this.#hands = hands;
    this.#counters = counters;
    this.#noticeboard = noticeboard;
  }

  /** Takes a configuration into force; undefined: there is no link. */
  configure(config: HeartbeatConfig | undefined): void {
    const before = this.#config;
    this.#config = config;
    if (config === undefined) {
      this.#end();
      return;
    }
    this.#openSockets(config);
    if (this.#state === undefined || before?.node !== config.node || before.peer !== config.peer) {
      this.#state = startLink(this.#hands.boot(), config, this.#hands.clock.now());
      this.#endWaiting();
    } else if (JSON.stringify(before) !== JSON.stringify(config)) {
      this.#give({ type: "reconfigured" });
    }
    this.#align();
    // The first word of a new life says how our instances stand.
    this.#tell();
    this.#arm();
  }

  /** How our instances stand may have changed: the peer is told at the next opportunity. */
  tellSoon(): void {
    if (this.#telling || this.#config === undefined) return;
    this.#telling = true;
    this.#hands.clock.ringAt(this.#hands.clock.now(), () => this.#tell());
  }

  /** An instance has decided. */
  decided({ router, state }: Instance, { event: happened, before, effects }: Decision): void {
    const { type } = happened;
    if (state.name !== before.name || type === "adjusted" || type === "reconfigured") this.tellSoon();
    for (const { type } of effects) {
      if (type === "request-handover") this.#requestSoon(router);
      if (type === "silence-contradicted") this.#onContradicted(router, before.name === "master");
      if (type === "held-back-by-peer") this.#onHeldBack(router);
    }
  }

  /**
   * Gives what these hold to the peer, if it will have it; calls back when that is over: within 50 ms of the peer's last answer,
   * unless there is a sync group of many addresses.
   */
  handOver(instances: readonly Instance[], ended: () => void): void {
    this.#tell();
    const masters = instances.filter(({ state, peer }) => state.name === "master" && peer !== undefined);
    if (this.#state === undefined || masters.length === 0) {
      ended();
      return;
    }
    const ids = masters.map(({ router }) => nameId(router.name));
    this.#waiting.push({ instances: new Set(ids), ended });
    this.#give({ type: "hand-over", instances: ids });
  }

  /** We are about to stop: from now on nothing is taken from the peer. */
  leave(): void {
    this.#give({ type: "stop" });
  }

  /** Says how the instances stand for the last time, and closes. */
  close(): void {
    this.#tell();
    this.#end();
  }

  /** How the peer stands; undefined without a link. */
  report(): PeerReport | undefined {
    if (this.#config === undefined || this.#state === undefined) return undefined;
    const { paths, peer } = this.#state;
    return {
      peer: this.#config.peer,
      alive: peer.presence.name === "alive",
      skewed: peer.skew !== undefined,
      paths: paths.map(({ name, state }) => ({ path: name, state: state.name })),
    };
  }

  #openSockets(config: HeartbeatConfig): void {
    const wanted = new Map(config.paths.map((path) => [path.name, { ...path, port: config.port }]));
    for (const [name, { ends, socket }] of this.#sockets) {
      if (JSON.stringify(wanted.get(name)) === ends) continue;
      socket.close();
      this.#sockets.delete(name);
    }
    for (const [name, path] of wanted) {
      if (this.#sockets.has(name)) continue;
      const socket = this.#hands.open(path, {
        datagram: (bytes, source) => this.#onDatagram(name, bytes, source),
        failed: (error) => this.#onFailed(name, error),
      });
      this.#sockets.set(name, { ends: JSON.stringify(path), socket });
    }
  }

  #end(): void {
    this.#disarm();
    this.#armedFor = undefined;
    for (const { socket } of this.#sockets.values()) socket.close();
    this.#sockets.clear();
    this.#state = undefined;
    this.#endWaiting();
    this.#align();
  }

  #endWaiting(): void {
    for (const { ended } of this.#waiting.splice(0)) ended();
  }

  /** Instances that the link was not told of, or that it knows nothing of any more, hear what it knows now. */
  #align(): void {
    for (const [id, instance] of this.#byId()) {
      const known = this.#state?.peer.instances.get(id);
      if ((known === undefined) === (instance.peer === undefined)) continue;
      instance.hearPeer(known === undefined ? undefined : word(known));
    }
  }

  #onDatagram(path: string, bytes: Uint8Array, source: IpAddress): void {
    if (this.#state === undefined) return;
    if (this.#heard.size === 0) this.#hands.afterReading(() => this.#heard.clear());
    const heard = (this.#heard.get(path) ?? 0) + 1;
    this.#heard.set(path, heard);
    this.#counters.count("heartbeats_received", { path });
    this.#give({ type: "datagram", path, source, bytes });
    if (heard === FULL_TURN) this.#give({ type: "flooded", path });
  }

  #onFailed(path: string, error: Error | undefined): void {
    if (!this.#noticeboard.changed(`heartbeat ${path}`, error?.message)) return;
    this.#hands.event(event("heartbeat-socket-failed", { path, error: error?.message ?? "" }));
  }

  #tell(): void {
    this.#telling = false;
    if (this.#state === undefined) return;
    const instances = [...this.#byId()].map(([id, instance]) => this.#local(id, instance));
    this.#give({ type: "instances", instances });
  }

  #local(id: number, { router, state, isMaster, priority }: Instance): LocalInstance {
    return {
      id,
      // Gone before told: as long as an address may be here, it is.
      state: isMaster ? "master" : state.name,
      priority,
      advertInterval: router.advertInterval,
      primary: this.#hands.primary(router),
      group: router.syncGroup,
      addresses: router.addresses.length,
    };
  }

  /** Datagrams go out in the order of their numbers, whatever an instance answers to an effect of the step before. */
  #give(given: LinkEvent): void {
    this.#queue.push(given);
    if (this.#giving) return;
    this.#giving = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(next);
    this.#giving = false;
  }

  #step(given: LinkEvent): void {
    const [config, state] = [this.#config, this.#state];
    if (config === undefined || state === undefined) return;
    const { hmac, software, clock } = this.#hands;
    const context: LinkContext = { config, hmac, software };
    const result = step(state, given, clock.now(), context);
    this.#state = result.state;
    this.#arm();
    for (const effect of result.effects) this.#perform(effect, config);
    if (this.#former.size === 0) return;
    // What the new life has not said by now is not known.
    this.#former.clear();
    this.#align();
  }

  /** What is due stays due: datagrams that come in every turn of the loop do not put it off. */
  #arm(): void {
    if (this.#state === undefined || this.#config === undefined) return;
    const due = nextDeadline(this.#state, { config: this.#config });
    if (due === this.#armedFor) return;
    this.#disarm();
    this.#armedFor = due;
    let isGone = false;
    const disarm = this.#hands.clock.ringAt(due, () =>
      this.#hands.afterReading(() => {
        if (isGone) return;
        this.#armedFor = undefined;
        this.#give({ type: "deadline" });
      }),
    );
    this.#disarm = () => {
      isGone = true;
      disarm();
    };
  }

  #perform(effect: LinkEffect, config: HeartbeatConfig): void {
    switch (effect.type) {
      case "send":
        this.#counters.count("heartbeats_sent", { path: effect.path });
        this.#sockets.get(effect.path)?.socket.send(effect.bytes);
        return;
      case "discard":
        this.#onDiscarded(effect.path, effect.fault);
        return;
      case "peer-instance":
        this.#onPeerInstance(effect);
        return;
      case "peer-instance-gone":
        this.#onPeerInstanceGone(effect.id);
        return;
      case "peer-silent":
        this.#say(effect, config);
        this.#onPeerSilent(effect, config);
        return;
      case "offering":
        Instance.together(this.#all(effect.instances), { type: "give", within: effect.within });
        return;
      case "take":
        this.#take(effect, config);
        return;
      case "let-go":
        this.#counters.count("handovers", { role: "giver", result: "done" });
        this.#given(effect.instances, config.peer, effect.onRequest);
        return;
      case "handover-failed":
        this.#counters.count("handovers", {
          role: effect.kind === "offer" ? "giver" : "taker",
          result: effect.reason,
        });
        this.#say(effect, config);
        if (effect.kind === "offer") this.#given(effect.instances, undefined);
        return;
      case "split-brain":
        this.#counters.count("split_brains", { instance: this.#names([effect.id]) });
        this.#say(effect, config);
        this.#again(effect.id);
        return;
      case "peer-restarted":
        for (const id of this.#byId().keys()) this.#former.add(id);
        this.#say(effect, config);
        return;
      case "path-lost":
      case "path-back":
      case "peer-back":
      case "peer-stopping":
      case "trusted":
      case "skew":
      case "split-brain-over":
        this.#say(effect, config);
    }
  }

  #onPeerInstance(said: LinkEffect & { type: "peer-instance" }): void {
    const instance = this.#named(said.id);
    if (instance === undefined) return;
    // A master that was started anew and is none has lost the addresses, whatever it will be.
    if (this.#former.delete(said.id) && said.state !== "master") this.#letGo(instance);
    instance.hearPeer(word(said));
  }

  /** It has let go of it, if it was master. */
  #onPeerInstanceGone(id: number): void {
    const instance = this.#named(id);
    if (instance === undefined) return;
    this.#letGo(instance);
    instance.hearPeer(undefined);
  }

  #letGo(instance: Instance): void {
    if (instance.peer !== undefined) instance.hearPeer({ ...instance.peer, state: "init" });
  }

  /** The instance did not listen when the peer said it, in a handover that has come to nothing. */
  #again(id: number): void {
    const instance = this.#named(id);
    instance?.hearPeer(instance.peer);
  }

  #onDiscarded(path: string, cause: HeartbeatFault): void {
    this.#counters.count("heartbeats_discarded", { path, cause });
    const suppressed = this.#noticeboard.again(`heartbeat ${path} ${cause}`, this.#hands.clock.now());
    // Each start of either director begins with one.
    if (suppressed === undefined || cause === "stale-boot") return;
    this.#hands.event(event("heartbeat-discarded", { path, cause, suppressed }));
  }

  #onPeerSilent({ takeover }: LinkEffect & { type: "peer-silent" }, { interval }: HeartbeatConfig): void {
    const grace = microseconds(interval / 2);
    const left = this.#hands.instances().flatMap((instance) => {
      const last = instance.peer;
      if (last === undefined) return [];
      instance.hearPeer(undefined);
      return [{ instance, last }];
    });
    if (!takeover) return;
    for (const { instance, last } of left) instance.dispatch({ type: "peer-silent", last, grace });
  }

  /** Hundreds of instances want to be master at once: they ask with one voice. */
  #requestSoon({ name }: VirtualRouter): void {
    this.#wanted.push(nameId(name));
    if (this.#wanted.length > 1) return;
    this.#hands.afterReading(() => {
      this.#tell();
      this.#give({ type: "request", instances: this.#wanted.splice(0) });
    });
  }

  #take(
    { offer, instances, within }: LinkEffect & { type: "take" },
    { peer }: Pick<HeartbeatConfig, "peer">,
  ): void {
    const taking = this.#all(instances);
    Instance.together(taking, { type: "take", from: peer, within });
    whenAllSettled(taking, () => {
      const isDone =
        taking.length === instances.length && taking.every(({ state }) => state.name === "master");
      this.#counters.count("handovers", { role: "taker", result: isDone ? "done" : "failed" });
      this.#answerSoon({ offer, isDone });
    });
  }

  /** The kernel answers for many addresses in one turn of the loop. */
  #answerSoon(claimed: { readonly offer: number; readonly isDone: boolean }): void {
    this.#claimed.push(claimed);
    if (this.#claimed.length === 1) this.#hands.afterReading(() => this.#answer());
  }

  #answer(): void {
    const all = this.#claimed.splice(0);
    const offers = (wanted: boolean): readonly number[] =>
      all.flatMap(({ offer, isDone }) => (isDone === wanted ? offer : []));
    this.#tell();
    if (all.some(({ isDone }) => isDone)) this.#give({ type: "claimed", offers: offers(true) });
    if (all.some(({ isDone }) => !isDone))
      this.#give({ type: "take-failed", offers: offers(false), reason: "claim-failed" });
  }

  #given(ids: readonly number[], to: string | undefined, onRequest = false): void {
    const giving = this.#all(ids);
    Instance.together(giving, { type: "given", to, onRequest });
    whenAllSettled(giving, () => {
      for (const { instances } of this.#waiting) for (const id of ids) instances.delete(id);
      const over = this.#waiting.filter(({ instances }) => instances.size === 0);
      this.#waiting = this.#waiting.filter(({ instances }) => instances.size > 0);
      for (const { ended } of over) ended();
    });
  }

  /**
   * A master that stood still is silent, too, and when it goes on its advert may be here before its heartbeat: after a
   * takeover the heartbeat has an interval to come.
   */
  #onContradicted(router: VirtualRouter, isAfterwards: boolean): void {
    if (!isAfterwards) return this.#contradict(router);
    if (this.#doubting || this.#config === undefined) return;
    this.#doubting = true;
    const { clock } = this.#hands;
    clock.ringAt(after(clock.now(), this.#config.interval), () => {
      this.#doubting = false;
      const peer = this.#state?.peer;
      if (peer?.presence.name === "silent" && !peer.distrusted) this.#contradict(router);
    });
  }

  #contradict({ name }: VirtualRouter): void {
    this.#hands.event(event("takeover-contradicted", { instance: name }));
    for (const instance of this.#hands.instances())
      if (instance.router.name !== name) instance.decide({ type: "peer-lives" });
    this.#give({ type: "contradicted" });
  }

  #onHeldBack({ name }: VirtualRouter): void {
    const suppressed = this.#noticeboard.again(`held back by peer ${name}`, this.#hands.clock.now());
    if (suppressed === undefined) return;
    this.#hands.event(
      event("vrrp-peer-held-back", { instance: name, peer: this.#config?.peer ?? "", suppressed }),
    );
  }

  #named(id: number): Instance | undefined {
    return this.#byId().get(id);
  }

  #all(ids: readonly number[]): readonly Instance[] {
    return ids.flatMap((id) => this.#named(id) ?? []);
  }

  #byId(): ReadonlyMap<number, Instance> {
    const all = this.#hands.instances();
    if (this.#index.of !== all)
      this.#index = { of: all, byId: new Map(all.map((one) => [nameId(one.router.name), one])) };
    return this.#index.byId;
  }

  /** An operator is told of it. */
  #say(news: PeerNews, { peer, digest }: HeartbeatConfig): void {
    const { software, clock } = this.#hands;
    const names = (ids: readonly number[]) => this.#names(ids);
    this.#hands.event(inWords(news, { peer, digest, software, names }, clock.now()));
  }

  #names(ids: readonly number[]): string {
    return this.#all(ids)
      .map(({ router }) => router.name)
      .join(", ");
  }
}

function word({ state, priority, primary }: PeerWord): PeerWord {
  return { state, priority, primary };
}
