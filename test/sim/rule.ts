/**
 * What a rule is: it watches what happens, looks at the world after every event, and complains. A rule that is not named
 * in `rules/all.ts` is not run.
 */

import type { OutgoingAdvert } from "../../src/core/vrrp/advert-packet.ts";
import type { VirtualAddress, VirtualRouter } from "../../src/core/vrrp/model.ts";
import type { Effect } from "../../src/core/vrrp/event.ts";
import type { Stepped } from "./brain.ts";
import type { Hand } from "./kernel.ts";
import type { Event as Report } from "../../src/core/report/event.ts";
import type { Arrival, Hearing, Judgement, Life, Listening, Machine } from "./machine.ts";
import type { World } from "./world.ts";

/** What a rule may watch. Everything is told the moment it happens. */
export interface Watch {
  /** A state machine has taken a step; its effects are not carried out yet. */
  stepped?(machine: Machine, step: Stepped): void;
  /** A packet is admitted or discarded; nothing has come of it yet. */
  judged?(machine: Machine, judgement: Judgement): void;
  /** A packet has been heard and acted upon. */
  heard?(machine: Machine, hearing: Hearing): void;
  /** A packet of an advert goes out; the kernel may still fail to send it. */
  sent?(machine: Machine, router: VirtualRouter, advert: OutgoingAdvert): void;
  /** A heartbeat goes out on a path. */
  spoke?(machine: Machine, bytes: Uint8Array): void;
  /** A heartbeat reaches a director; `counts` is what the simulator thinks of it. */
  reached?(machine: Machine, arrival: Arrival, counts: boolean): void;
  /** It has been heard and acted upon. */
  listened?(machine: Machine, listening: Listening, counts: boolean): void;
  /** An operator is told of the link. */
  reported?(machine: Machine, report: Report): void;
  announced?(machine: Machine, address: VirtualAddress): void;
  claimed?(machine: Machine, address: VirtualAddress, router: VirtualRouter): void;
  published?(machine: Machine, router: VirtualRouter, effect: Effect & { type: "publish" }): void;
  address?(machine: Machine, address: VirtualAddress, present: boolean, by: Hand): void;
  life?(machine: Machine, what: Life): void;
  /** After every event. */
  check?(): void;
}

/** A rule of the simulator. */
export interface Rule {
  readonly name: string;
  /** A new watch over a new world; `complain` ends the run. */
  watch(world: World, complain: (what: string) => void): Watch;
}

/** A rule was broken. */
export class Violation extends Error {
  readonly rule: string;

  constructor(rule: string, what: string) {
    super(what);
    this.rule = rule;
  }
}
