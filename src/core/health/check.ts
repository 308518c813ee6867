/**
 * One check's state machine: when to probe next, and what the results add up to (keepalived's `delay_loop`, `retry`,
 * `delay_before_retry`, `warmup`).
 *
 * While up, `retry` failures in a row are forgiven, each looked at again after `delay_before_retry`; one more and the
 * check is down. While down, one success brings it up. Whoever drives it sends `deadline` when `dueAt` has come, starts
 * the probe that is asked for, and sends `probed` with its result. What the state does not expect changes nothing.
 */

import { after, type Duration, type Instant, milliseconds } from "../units/time.ts";
import type { CheckTiming } from "./model.ts";

/** How one probe ended. */
export interface ProbeResult {
  readonly ok: boolean;
  /** For the operator: what was seen, on one line. */
  readonly detail: string;
}

/** Where a check stands. */
export interface CheckState {
  /** What the results so far add up to. */
  readonly up: boolean;
  /** Failures in a row that were forgiven. */
  readonly forgiven: number;
  /** When to probe next; undefined while a probe is under way. */
  readonly dueAt: Instant | undefined;
}

/** What a check is told. */
export type CheckEvent =
  | { readonly type: "deadline" }
  | { readonly type: "probed"; readonly result: ProbeResult };

/** What its driver must do. */
type CheckEffect =
  /** Start one probe. */
  | { readonly type: "probe" }
  /** Tell that a failure was forgiven: the how many'th in a row. */
  | { readonly type: "tell-forgiven"; readonly forgiven: number; readonly detail: string }
  /** The verdict has changed. */
  | { readonly type: "change-verdict"; readonly up: boolean; readonly detail: string };

/** The next state, and effects in their order. */
export interface CheckStep {
  readonly state: CheckState;
  readonly effects: readonly CheckEffect[];
}

/** A check that counts as down when it starts is probed within this time: somebody waits for it. */
const WARMUP_WHEN_DOWN: Duration = milliseconds(1_000);

/** A check that has not been made yet. `chance` in 0..1 places the first probe within the warmup. */
export function startCheck(timing: CheckTiming, up: boolean, now: Instant, chance: number): CheckState {
  const warmup = up ? timing.warmup : Math.min(timing.warmup, WARMUP_WHEN_DOWN);
  return { up, forgiven: 0, dueAt: after(now, Math.floor(warmup * chance) as Duration) };
}

/** The same check in another rhythm: its verdict stays, and it does not wait longer than the new rhythm says. */
export function retimeCheck(state: CheckState, timing: CheckTiming, now: Instant): CheckState {
  if (state.dueAt === undefined) return state;
  const latest = after(now, timing.delayLoop);
  return state.dueAt <= latest ? state : { ...state, dueAt: latest };
}

/** One event in; the next state and what to do. */
export function step(state: CheckState, event: CheckEvent, now: Instant, timing: CheckTiming): CheckStep {
  switch (event.type) {
    case "deadline":
      if (state.dueAt === undefined || now < state.dueAt) return { state, effects: [] };
      return { state: { ...state, dueAt: undefined }, effects: [{ type: "probe" }] };
    case "probed":
      if (state.dueAt !== undefined) return { state, effects: [] };
      return event.result.ok
        ? onSuccess(state, event.result.detail, now, timing)
        : onFailure(state, event.result.detail, now, timing);
  }
}

function onSuccess(state: CheckState, detail: string, now: Instant, timing: CheckTiming): CheckStep {
  return {
    state: { up: true, forgiven: 0, dueAt: after(now, timing.delayLoop) },
    effects: state.up ? [] : [{ type: "change-verdict", up: true, detail }],
  };
}

function onFailure(state: CheckState, detail: string, now: Instant, timing: CheckTiming): CheckStep {
  if (state.up && state.forgiven < timing.retry) {
    const forgiven = state.forgiven + 1;
    return {
      state: { up: true, forgiven, dueAt: after(now, timing.delayBeforeRetry) },
      effects: [{ type: "tell-forgiven", forgiven, detail }],
    };
  }
  return {
    state: { up: false, forgiven: 0, dueAt: after(now, timing.delayLoop) },
    effects: state.up ? [{ type: "change-verdict", up: false, detail }] : [],
  };
}
