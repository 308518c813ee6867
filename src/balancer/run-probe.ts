/** From a check's type to the probe that does it. */

import type { ProbeResult } from "../core/health/check.ts";
import type { Probe } from "../core/health/model.ts";
import type { ProgramRoll } from "../linux/program-roll.ts";
import { probe as probeScript } from "../probes/script.ts";
import { probe as probeSendExpect } from "../probes/send-expect.ts";
import { probe as probeTcp } from "../probes/tcp.ts";

/** Probes once. Never throws; an aborted probe fails. A program is on the `roll` while it runs. */
export function runProbe(probe: Probe, signal: AbortSignal, roll: ProgramRoll): Promise<ProbeResult> {
  switch (probe.type) {
    case "tcp":
      return probeTcp(probe, signal);
    case "send_expect":
      return probeSendExpect(probe, signal);
    case "script":
      return probeScript(probe, signal, roll);
  }
}
