/**
 * Spans of time as an operator writes them: a number is seconds, as in keepalived; text carries its unit.
 */

import type { z } from "zod";
import { type Duration, microseconds } from "../../core/units/time.ts";
import { quote } from "../diagnostic.ts";
import { leaf, type Reading, refuse } from "./leaf.ts";

/** Units by size, in microseconds. */
const UNITS = { h: 3_600_000_000, m: 60_000_000, s: 1_000_000, ms: 1_000 } as const;

/**
 * A span of time between two others, both of them as an operator would write them. Where keepalived counts in milliseconds,
 * a bare number above `bareMax` is taken for such and refused.
 */
export function duration(min: string, max: string, bareMax = Number.POSITIVE_INFINITY): z.ZodType<Duration> {
  return leaf(WANTED, (value) => readDuration(value, min, max, bareMax));
}

/** A number of whole seconds between two spans: what the kernel keeps no fractions of. */
export function wholeSeconds(min: string, max: string): z.ZodType<number> {
  return leaf(WANTED, (value): Reading<number> | undefined => {
    const reading = readDuration(value, min, max, Number.POSITIVE_INFINITY);
    if (reading === undefined || "refusal" in reading) return reading;
    const seconds = reading.value / UNITS.s;
    if (Number.isInteger(seconds)) return { value: seconds };
    const message = `${shown(value as number | string)} is not whole: the kernel counts seconds`;
    return refuse("out-of-range", message);
  });
}

const WANTED = "a duration such as 2 (seconds), 100ms, 1.5s, 2m or 1h";

function readDuration(
  value: unknown,
  min: string,
  max: string,
  bareMax: number,
): Reading<Duration> | undefined {
  if (typeof value !== "number" && typeof value !== "string") return undefined;
  const [least, most] = [parseDuration(min) ?? 0, parseDuration(max) ?? 0];
  const span = typeof value === "number" ? microseconds(value * UNITS.s) : parseDuration(value);
  if (span === undefined || Number.isNaN(span)) {
    return refuse(
      "bad-duration",
      `${quote(String(value))} is no duration: write 2 (seconds), 100ms, 1.5s, 2m or 1h`,
    );
  }
  if (typeof value === "number" && value > bareMax) {
    return refuse(
      "bare-milliseconds",
      `a bare number is seconds here, and keepalived's are milliseconds: write ${value}ms if that is meant, else ${value}s`,
    );
  }
  if (span < least || span > most) {
    return refuse(
      "out-of-range",
      `${shown(value)} is outside ${min}..${max}: choose a duration in that range`,
    );
  }
  return { value: span };
}

/** The span that a text with a unit spells, such as `100ms`; undefined when it spells none. */
function parseDuration(text: string): Duration | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,15})?)(ms|s|m|h)$/.exec(text);
  if (match === null) return undefined;
  return microseconds(Number(match[1]) * UNITS[match[2] as keyof typeof UNITS]);
}

/** The span in the largest unit that leaves no fraction of it, as it could stand in the file. */
export function formatDuration(span: Duration): string {
  for (const [unit, size] of Object.entries(UNITS)) {
    if (span % size === 0 && span >= size) return `${span / size}${unit}`;
  }
  return span === 0 ? "0s" : `${span / UNITS.ms}ms`;
}

function shown(value: number | string): string {
  return typeof value === "number" ? `${value}s` : value;
}
