/**
 * Tells programs and pipes what becomes of virtual and real servers: quorum_up, quorum_down, notify_up, notify_down. Nobody waits
 * for it, but for a director that stops. What is told when is decided in `core/supervision/notify-queue.ts`.
 *
 * A state is told once, however often the balancer says it: one that was killed and started again says it anew.
 */

import type { BalancerReport } from "../core/report/channel.ts";
import type { Event, EventName } from "../core/report/event.ts";
import {
  EMPTY_NOTIFY_QUEUE,
  type NotifyEvent,
  type NotifyQueue,
  step,
} from "../core/supervision/notify-queue.ts";
import {
  type RealServerNotify,
  serviceLine,
  type ServiceNotify,
  type ServiceState,
  type StateScripts,
} from "../core/supervision/service-notify.ts";
import type { Duration } from "../core/units/time.ts";
import { runNotifyProgram } from "./notify-program.ts";

/** Who hears how it went. */
export interface ServiceNotifierListener {
  event(happened: Event): void;
  /** A line for the pipes. */
  line(line: string): void;
  /** A program has ended; it is named by its key, such as `quorum_up`. */
  ran(virtual: string, program: string, ok: boolean): void;
}

/** What is told. */
interface ServiceNotice {
  readonly state: ServiceState;
  /** Why, as the balancer's event says; empty when it says nothing. */
  readonly detail: string;
}

/** A virtual server, or a real server of one. */
interface Subject {
  readonly virtual: string;
  /** Undefined for the virtual server itself. */
  readonly real: string | undefined;
  /** What pipes call the virtual server, and the real server. */
  words: readonly [virtual: string, real: string | undefined];
  scripts: StateScripts;
  timeout: Duration;
  omega: boolean;
  queue: NotifyQueue<ServiceNotice>;
  /** Where it stands, as far as it is known. */
  standing: ServiceState | undefined;
  /** What was told of it last, or is about to be. */
  last: ServiceState | undefined;
}

/** The events that tell a state. */
const TOLD_BY: Partial<Record<EventName, ServiceState>> = {
  "real-server-up": "up",
  "real-server-down": "down",
  "quorum-gained": "up",
  "quorum-lost": "down",
};

/** The teller. */
export class ServiceNotifier {
  readonly #listener: ServiceNotifierListener;
  readonly #subjects = new Map<string, Subject>();
  readonly #running = new Set<Promise<void>>();
  readonly #abort = new AbortController();

  constructor(listener: ServiceNotifierListener) {
    this.#listener = listener;
  }

  /** Goes by this configuration from now on. What was up and is not in it any more is told to be down. */
  configure(services: readonly ServiceNotify[]): void {
    const kept = new Set<string>();
    for (const service of services) {
      kept.add(this.#revise(service, undefined, service.quorum));
      for (const real of service.realServers) kept.add(this.#revise(service, real, real.scripts));
    }
    for (const [key, subject] of this.#subjects) {
      if (kept.has(key)) continue;
      this.#subjects.delete(key);
      if (subject.standing === "up") this.#notice(subject, "down", "it is not configured any more");
    }
  }

  /** The balancer told an event. */
  onEvent({ name, fields: { virtual, real, detail } }: Event): void {
    const state = TOLD_BY[name];
    if (state === undefined) return;
    const key = subjectKey(String(virtual), real === undefined ? undefined : String(real));
    const subject = this.#subjects.get(key);
    if (subject !== undefined) this.#notice(subject, state, String(detail ?? ""));
  }

  /** The balancer told where things stand. */
  onReport({ virtualServers, realServers }: BalancerReport): void {
    for (const { virtual, hasQuorum } of virtualServers) this.#stand(virtual, undefined, hasQuorum);
    for (const { virtual, real, up } of realServers ?? []) this.#stand(virtual, real, up);
  }

  /** Tells what has to be told when all of it goes; resolves when all have been told. */
  async stop(): Promise<void> {
    for (const subject of this.#subjects.values())
      if (subject.omega && subject.standing === "up") this.#notice(subject, "down", "relevo is stopping");
    this.#subjects.clear();
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Kills what runs, and runs no more. */
  abandon(): void {
    this.#abort.abort();
  }

  #revise(
    { virtual, word, timeout, omega }: ServiceNotify,
    realServer: RealServerNotify | undefined,
    scripts: StateScripts,
  ): string {
    const real = realServer?.real;
    const words = [word, realServer?.word] as const;
    const key = subjectKey(virtual, real);
    const known = this.#subjects.get(key);
    if (known !== undefined) Object.assign(known, { words, scripts, timeout, omega });
    else {
      const fresh = { queue: EMPTY_NOTIFY_QUEUE, standing: undefined, last: undefined };
      this.#subjects.set(key, { virtual, real, words, scripts, timeout, omega, ...fresh });
    }
    return key;
  }

  #stand(virtual: string, real: string | undefined, up: boolean): void {
    const subject = this.#subjects.get(subjectKey(virtual, real));
    if (subject !== undefined) subject.standing = up ? "up" : "down";
  }

  #notice(subject: Subject, state: ServiceState, detail: string): void {
    subject.standing = state;
    if (subject.last === state) return;
    subject.last = state;
    this.#listener.line(serviceLine(...subject.words, state));
    this.#step(subject, { type: "notice", notice: { state, detail } });
  }

  #step(subject: Subject, happened: NotifyEvent<ServiceNotice>): void {
    const { queue, tell } = step(subject.queue, happened);
    subject.queue = queue;
    if (tell === undefined) return;
    const running = this.#tell(subject, tell.state, tell.detail, tell.sequence).then(() => {
      // What is told next is under way before this one counts as done.
      this.#step(subject, { type: "ended" });
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  async #tell(subject: Subject, state: ServiceState, detail: string, sequence: number): Promise<void> {
    const { virtual, real, timeout } = subject;
    const script = subject.scripts[state];
    if (script === undefined) return;
    const environment = {
      RELEVO_VIRTUAL: virtual,
      ...(real === undefined ? {} : { RELEVO_REAL: real }),
      RELEVO_STATE: state,
      RELEVO_CAUSE: detail,
      RELEVO_SEQUENCE: `${sequence}`,
    };
    const about = { virtual, ...(real === undefined ? {} : { real }), state, sequence };
    const run = { script, args: [], timeout, environment, about };
    const ok = await runNotifyProgram(run, this.#abort.signal, (happened) => this.#listener.event(happened));
    this.#listener.ran(virtual, `${real === undefined ? "quorum" : "notify"}_${state}`, ok);
  }
}

function subjectKey(virtual: string, real: string | undefined): string {
  return real === undefined ? virtual : `${virtual} ${real}`;
}
