/** All auditors over one run's record. */

import type { Duration, Instant } from "../../core/units/time.ts";
import type { Observation } from "../observation.ts";
import { type Allowance, floating, type Method, SECOND_ANNOUNCEMENT, takeoverBound } from "../plan.ts";
import { auditAnnounced } from "./announced.ts";
import { auditGoneBeforeTold } from "./gone-before-told.ts";
import { auditKernelTruth, type Snapshot } from "./kernel-truth.ts";
import { auditOneHolder } from "./one-holder.ts";
import { auditReplyPath } from "./reply-path.ts";
import { auditSomebodyHolds } from "./somebody-holds.ts";
import type { Verdict } from "./verdict.ts";

/** What a run has left to be judged. */
export interface Record {
  readonly method: Method;
  readonly seen: readonly Observation[];
  readonly snapshots: readonly Snapshot[];
  /** What happened from then on is not judged. */
  readonly end: Instant;
}

/** The verdict on each rule. */
export function auditAll({ method, seen, snapshots, end }: Record, allowance: Allowance): readonly Verdict[] {
  const addresses = floating(method).map(({ address }) => address);
  const afterFault = takeoverBound(allowance);
  return [
    auditOneHolder(seen, addresses, allowance.overlap, end),
    auditSomebodyHolds(
      seen,
      addresses,
      {
        afterFault,
        afterStart: (afterFault + allowance.startUp) as Duration,
        inPassing: allowance.overlap,
      },
      end,
    ),
    auditAnnounced(
      seen,
      floating(method),
      { within: allowance.announcement, secondAfter: SECOND_ANNOUNCEMENT },
      end,
    ),
    auditGoneBeforeTold(seen, addresses, end),
    auditKernelTruth(snapshots),
    auditReplyPath(method, seen, end),
  ];
}
