/**
 * Rule 7, the kernel is the truth: at rest the IPVS table and the addresses are what the configuration and the living
 * real servers ask for, nothing less and nothing more, and what somebody else put there is untouched.
 */

import type { Instant } from "../../core/units/time.ts";
import type { DirectorName } from "../plan.ts";
import { clock, type Verdict, verdict } from "./verdict.ts";

/** A director's kernel at a moment of rest. Each line is one service, destination, address or whatever was looked at. */
export interface Snapshot {
  readonly at: Instant;
  readonly director: DirectorName;
  /** What the moment is, such as `rs2 dead`. */
  readonly moment: string;
  readonly expected: readonly string[];
  readonly found: readonly string[];
}

/** Compares what each snapshot found with what it should have. */
export function auditKernelTruth(snapshots: readonly Snapshot[]): Verdict {
  const breaches = snapshots.flatMap((snapshot) => {
    const where = `${snapshot.director} at ${clock(snapshot.at)} (${snapshot.moment})`;
    return [
      ...minus(snapshot.expected, snapshot.found).map((line) => `${where} lacks: ${line}`),
      ...minus(snapshot.found, snapshot.expected).map((line) => `${where} has: ${line}`),
    ];
  });
  const lines = snapshots.reduce((sum, snapshot) => sum + snapshot.found.length, 0);
  const evidence = `${snapshots.length} looks at rest, ${lines} addresses, services and destinations`;
  return verdict("7 the kernel is the truth", breaches, snapshots.length, evidence);
}

function minus(lines: readonly string[], others: readonly string[]): readonly string[] {
  return lines.filter((line) => !others.includes(line));
}
