/**
 * `npm run bench:sync -- [--streams N] [--handovers N] [--takeovers N] [--method NAT|DR]`
 *
 * Goal: connections live on when the virtual address changes hands. Method: a pair of whole Relevos with connection sync, a
 * client with long-lived TCP streams through the virtual address; so many handovers and takeovers, in turns. Prints a line
 * for each, with the streams that are open and those that were lost. Runs in the guest where this kernel has no ip_vs.
 *
 * Exit status 0 when no stream was lost.
 */

import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isRoot, kernelHasIpvs } from "../ipvs/guest.ts";
import { type Method, Streams } from "../ipvs/streams.ts";
import { onStage } from "./stage.ts";

const LIMIT_S = 7_200;

interface Size {
  readonly streams: number;
  readonly handovers: number;
  readonly takeovers: number;
}

/** On a stage of its own for each method. */
async function measure(
  scene: Streams,
  method: Method,
  { streams, handovers, takeovers }: Size,
): Promise<number> {
  const tell = (what: string): void => console.log(`${method} ${what}: ${JSON.stringify(scene.standing)}`);
  await scene.start();
  await scene.open(streams);
  tell("at the start");
  for (let round = 1; round <= Math.max(handovers, takeovers); round += 1) {
    if (round <= handovers) {
      await scene.handOver();
      tell(`handover ${round}`);
    }
    if (round <= takeovers) {
      await scene.takeOver();
      tell(`takeover ${round}`);
    }
  }
  return scene.standing?.lost ?? streams;
}

const { values } = parseArgs({
  options: {
    streams: { type: "string", default: "200" },
    handovers: { type: "string", default: "10" },
    takeovers: { type: "string", default: "10" },
    method: { type: "string" },
  },
});

if (process.env["RELEVO_GUEST"] === undefined && !(isRoot() && kernelHasIpvs())) {
  const program = [process.execPath, "--enable-source-maps", fileURLToPath(import.meta.url)];
  const command = ["--limit", `${LIMIT_S}`, "--", ...program, ...process.argv.slice(2)];
  process.exit(spawnSync(resolve("scripts/guest"), command, { stdio: "inherit" }).status ?? 1);
}
const methods = (["NAT", "DR"] as const).filter((method) => (values.method ?? method) === method);
let lost = 0;
const size: Size = {
  streams: Number(values.streams),
  handovers: Number(values.handovers),
  takeovers: Number(values.takeovers),
};
for (const method of methods)
  lost += await onStage((stage) => measure(new Streams(stage, method), method, size));
console.log(lost === 0 ? "no stream was lost" : `${lost} streams were lost`);
process.exit(lost === 0 ? 0 : 1);
