/** What an auditor says. */

import { type Duration, type Instant, toMilliseconds, toSeconds } from "../../core/units/time.ts";

/** A rule, what breaks it, and what speaks for it. */
export interface Verdict {
  /** The rule, in a few words. */
  readonly rule: string;
  /** Every breach, as a sentence; the rule held when there is none. */
  readonly breaches: readonly string[];
  /** What was seen when it held, with the allowance that was made. */
  readonly evidence: string;
}

/** A rule that nothing put to the test has not held: an auditor that saw nothing says so. */
export function verdict(rule: string, breaches: readonly string[], cases: number, evidence: string): Verdict {
  if (cases === 0)
    return { rule, breaches: [...breaches, "nothing was seen that could have put it to the test"], evidence };
  return { rule, breaches, evidence };
}

/** An instant as the timeline prints it. */
export function clock(at: Instant): string {
  return `${toSeconds(at as unknown as Duration).toFixed(3)} s`;
}

/** A duration in whole milliseconds. */
export function ms(duration: number): string {
  return `${Math.round(toMilliseconds(duration as Duration))} ms`;
}
