/** Which sequence numbers have been there: a sliding window of 64, as RFC 4303 §3.4.3 has it. */

/** So far behind the highest a number can still be told from one that was there. */
const WIDTH = 64;
const MASK = (1n << BigInt(WIDTH)) - 1n;

/** The numbers of one boot on one path. */
export interface Window {
  readonly highest: number;
  /** Bit n is set when `highest - n` was there. */
  readonly seen: bigint;
}

/** Nothing has been there; numbers start at 1. */
export const EMPTY_WINDOW: Window = { highest: 0, seen: 1n };

/** Nothing up to that number counts any more. */
export function windowAfter(highest: number): Window {
  return { highest, seen: MASK };
}

/** Whether that number was there, or may have been; undefined when it is new. */
export function seenBefore(window: Window, sequence: number): "replayed" | "too-old" | undefined {
  const behind = window.highest - sequence;
  if (behind < 0) return undefined;
  if (behind >= WIDTH) return "too-old";
  return ((window.seen >> BigInt(behind)) & 1n) === 1n ? "replayed" : undefined;
}

/** The window once that number, a new one, was there. */
export function withSequence({ highest, seen }: Window, sequence: number): Window {
  const ahead = sequence - highest;
  if (ahead <= 0) return { highest, seen: seen | (1n << BigInt(-ahead)) };
  const moved = ahead >= WIDTH ? 0n : (seen << BigInt(ahead)) & MASK;
  return { highest: sequence, seen: moved | 1n };
}
