/** Runs a program; exit status 0 is success. */

import type { ProbeResult } from "../core/health/check.ts";
import type { ScriptProbe } from "../core/health/model.ts";
import { shown } from "../core/report/shown.ts";
import type { ProgramRoll } from "../linux/program-roll.ts";
import { runProgram } from "../linux/run-program.ts";

/** Probes once. Never throws; an aborted probe fails. While it runs the program is on the `roll`. */
export async function probe(
  spec: ScriptProbe,
  signal: AbortSignal,
  roll?: ProgramRoll,
): Promise<ProbeResult> {
  const { status, detail, output } = await runProgram(spec, signal, roll);
  return { ok: status === 0, detail: output === "" ? detail : `${detail}; said ${shown(output.trimEnd())}` };
}
