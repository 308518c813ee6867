/**
 * Tells scripts and pipes what becomes of the instances. Nobody waits for it, but for a director that stops.
 *
 * What is told when is decided in `core/supervision/notify-queue.ts`; here the scripts are run.
 */

import type { Event } from "../core/report/event.ts";
import type { InstanceStateName } from "../core/report/channel.ts";
import {
  type InstanceNotify,
  type Notice,
  notifyArguments,
  type NotifyConfig,
  type NotifyScript,
  notifyState,
} from "../core/supervision/notify.ts";
import {
  EMPTY_NOTIFY_QUEUE,
  type NotifyEvent,
  type NotifyQueue,
  step,
  type Telling,
} from "../core/supervision/notify-queue.ts";
import type { Duration } from "../core/units/time.ts";
import { NotifyPipes } from "./notify-pipes.ts";
import { runNotifyProgram } from "./notify-program.ts";

/** Who hears how it went. */
export interface NotifierListener {
  event(happened: Event): void;
  /** A script has ended. */
  ran(instance: string, state: string, ok: boolean): void;
  /** Lines for a pipe were dropped. */
  dropped(path: string, count: number): void;
}

interface Told {
  notify: InstanceNotify | undefined;
  queue: NotifyQueue;
  /** The last word on it. */
  last: Notice | undefined;
}

/** The teller. */
export class Notifier {
  readonly #listener: NotifierListener;
  readonly #pipes: NotifyPipes;
  readonly #instances = new Map<string, Told>();
  readonly #abort = new AbortController();
  #whenIdle: (() => void)[] = [];

  constructor(runDirectory: string, listener: NotifierListener) {
    this.#listener = listener;
    this.#pipes = new NotifyPipes(runDirectory, listener);
  }

  /**
   * Goes by this configuration from now on. An instance that is not in it keeps its scripts for its stop, which has yet to
   * come. Nobody is told anything anew.
   */
  configure({ instances, fifos }: NotifyConfig): void {
    for (const notify of instances) this.#told(notify.instance).notify = notify;
    this.#pipes.configure(fifos);
  }

  /** The failover process reported a transition. */
  onTransition(instance: string, entered: InstanceStateName, cause: string, priority: number): void {
    this.#notice({ instance, state: notifyState(entered), cause, priority });
  }

  /** The failover process is away, and its addresses have been taken off for it. */
  onFailoverAway(): void {
    for (const { last } of this.#instances.values()) {
      if (last === undefined || last.state === "stop" || last.state === "fault") continue;
      this.#notice({ ...last, state: "fault", cause: "process-died" });
    }
  }

  /** Tells all that is left that it has stopped; resolves when all have been told. The addresses are off by now. */
  async stop(): Promise<void> {
    for (const { last } of this.#instances.values())
      if (last !== undefined) this.#notice({ ...last, state: "stop", cause: "shutdown" });
    await this.#idle();
    this.#pipes.close();
  }

  /** Kills what runs, and runs no more. */
  abandon(): void {
    this.#abort.abort();
  }

  #told(instance: string): Told {
    const known = this.#instances.get(instance);
    if (known !== undefined) return known;
    const told = { notify: undefined, queue: EMPTY_NOTIFY_QUEUE, last: undefined };
    this.#instances.set(instance, told);
    return told;
  }

  #notice(notice: Notice): void {
    const told = this.#told(notice.instance);
    if (!(told.last?.state === "stop" && notice.state === "stop")) this.#pipes.tell(notice);
    told.last = notice;
    if (told.notify !== undefined) this.#step(told, { type: "notice", notice });
  }

  #step(told: Told, happened: NotifyEvent): void {
    const { queue, tell } = step(told.queue, happened);
    told.queue = queue;
    if (tell !== undefined) void this.#tell(told, tell).then(() => this.#step(told, { type: "ended" }));
    else if (!queue.busy) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** The state's own script, then the one for all states. */
  async #tell({ notify }: Told, telling: Telling): Promise<void> {
    if (notify === undefined) return;
    const own = notify.scripts[telling.state];
    if (own !== undefined) await this.#run(own, [], notify.timeout, telling);
    const { always } = notify;
    if (always !== undefined) await this.#run(always, notifyArguments(telling), notify.timeout, telling);
  }

  async #run(
    script: NotifyScript,
    args: readonly string[],
    timeout: Duration,
    telling: Telling,
  ): Promise<void> {
    const { instance, state, sequence } = telling;
    const about = { instance, state, sequence };
    const run = { script, args, timeout, environment: environment(telling), about };
    const ok = await runNotifyProgram(run, this.#abort.signal, (happened) => this.#listener.event(happened));
    this.#listener.ran(instance, state, ok);
  }

  async #idle(): Promise<void> {
    while ([...this.#instances.values()].some(({ queue }) => queue.busy)) {
      await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    }
  }
}

/** What a script finds besides its arguments: Relevo's words, as in events and metrics. */
function environment({
  instance,
  state,
  previous,
  cause,
  priority,
  sequence,
}: Telling): Record<string, string> {
  return {
    RELEVO_INSTANCE: instance,
    RELEVO_STATE: state,
    RELEVO_PREVIOUS_STATE: previous,
    RELEVO_CAUSE: cause,
    RELEVO_PRIORITY: `${priority}`,
    RELEVO_SEQUENCE: `${sequence}`,
  };
}
