/**
 * Which state of something, such as an instance, its scripts are told, and when: one after the other, and the last state always wins.
 *
 * Scripts take their time, states do not wait for them. While a script runs, states that come and go are left out, and
 * when it has ended the last one is told, also when that is what the script was told already: whatever it did may have
 * overlapped with what came between. So nothing is ever told twice at once, and what was told last is what is.
 *
 * What happens within a state is told after it, each kind once: a state that still waits to be told says it all, and one
 * that is entered meanwhile makes it void.
 */

import type { Notice } from "./notify.ts";

/** Something that a state can be told of: an instance, a virtual or a real server. */
interface Stated {
  readonly state: string;
  /** What happened within the state; undefined for the state itself. */
  readonly sign?: string | undefined;
  readonly priority?: number | undefined;
}

/** A state being told. */
export type Telling<N extends Stated = Notice> = N & {
  /** The state that was told before; `init` when none was. What came and went meanwhile is left out. */
  readonly previous: N["state"] | "init";
  /** Counts the tellings from 1. */
  readonly sequence: number;
};

/** What the scripts of one of them have been told, and what they have not. */
export interface NotifyQueue<N extends Stated = Notice> {
  /** Told last; still being told while `busy`. */
  readonly told: Telling<N> | undefined;
  readonly busy: boolean;
  /** To be told one after the other as soon as the scripts are done: a state, or what happened in it. */
  readonly waiting: readonly N[];
}

/** What can happen. */
export type NotifyEvent<N extends Stated = Notice> =
  | { readonly type: "notice"; readonly notice: N }
  /** The scripts for the state that was being told have ended, however. */
  | { readonly type: "ended" };

/** The next queue, and what to tell now. */
export interface NotifyStep<N extends Stated = Notice> {
  readonly queue: NotifyQueue<N>;
  readonly tell: Telling<N> | undefined;
}

/** Nothing was told yet. */
export const EMPTY_NOTIFY_QUEUE: NotifyQueue<never> = { told: undefined, busy: false, waiting: [] };

/** One event in; the next queue and what to tell now out. */
export function step<N extends Stated>(queue: NotifyQueue<N>, event: NotifyEvent<N>): NotifyStep<N> {
  switch (event.type) {
    case "notice":
      if (lastState(queue) === "stop" && event.notice.state === "stop") return { queue, tell: undefined };
      return tellNext({ ...queue, waiting: putBehind(queue.waiting, event.notice) });
    case "ended":
      return tellNext({ ...queue, busy: false });
  }
}

/** The last state that came to pass, told or not. */
function lastState<N extends Stated>({ told, waiting }: NotifyQueue<N>): string | undefined {
  return (waiting.at(-1) ?? told)?.state;
}

function putBehind<N extends Stated>(waiting: readonly N[], notice: N): readonly N[] {
  if (notice.sign === undefined) return [notice];
  const [first] = waiting;
  if (first !== undefined && first.sign === undefined) return [{ ...first, priority: notice.priority }];
  return [...waiting.filter(({ sign }) => sign !== notice.sign), notice];
}

function tellNext<N extends Stated>(queue: NotifyQueue<N>): NotifyStep<N> {
  const { told, busy } = queue;
  const [next, ...waiting] = queue.waiting;
  if (busy || next === undefined) return { queue, tell: undefined };
  const previous: N["state"] | "init" = told?.state ?? "init";
  const tell = { ...next, previous, sequence: (told?.sequence ?? 0) + 1 };
  return { queue: { told: tell, busy: true, waiting }, tell };
}
