/**
 * What a virtual router has decided and what of it may be done now.
 *
 * Adverts go out the moment they are decided, whatever else is still being done, and so do remarks. All other effects are
 * carried out in the order of their decision, each when the one before it is done: an address is off before anyone is told so, and on
 * before it is announced.
 */

import type { VirtualRouter } from "./model.ts";
import type { Effect, Remark } from "./event.ts";
import type { State } from "./state.ts";

/** An effect that waits for its turn, and the router as it was when that was decided. */
export interface Task {
  readonly effect: Deed;
  readonly router: VirtualRouter;
}

/** An effect that takes its time. */
type Deed = Exclude<Effect, { type: "send-advert" | "ask" } | Remark>;

const AT_ONCE: Readonly<Record<Exclude<Effect, Deed>["type"], true>> = {
  "send-advert": true,
  ask: true,
  "request-handover": true,
  "held-back-by-peer": true,
  "silence-contradicted": true,
  "lesser-master": true,
};

/** Tasks in their order; the first is being carried out while `busy`. */
export interface Outbox {
  readonly busy: boolean;
  readonly tasks: readonly Task[];
}

/** Nothing to do. */
export const EMPTY_OUTBOX: Outbox = { busy: false, tasks: [] };

/** Puts a step's effects behind those that wait; what is done at once is not among them. */
export function put(outbox: Outbox, effects: readonly Effect[], router: VirtualRouter): Outbox {
  const tasks = effects.flatMap((effect) => (isDeed(effect) ? [{ effect, router }] : []));
  return tasks.length === 0 ? outbox : { ...outbox, tasks: [...outbox.tasks, ...tasks] };
}

/** The task whose turn has come; undefined while another is being carried out, or when there is none. */
export function nextTask({ busy, tasks }: Outbox): Task | undefined {
  return busy ? undefined : tasks[0];
}

/** The first task is being carried out. */
export function begun(outbox: Outbox): Outbox {
  return { ...outbox, busy: true };
}

/** The first task is done. */
export function done({ tasks }: Outbox): Outbox {
  return { busy: false, tasks: tasks.slice(1) };
}

/**
 * True while an announcement is worth making. Lost again while the kernel was busy: it would draw the clients away from
 * the winner. In a handover of ours it is the peer that announces.
 */
export function mayAnnounce(state: State): boolean {
  return state.name === "master" && state.mute !== true;
}

function isDeed(effect: Effect): effect is Deed {
  return !Object.hasOwn(AT_ONCE, effect.type);
}
