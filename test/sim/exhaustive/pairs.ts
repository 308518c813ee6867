/** The pairs that are searched. Priorities are multiples of 64, so that every skew is a multiple of a quarter of a second. */

import { seconds } from "../../../src/core/units/time.ts";
import { routerOf, type Rules } from "./pair.ts";
import type { Right } from "./search.ts";

/** One of them. */
export interface Case {
  readonly name: string;
  readonly rules: Rules;
  readonly right: Right;
}

const PATIENT = { preemptDelay: seconds(2), downTimerAdverts: 2 };

export const CASES: readonly Case[] = [
  {
    name: "priorities 192 and 128",
    rules: { routers: [routerOf(192, true), routerOf(128, true)], flyingMax: 2 },
    right: 0,
  },
  {
    name: "equal priorities",
    rules: { routers: [routerOf(128, true), routerOf(128, true)], flyingMax: 2 },
    right: undefined,
  },
  {
    name: "priorities 192 and 128, no preemption",
    rules: { routers: [routerOf(192, false), routerOf(128, false)], flyingMax: 2 },
    right: undefined,
  },
  {
    name: "priorities 192 and 128, preempt_delay 2 s, down_timer_adverts 2",
    rules: { routers: [routerOf(192, true, PATIENT), routerOf(128, true, PATIENT)], flyingMax: 2 },
    right: 0,
  },
];
