/** The pairs that are searched. Priorities are multiples of 64, so that every skew is a multiple of a quarter of a second. */

import { routerOf, type Rules } from "./pair.ts";
import type { Right } from "./search.ts";

/** One of them. */
export interface Case {
  readonly name: string;
  readonly rules: Rules;
  readonly right: Right;
}

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
];
