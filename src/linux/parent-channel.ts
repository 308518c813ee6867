/**
 * A child process's end of the fork channel, and what every child does alike: it reports once a second and when asked
 * to, measures how late its timers fire, leaves signals to the supervisor, and leaves in good order when the supervisor
 * is gone.
 *
 * Nothing here waits: once the parent has left too much untaken, events are dropped and counted, and reports put off, so that a
 * supervisor which hangs never holds up its child. The last word on each instance and each virtual and real server is kept until
 * there is room for it, and is heard before any report.
 */

import type { RealServerTarget } from "../core/balance/target.ts";
import type { FromChild, ToChild } from "../core/report/channel.ts";
import type { Finding } from "../core/track/model.ts";
import type { Event } from "../core/report/event.ts";
import { lastWordOn } from "../core/report/last-word.ts";
import type { Instant } from "../core/units/time.ts";
import { now } from "./clock.ts";

const REPORT_INTERVAL_MS = 1_000;
const LATENESS_INTERVAL_MS = 100;
const QUEUED_MAX = 1_000;

/** What a child does with what it is told. */
export interface ChildDuties<Config, Report, Call = never, Answer = never> {
  /** Takes a configuration into force; `diedAt` is when an earlier life of this process ended without leaving. */
  configure(config: Config, diedAt: Instant | undefined): Promise<void>;
  /** Lets go of everything in the kernel. */
  stop(): Promise<void>;
  /** Takes what the supervisor has found out about tracked objects; only for a process that asks for any. */
  findings?(findings: readonly Finding[]): void;
  /** Takes the virtual addresses that are held here, and the instances that are master; only for a process that asks. */
  held?(addresses: readonly string[], masters: readonly string[]): void;
  /** Takes the real servers that are in maintenance; only for a process that asks for any. */
  maintenance?(targets: readonly RealServerTarget[]): void;
  /** Does what an operator asks for, and answers; only for a process that can. */
  call?(call: Call): Promise<Answer>;
  /** What has come to pass since the last call. `lateness` is in seconds, a value for each timer that was watched. */
  report(lateness: readonly number[]): Report;
  /** A report is of thousands of real servers: it is not to hold up a configuration on its way into force. */
  readonly reportsAreLarge?: boolean;
}

/** The way to the supervisor. */
export interface ParentChannel {
  /** Tells an event, followed by a report; a large one when a configuration that is on its way into force has got there. */
  event(event: Event): void;
  /** Reports before the next turn of the clock; several calls in one turn of the loop make one report. */
  reportSoon(): void;
  /** Adds a measured lateness, in seconds. */
  late(seconds: number): void;
}

/** Opens the channel of a process that was forked by the supervisor; once a process. */
export function openParentChannel<Config, Report, Call = never, Answer = never>(
  duties: ChildDuties<Config, Report, Call, Answer>,
): ParentChannel {
  let queued = 0;
  let leaving = false;
  let configuring = false;
  let lateness: number[] = [];
  let eventsDropped = 0;
  let reportDue: NodeJS.Immediate | undefined;
  /** Events that there is no room for, by what they are the last word on; none while there is room. */
  const lastWords = new Map<string, Event>();

  function send(message: FromChild<Report, Answer>): void {
    if (!process.connected) return;
    queued += 1;
    process.send?.(message, undefined, {}, () => {
      queued -= 1;
      sendLastWords(QUEUED_MAX);
    });
  }

  function sendLastWords(queuedMax: number): void {
    for (const [about, event] of lastWords) {
      if (queued >= queuedMax) return;
      lastWords.delete(about);
      send({ type: "event", event });
    }
  }

  function keep(event: Event): void {
    const about = lastWordOn(event);
    // One that is void now, or this one.
    if (about === undefined || lastWords.delete(about)) eventsDropped += 1;
    if (about !== undefined) lastWords.set(about, event);
  }

  function report(): void {
    clearImmediate(reportDue);
    reportDue = undefined;
    // What has been counted is kept for a later report.
    if (queued >= QUEUED_MAX) return;
    const watched = lateness;
    lateness = [];
    const dropped = eventsDropped;
    eventsDropped = 0;
    send({ type: "report", report: duties.report(watched), eventsDropped: dropped });
  }

  function reportSoon(): void {
    reportDue ??= setImmediate(report);
  }

  function late(seconds: number): void {
    if (lateness.length < QUEUED_MAX) lateness.push(seconds);
  }

  async function leave(): Promise<void> {
    if (leaving) return;
    leaving = true;
    await duties.stop();
    sendLastWords(Infinity);
    report();
    if (!process.connected) process.exit(0);
    process.send?.({ type: "stopped" } satisfies FromChild<Report>, undefined, {}, () => process.exit(0));
  }

  // One configuration after the other, and none once leaving.
  let work = Promise.resolve();
  process.on("message", (message) => {
    const told = message as ToChild<Config, Call>;
    switch (told.type) {
      case "configure":
        work = work.then(async () => {
          if (leaving) return;
          configuring = true;
          await duties.configure(told.config, told.diedAt);
          configuring = false;
          send({ type: "configured" });
          reportSoon();
        });
        break;
      case "findings":
        duties.findings?.(told.findings);
        break;
      case "held":
        duties.held?.(told.addresses, told.masters);
        break;
      case "maintenance":
        duties.maintenance?.(told.targets);
        break;
      case "call":
        work = work.then(async () => {
          const answer = leaving ? undefined : await duties.call?.(told.call);
          if (answer !== undefined) send({ type: "answer", id: told.id, answer });
        });
        break;
      case "stop":
        work = work.then(leave);
        break;
    }
  });
  const orphaned = (): void => {
    work = work.then(leave);
  };
  process.on("disconnect", orphaned);
  if (!process.connected) orphaned();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

  setInterval(report, REPORT_INTERVAL_MS);
  let due = now() + LATENESS_INTERVAL_MS * 1_000;
  setInterval(() => {
    const at = now();
    late(Math.max(0, at - due) / 1_000_000);
    due = at + LATENESS_INTERVAL_MS * 1_000;
  }, LATENESS_INTERVAL_MS);

  return {
    event(event) {
      if (queued < QUEUED_MAX) send({ type: "event", event });
      else keep(event);
      if (!configuring || duties.reportsAreLarge !== true) reportSoon();
    },
    reportSoon,
    late,
  };
}
