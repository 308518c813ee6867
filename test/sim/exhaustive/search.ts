/**
 * Breadth-first search through every state of a pair that can be reached, up to a bound. A state is remembered by 53 bits
 * of a hash: among a million states, that two are taken for one has a probability of about one in twenty thousand.
 */

import {
  beginning,
  Broken,
  examineSettled,
  healedSuccessor,
  isSettled,
  keyOf,
  movesOf,
  type Pair,
  type Rules,
} from "./pair.ts";

/** What was found. */
export interface Findings {
  readonly states: number;
  /** False when the bound was reached before the end. */
  readonly complete: boolean;
  readonly broken: Broken | undefined;
  /** What led there, in as few steps as possible. */
  readonly story: readonly string[];
}

/** Whose address it shall be once all is healed; undefined when it does not matter which. */
export type Right = 0 | 1 | undefined;

/** Moves that a healed pair needs at the most until one holds: seven ticks with their packets and answers, and to spare. */
const MOVES_MAX = 200;

/** Searches; every `healEach`-th state is healed, and has to come to its one right holder. */
export function search(rules: Rules, right: Right, statesMax: number, healEach: number): Findings {
  const first = beginning();
  const seen = new Set<number>([hash(keyOf(first))]);
  /** For each state, in the order of their discovery, the one that it was found from and which of its moves led there. */
  const from: number[] = [-1];
  const by: number[] = [-1];
  let frontier: [number, Pair][] = [[0, first]];
  let at = 0;
  let move = -1;
  try {
    while (frontier.length > 0) {
      const next: [number, Pair][] = [];
      for (const [index, pair] of frontier) {
        [at, move] = [index, -1];
        if (isSettled(pair)) examineSettled(pair);
        for (const candidate of movesOf(pair, rules)) {
          move += 1;
          const successor = candidate.make();
          const key = hash(keyOf(successor));
          if (seen.has(key)) continue;
          if (seen.size >= statesMax)
            return { states: seen.size, complete: false, broken: undefined, story: [] };
          seen.add(key);
          from.push(index);
          by.push(move);
          next.push([from.length - 1, successor]);
          if (seen.size % healEach === 0) heal(successor, rules, right);
        }
      }
      frontier = next;
    }
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    const path = move < 0 ? [] : [move];
    for (let index = at; index > 0; index = from[index] ?? 0) path.unshift(by[index] ?? 0);
    return { states: seen.size, complete: false, broken: error, story: told(path, rules) };
  }
  return { states: seen.size, complete: true, broken: undefined, story: [] };
}

/** The moves of a path, in words. */
function told(path: readonly number[], rules: Rules): string[] {
  const story: string[] = [];
  let pair = beginning();
  for (const [step, index] of path.entries()) {
    const move = movesOf(pair, rules)[index];
    if (move === undefined) break;
    const states = pair.directors.map(({ state, holds }) => `${state.name}${holds ? "*" : ""}`).join(" ");
    story.push(`${states.padEnd(18)} ${move.what}`);
    if (step < path.length - 1) pair = move.make();
  }
  return story;
}

function heal(pair: Pair, rules: Rules, right: Right): void {
  let healed = pair;
  for (let move = 0; move < MOVES_MAX; move += 1) {
    healed = healedSuccessor(healed, rules);
    if (isSettled(healed) && isRight(healed, right)) return;
  }
  throw new Broken("somebody-holds", `healed, it does not come to one right holder: ${keyOf(healed)}`);
}

function isRight({ directors: [one, other] }: Pair, right: Right): boolean {
  if (one.holds === other.holds) return false;
  return right === undefined || (right === 0 ? one.holds : other.holds);
}

/** Two multiplicative hashes of 32 and 21 bits side by side. */
function hash(text: string): number {
  let high = 0x811c9dc5;
  let low = 0x9e3779b1;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    high = Math.imul(high ^ code, 0x01000193);
    low = Math.imul(low ^ code, 0x85ebca6b);
    low ^= low >>> 13;
  }
  return (high >>> 0) * 2 ** 21 + (low >>> 11);
}
