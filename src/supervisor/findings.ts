/**
 * What the supervisor has found out about tracked objects, for a failover process that is there now, and for the next one.
 */

import type { Finding, TrackKind } from "../core/track/model.ts";

/** The last word on each object. */
export class FindingBook {
  readonly #findings = new Map<string, Finding>();
  readonly #tell: (finding: Finding) => void;

  /** `tell` is called with each finding that is news. */
  constructor(tell: (finding: Finding) => void) {
    this.#tell = tell;
  }

  /** Everything that is known, for somebody who knows nothing yet. */
  get all(): readonly Finding[] {
    return [...this.#findings.values()];
  }

  /** An object has been looked at. */
  add(finding: Finding): void {
    const key = `${finding.kind} ${finding.object}`;
    const before = this.#findings.get(key);
    this.#findings.set(key, finding);
    if (before?.verdict !== finding.verdict) this.#tell(finding);
  }

  /** An object is not looked at any more. */
  forget(kind: TrackKind, object: string): void {
    this.#findings.delete(`${kind} ${object}`);
  }
}
