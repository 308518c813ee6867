/**
 * Drives the checks: a timer for each one's deadline, a probe when it is asked for, and what comes of it passed on.
 * Everything that is decided about them is decided in core/health.
 */

import type { BalancerConfig } from "../core/balance/model.ts";
import { type CheckEvent, type ProbeResult, step } from "../core/health/check.ts";
import {
  EMPTY_ROSTER,
  isUp,
  reviseRoster,
  type Roster,
  type StartsUp,
  type WatchedCheck,
  type WatchedServer,
} from "../core/health/roster.ts";
import { between, toMilliseconds, toSeconds } from "../core/units/time.ts";
import { now } from "../linux/clock.ts";
import type { ProgramRoll } from "../linux/program-roll.ts";
import { runProbe } from "./run-probe.ts";

/** Who hears of what the checks find. */
export interface CheckListener {
  /** A probe has ended. */
  onProbed(server: WatchedServer, check: WatchedCheck, result: ProbeResult, seconds: number): void;
  /** A failure was forgiven. */
  onForgiven(server: WatchedServer, check: WatchedCheck, forgiven: number, detail: string): void;
  /** A real server has gone up or down, because of this check if of one. */
  onVerdict(server: WatchedServer, check: WatchedCheck | undefined, detail: string): void;
  /** A timer fired so late, in seconds. */
  onLate(seconds: number): void;
}

/** The checks, being made. */
export interface CheckDriver {
  readonly roster: Roster;
  /** Makes these checks from now on; those that stay go on undisturbed. */
  configure(config: BalancerConfig, startsUp: StartsUp): void;
  /** Makes no checks of virtual servers with these names, and those of all others again. */
  suspend(virtuals: ReadonlySet<string>): void;
  /** Ends all probes; resolves when they have ended. */
  stop(): Promise<void>;
}

interface Running {
  server: WatchedServer;
  timer: NodeJS.Timeout | undefined;
  probing: { readonly abort: AbortController; readonly ended: Promise<void> } | undefined;
}

/** The longest that a timer of Node's can be set to, in milliseconds. */
const TIMER_MAX_MS = 0x7fffffff;

/** Makes checks as they are configured, none before. Programs are on the `roll` while they run. */
export function driveChecks(listener: CheckListener, roll: ProgramRoll): CheckDriver {
  let roster: Roster = EMPTY_ROSTER;
  let suspended: ReadonlySet<string> = new Set();
  const running = new Map<WatchedCheck, Running>();

  function handle(check: WatchedCheck, run: Running, event: CheckEvent): void {
    const wasUp = isUp(run.server);
    const { state, effects } = step(check.state, event, now(), check.check.timing);
    check.state = state;
    for (const effect of effects) {
      switch (effect.type) {
        case "probe":
          startProbe(check, run);
          break;
        case "abort":
          run.probing?.abort.abort();
          break;
        case "tell-forgiven":
          listener.onForgiven(run.server, check, effect.forgiven, effect.detail);
          break;
        case "change-verdict":
          if (isUp(run.server) === wasUp) break;
          if (!wasUp) run.server.returnedAt = now();
          listener.onVerdict(run.server, check, effect.detail);
          break;
      }
    }
    arm(check, run);
  }

  function arm(check: WatchedCheck, run: Running): void {
    clearTimeout(run.timer);
    const { dueAt } = check.state;
    if (dueAt === undefined) return;
    run.timer = setTimeout(
      () => {
        const late = toSeconds(between(dueAt, now()));
        if (late >= 0) listener.onLate(late);
        handle(check, run, { type: "deadline" });
      },
      Math.min(Math.ceil(Math.max(0, toMilliseconds(between(now(), dueAt)))), TIMER_MAX_MS),
    );
  }

  function startProbe(check: WatchedCheck, run: Running): void {
    const abort = new AbortController();
    const startedAt = now();
    const ended = runProbe(check.check.probe, abort.signal, roll).then((result) => {
      // After one that was aborted another may be under way already.
      if (run.probing?.abort === abort) run.probing = undefined;
      if (abort.signal.aborted) return;
      listener.onProbed(run.server, check, result, toSeconds(between(startedAt, now())));
      handle(check, run, { type: "probed", result });
    });
    run.probing = { abort, ended };
  }

  function tellRevised(before: WatchedServer | undefined, server: WatchedServer, tellInitial: boolean): void {
    const up = isUp(server);
    if (before !== undefined) {
      if (isUp(before) === up) return;
      if (up) server.returnedAt = now();
      listener.onVerdict(server, undefined, "its checks have changed");
    } else if (!up) {
      listener.onVerdict(
        server,
        undefined,
        "starts as down: alpha, or it was in an earlier life of the balancer",
      );
    } else if (tellInitial) listener.onVerdict(server, undefined, "starts as up");
  }

  function suspendOrResume(check: WatchedCheck, run: Running): void {
    if (suspended.has(run.server.virtual)) handle(check, run, { type: "suspend" });
    else if (check.state.suspended) handle(check, run, { type: "resume", chance: Math.random() });
    else arm(check, run);
  }

  function forget(check: WatchedCheck, run: Running): Promise<void> {
    clearTimeout(run.timer);
    running.delete(check);
    run.probing?.abort.abort();
    return run.probing?.ended ?? Promise.resolve();
  }

  return {
    get roster() {
      return roster;
    },
    configure(config, startsUp) {
      const before = roster;
      roster = reviseRoster(roster, config, startsUp, now(), Math.random);
      const kept = new Set<WatchedCheck>();
      for (const [key, server] of roster) {
        tellRevised(before.get(key), server, config.tellInitial);
        for (const check of server.checks) {
          kept.add(check);
          const run = running.get(check) ?? { server, timer: undefined, probing: undefined };
          run.server = server;
          running.set(check, run);
          suspendOrResume(check, run);
        }
      }
      for (const [check, run] of running) if (!kept.has(check)) void forget(check, run);
    },
    suspend(virtuals) {
      suspended = virtuals;
      for (const [check, run] of running) suspendOrResume(check, run);
    },
    async stop() {
      roster = EMPTY_ROSTER;
      await Promise.all([...running].map(([check, run]) => forget(check, run)));
    },
  };
}
