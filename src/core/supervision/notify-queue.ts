/**
 * Which state of an instance its scripts are told, and when: one after the other, and the last state always wins.
 *
 * Scripts take their time, states do not wait for them. While a script runs, states that come and go are left out, and
 * when it has ended the last one is told, also when that is what the script was told already: whatever it did may have
 * overlapped with what came between. So nothing is ever told twice at once, and what was told last is what is.
 *
 * What happens within a state is told after it, each kind once: a state that still waits to be told says it all, and one
 * that is entered meanwhile makes it void.
 */

import type { Notice, NotifyState } from "./notify.ts";

/** A state being told. */
export interface Telling extends Notice {
  /** The state that was told before; `init` when none was. What came and went meanwhile is left out. */
  readonly previous: NotifyState | "init";
  /** Counts the tellings of the instance from 1. */
  readonly sequence: number;
}

/** What an instance's scripts have been told, and what they have not. */
export interface NotifyQueue {
  /** Told last; still being told while `busy`. */
  readonly told: Telling | undefined;
  readonly busy: boolean;
  /** To be told one after the other as soon as the scripts are done: a state, or what happened in it. */
  readonly waiting: readonly Notice[];
}

/** What can happen. */
export type NotifyEvent =
  | { readonly type: "notice"; readonly notice: Notice }
  /** The scripts for the state that was being told have ended, however. */
  | { readonly type: "ended" };

/** The next queue, and what to tell now. */
export interface NotifyStep {
  readonly queue: NotifyQueue;
  readonly tell: Telling | undefined;
}

/** Nothing was told yet. */
export const EMPTY_NOTIFY_QUEUE: NotifyQueue = { told: undefined, busy: false, waiting: [] };

/** One event in; the next queue and what to tell now out. */
export function step(queue: NotifyQueue, event: NotifyEvent): NotifyStep {
  switch (event.type) {
    case "notice":
      if (lastState(queue) === "stop" && event.notice.state === "stop") return { queue, tell: undefined };
      return tellNext({ ...queue, waiting: putBehind(queue.waiting, event.notice) });
    case "ended":
      return tellNext({ ...queue, busy: false });
  }
}

/** The last state that came to pass, told or not. */
function lastState({ told, waiting }: NotifyQueue): NotifyState | undefined {
  return (waiting.at(-1) ?? told)?.state;
}

function putBehind(waiting: readonly Notice[], notice: Notice): readonly Notice[] {
  if (notice.sign === undefined) return [notice];
  const [first] = waiting;
  if (first !== undefined && first.sign === undefined) return [{ ...first, priority: notice.priority }];
  return [...waiting.filter(({ sign }) => sign !== notice.sign), notice];
}

function tellNext(queue: NotifyQueue): NotifyStep {
  const { told, busy } = queue;
  const [next, ...waiting] = queue.waiting;
  if (busy || next === undefined) return { queue, tell: undefined };
  const tell = { ...next, previous: told?.state ?? "init", sequence: (told?.sequence ?? 0) + 1 } as const;
  return { queue: { told: tell, busy: true, waiting }, tell };
}
