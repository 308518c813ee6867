/**
 * Drives one BFD session: gives its state machine the time and what happens, and sends what that decides. What has queued
 * is heard before silence counts: a process that was late must not take its own lateness for the neighbour's.
 */

import {
  type BfdEffect,
  type BfdEvent,
  type BfdState,
  hasLeft,
  nextBfdDeadline,
  startBfd,
  stepBfd,
} from "../core/bfd/session.ts";
import type { BfdSession } from "../core/bfd/model.ts";
import { detectAt } from "../core/bfd/timing.ts";
import { between, type Duration, type Instant } from "../core/units/time.ts";
import { encodeControl } from "../core/wire/bfd.ts";
import type { Clock } from "./clock.ts";

/** What a session needs done for it. */
export interface BfdHands {
  send(payload: Uint8Array): void;
  /** Delivers what has queued. */
  drain(): void;
  changed(effect: BfdEffect & { type: "changed" }, state: BfdState): void;
  /** It says something else of the path. */
  path(): void;
  /** It has left, and the neighbour knows. */
  left(): void;
  /** A timer fired so late. */
  late(by: Duration): void;
}

/** One session at work. */
export class BfdDriver {
  readonly #hands: BfdHands;
  #session: BfdSession;
  #state: BfdState;
  readonly #clock: Clock;
  #stopWaiting: (() => void) | undefined;
  #closed = false;

  constructor(clock: Clock, session: BfdSession, discriminator: number, hands: BfdHands) {
    this.#clock = clock;
    this.#session = session;
    this.#hands = hands;
    this.#state = startBfd(session, discriminator, clock.now());
    this.#arm();
  }

  get session(): BfdSession {
    return this.#session;
  }

  get discriminator(): number {
    return this.#state.discriminator;
  }

  get state(): BfdState {
    return this.#state;
  }

  /** One event, and what follows from it. */
  dispatch(event: BfdEvent): void {
    // One moment for the question and for the decision: no silence comes about in between.
    const at = this.#clock.now();
    const silentAt = detectAt(this.#state);
    if (event.type === "deadline" && silentAt !== undefined && at >= silentAt) this.#hands.drain();
    // What was drained may have been the answer to a farewell.
    if (this.#closed) return;
    const { path } = this.#state;
    const { state, effects } = stepBfd(this.#state, event, at, {
      session: this.#session,
      random: Math.random(),
    });
    this.#state = state;
    for (const effect of effects) {
      if (effect.type === "send") this.#hands.send(encodeControl(effect.packet));
      else this.#hands.changed(effect, state);
    }
    if (state.path !== path) this.#hands.path();
    if (hasLeft(state, at)) this.#hands.left();
    else this.#arm();
  }

  /** Takes a changed configuration of the same session into force. */
  reconfigure(session: BfdSession): void {
    const before = this.#session;
    this.#session = session;
    this.dispatch({ type: "reconfigured", before });
  }

  close(): void {
    this.#closed = true;
    this.#stopWaiting?.();
  }

  #arm(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    const deadline = nextBfdDeadline(this.#state, this.#session);
    if (deadline === undefined) return;
    // A rhythm that has just become faster may find its next packet due already, which is no lateness.
    const at = this.#clock.now();
    const due = deadline < at ? at : deadline;
    this.#stopWaiting = this.#clock.ringAt(due, () => this.#onTimer(due));
  }

  #onTimer(due: Instant): void {
    this.#hands.late(between(due, this.#clock.now()));
    this.dispatch({ type: "deadline" });
  }
}
