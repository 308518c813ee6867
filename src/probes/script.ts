/** Runs a program; exit status 0 is success. */

import type { ProbeResult } from "../core/health/check.ts";
import type { ScriptProbe } from "../core/health/model.ts";
import { shown } from "../core/report/shown.ts";
import { runProgram } from "../linux/run-program.ts";

/** Probes once. Never throws; an aborted probe fails. */
export async function probe(spec: ScriptProbe, signal: AbortSignal): Promise<ProbeResult> {
  const { status, detail, output } = await runProgram(spec, signal);
  return { ok: status === 0, detail: output === "" ? detail : `${detail}; said ${shown(output.trimEnd())}` };
}
