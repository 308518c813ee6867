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
  const [least, most] = [parseDuration(min) ?? 0, parseDuration(max) ?? 0];
  return leaf(
    "a duration such as 2 (seconds), 100ms, 1.5s, 2m or 1h",
    (value): Reading<Duration> | undefined => {
      if (typeof value !== "number" && typeof value !== "string") return undefined;
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
    },
  );
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
