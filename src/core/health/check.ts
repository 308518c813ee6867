/**
 * One check's state machine: when to probe next, and what the results add up to (keepalived's `delay_loop`, `retry`,
 * `delay_before_retry`, `warmup`).
 *
 * While up, `retry` failures in a row are forgiven, each looked at again after `delay_before_retry`; one more and the
 * check is down. While down, one success brings it up. Whoever drives it sends `deadline` when `dueAt` has come, starts
 * the probe that is asked for, and sends `probed` with its result. What the state does not expect changes nothing.
 *
 * A check that is suspended keeps its verdict and is not made; the result of a probe that was under way does not count.
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
  /** When to probe next; undefined while a probe is under way, and while suspended. */
  readonly dueAt: Instant | undefined;
  readonly suspended: boolean;
}

/** What a check is told. */
export type CheckEvent =
  | { readonly type: "deadline" }
  | { readonly type: "probed"; readonly result: ProbeResult }
  | { readonly type: "suspend" }
  /** `chance` in 0..1 places the next probe, as at the start. */
  | { readonly type: "resume"; readonly chance: number };

/** What its driver must do. */
type CheckEffect =
  /** Start one probe. */
  | { readonly type: "probe" }
  /** End the probe that is under way. */
  | { readonly type: "abort" }
  /** Tell that a failure was forgiven: the how many'th in a row. */
  | { readonly type: "tell-forgiven"; readonly forgiven: number; readonly detail: string }
  /** The verdict has changed. */
  | { readonly type: "change-verdict"; readonly up: boolean; readonly detail: string };

/** The next state, and effects in their order. */
export interface CheckStep {
  readonly state: CheckState;
  readonly effects: readonly CheckEffect[];
}

/**
 * A check that counts as down when it starts is probed within this time, since somebody waits for it; and so is one that
 * was suspended, since nobody knows what happened meanwhile.
 */
const WARMUP_IN_HASTE: Duration = milliseconds(1_000);

/** A check that has not been made yet. `chance` in 0..1 places the first probe within the warmup. */
export function startCheck(timing: CheckTiming, up: boolean, now: Instant, chance: number): CheckState {
  const warmup = up ? timing.warmup : hasty(timing);
  const dueAt = after(now, Math.floor(warmup * chance) as Duration);
  return { up, forgiven: 0, dueAt, suspended: false };
}

function hasty({ warmup }: CheckTiming): Duration {
  return Math.min(warmup, WARMUP_IN_HASTE) as Duration;
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
    case "suspend":
      return onSuspend(state);
    case "resume":
      if (!state.suspended) return { state, effects: [] };
      return {
        state: {
          ...state,
          suspended: false,
          dueAt: after(now, Math.floor(hasty(timing) * event.chance) as Duration),
        },
        effects: [],
      };
    case "probed":
      if (state.dueAt !== undefined || state.suspended) return { state, effects: [] };
      return event.result.ok
        ? onSuccess(state, event.result.detail, now, timing)
        : onFailure(state, event.result.detail, now, timing);
  }
}

function onSuspend(state: CheckState): CheckStep {
  if (state.suspended) return { state, effects: [] };
  return {
    state: { ...state, suspended: true, dueAt: undefined },
    effects: state.dueAt === undefined ? [{ type: "abort" }] : [],
  };
}

function onSuccess(state: CheckState, detail: string, now: Instant, timing: CheckTiming): CheckStep {
  return {
    state: { ...state, up: true, forgiven: 0, dueAt: after(now, timing.delayLoop) },
    effects: state.up ? [] : [{ type: "change-verdict", up: true, detail }],
  };
}

function onFailure(state: CheckState, detail: string, now: Instant, timing: CheckTiming): CheckStep {
  if (state.up && state.forgiven < timing.retry) {
    const forgiven = state.forgiven + 1;
    return {
      state: { ...state, forgiven, dueAt: after(now, timing.delayBeforeRetry) },
      effects: [{ type: "tell-forgiven", forgiven, detail }],
    };
  }
  return {
    state: { ...state, up: false, forgiven: 0, dueAt: after(now, timing.delayLoop) },
    effects: state.up ? [{ type: "change-verdict", up: false, detail }] : [],
  };
}
