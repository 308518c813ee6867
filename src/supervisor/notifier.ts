/**
 * Tells scripts and pipes what becomes of the instances and sync groups. Nobody waits for it, but for a director that stops.
 *
 * What is told when is decided in `core/supervision/notify-queue.ts`; here the scripts are run.
 */

import type { Event } from "../core/report/event.ts";
import type { InstanceStateName } from "../core/report/channel.ts";
import {
  fifoLine,
  type GroupNotify,
  groupState,
  type InstanceNotify,
  type Notice,
  notifyArguments,
  type NotifyConfig,
  type NotifyScript,
  type NotifySign,
  type NotifyState,
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
import { runNotifyProgram } from "./notify-program.ts";

/** Who hears how it went. */
export interface NotifierListener {
  event(happened: Event): void;
  /** A script of an instance or a sync group has ended. */
  ran(name: string, state: string, ok: boolean): void;
  /** A line for the pipes. */
  line(line: string): void;
}

interface Told {
  notify: InstanceNotify | GroupNotify | undefined;
  queue: NotifyQueue;
  /** The last word on it. */
  last: Notice | undefined;
}

/** The teller. */
export class Notifier {
  readonly #listener: NotifierListener;
  readonly #instances = new Map<string, Told>();
  readonly #groups = new Map<string, Told>();
  readonly #abort = new AbortController();
  #whenIdle: (() => void)[] = [];

  constructor(listener: NotifierListener) {
    this.#listener = listener;
  }

  /**
   * Goes by this configuration from now on. An instance that is not in it keeps its scripts for its stop, which has yet to
   * come, and so does a sync group that goes with all its members. Nobody is told anything anew.
   */
  configure({ instances, groups }: Pick<NotifyConfig, "instances" | "groups">): void {
    for (const notify of instances) known(this.#instances, notify.instance).notify = notify;
    const stay = new Set(groups.map(({ group }) => group));
    const left = new Set(instances.map(({ instance }) => instance));
    for (const [name, told] of this.#groups)
      if (!stay.has(name) && !isStopping(told, left)) this.#groups.delete(name);
    for (const notify of groups) {
      const told = known(this.#groups, notify.group);
      // Of a group that is new nothing has come to pass yet.
      told.last ??= this.#groupNotice(notify, "startup");
      told.notify = notify;
    }
  }

  /** The failover process reported a transition. */
  onTransition(name: string, entered: InstanceStateName, cause: string, priority: number): void {
    this.#notice({ type: "instance", name, state: notifyState(entered), cause, priority });
  }

  /** The failover process reported something about an instance that stays in its state. */
  onSign(name: string, sign: NotifySign, priority: number): void {
    const told = known(this.#instances, name);
    const { last, notify } = told;
    if (last === undefined || notify === undefined || !("instance" in notify)) return;
    told.last = { ...last, priority };
    if (sign === "priority" && !(notify.priorityChanges && isAtWork(last.state))) return;
    this.#put(told, { ...last, sign, cause: sign, priority });
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
  }

  /** Kills what runs, and runs no more. */
  abandon(): void {
    this.#abort.abort();
  }

  #notice(notice: Notice): void {
    const told = known(this.#instances, notice.name);
    const isNews = !(told.last?.state === "stop" && notice.state === "stop");
    told.last = notice;
    if (isNews) this.#put(told, notice);
    for (const [group, { notify }] of this.#groups) {
      if (notify === undefined || !("group" in notify) || !notify.members.includes(notice.name)) continue;
      const ofGroup = this.#groupNotice(notify, notice.cause);
      const toldGroup = known(this.#groups, group);
      if (ofGroup === undefined || ofGroup.state === toldGroup.last?.state) continue;
      toldGroup.last = ofGroup;
      this.#put(toldGroup, ofGroup);
    }
  }

  /** What is to be said of a group; undefined while its members are in different states. */
  #groupNotice({ group: name, members }: GroupNotify, cause: string): Notice | undefined {
    const state = groupState(members.map((member) => this.#instances.get(member)?.last?.state));
    return state && { type: "group", name, state, cause, priority: 0 };
  }

  #put(told: Told, notice: Notice): void {
    this.#listener.line(fifoLine(notice));
    if (told.notify !== undefined) this.#step(told, { type: "notice", notice });
  }

  #step(told: Told, happened: NotifyEvent): void {
    const { queue, tell } = step(told.queue, happened);
    told.queue = queue;
    if (tell !== undefined) void this.#tell(told, tell).then(() => this.#step(told, { type: "ended" }));
    else if (!queue.busy) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /** The script for this alone, then the one for everything. */
  async #tell({ notify }: Told, telling: Telling): Promise<void> {
    if (notify === undefined) return;
    const own = scriptFor(notify, telling);
    if (own !== undefined) await this.#run(own, [], notify.timeout, telling);
    const { always } = notify;
    if (always !== undefined && telling.sign !== "lower-priority")
      await this.#run(always, notifyArguments(telling), notify.timeout, telling);
  }

  async #run(
    script: NotifyScript,
    args: readonly string[],
    timeout: Duration,
    telling: Telling,
  ): Promise<void> {
    const { type, name, state, sequence } = telling;
    const about = { [type]: name, state, sequence };
    const run = { script, args, timeout, environment: environment(telling), about };
    const ok = await runNotifyProgram(run, this.#abort.signal, (happened) => this.#listener.event(happened));
    this.#listener.ran(name, state, ok);
  }

  async #idle(): Promise<void> {
    while ([...this.#instances.values(), ...this.#groups.values()].some(({ queue }) => queue.busy)) {
      await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    }
  }
}

function known(all: Map<string, Told>, name: string): Told {
  let told = all.get(name);
  if (told === undefined)
    all.set(name, (told = { notify: undefined, queue: EMPTY_NOTIFY_QUEUE, last: undefined }));
  return told;
}

/** True for a group none of whose members is left in the configuration, until it has been told so. */
function isStopping({ notify, last, queue }: Told, left: ReadonlySet<string>): boolean {
  if (notify === undefined || !("group" in notify)) return false;
  if (notify.members.some((member) => left.has(member))) return false;
  return last?.state !== "stop" || queue.busy;
}

function isAtWork(state: NotifyState): boolean {
  return state === "master" || state === "backup";
}

function scriptFor(notify: InstanceNotify | GroupNotify, { state, sign }: Telling): NotifyScript | undefined {
  if (sign === undefined) return notify.scripts[state];
  return sign === "lower-priority" && "instance" in notify ? notify.lowerPriority : undefined;
}

/** What a script finds besides its arguments: Relevo's words, as in events and metrics. */
function environment({
  type,
  name,
  state,
  previous,
  cause,
  priority,
  sequence,
}: Telling): Record<string, string> {
  return {
    [type === "group" ? "RELEVO_GROUP" : "RELEVO_INSTANCE"]: name,
    RELEVO_STATE: state,
    RELEVO_PREVIOUS_STATE: previous,
    RELEVO_CAUSE: cause,
    RELEVO_PRIORITY: `${priority}`,
    RELEVO_SEQUENCE: `${sequence}`,
  };
}
