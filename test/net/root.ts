/**
 * Where a test runs that needs root for network namespaces, but nothing that an ordinary kernel lacks: here when we are
 * root and may make them, else in the guest, where everybody is.
 */

import type { TAP } from "tap";
import { isRoot, runsHereIf } from "../ipvs/guest.ts";

/** Whether this file's tests are to run here: we are root. Else they run in the guest. */
export function hasRoot(t: TAP, testUrl: string): boolean {
  return runsHereIf(isRoot(), t, testUrl);
}
