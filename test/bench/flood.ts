/**
 * `npm run bench:flood -- [--seconds N] [--rate N]`
 *
 * Goal: a flood of forged heartbeats delays no advert, and makes nobody take over or believe the peer dead. Method: a third
 * host sends that many a second on each of two paths to the master, in the name of its peer and from the peer's port; most
 * of them cost as much as can be: right in all that costs nothing to look at, with a code that is not. tcpdump's
 * timestamps tell how far the adverts are from their cadence, without the flood and with it, in one run.
 *
 * Exit status 0 when nothing moved, and no advert was late by a tenth of its interval because of the flood.
 */

import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Capture } from "../net/capture.ts";
import { heartbeatPacket, recorded } from "../net/heartbeat-packet.ts";
import { type InterfaceName, plainEnvironment, type Stage } from "../net/namespace.ts";
import { LinkedPair } from "../net/pair-link.ts";
import type { Flood } from "./flooder.ts";
import { onStage } from "./stage.ts";

/** `web` of the test kit sends so often, in milliseconds. */
const INTERVAL_MS = 100;
const LATE_AT_MOST_MS = INTERVAL_MS / 10;
const PERCENTILES = [50, 90, 99, 100];

interface Size {
  readonly seconds: number;
  readonly rate: number;
}

/** How far each advert of the master is from an interval after the one before, in milliseconds, sorted. */
async function deviations(pair: LinkedPair, meanwhile: () => Promise<void>): Promise<readonly number[]> {
  const capture = await new Capture(pair.lan, pair.probe, "eth0", "ip proto 112 and src 192.0.2.11").ready();
  await meanwhile();
  const times = (await capture.seen()).map(({ time }) => time * 1_000);
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
  return gaps.map((gap) => Math.abs(gap - INTERVAL_MS)).toSorted((one, other) => one - other);
}

/** Nine in ten reach the computation of the code; the others fail at each of the looks before. */
function flavours(genuine: Uint8Array): readonly Uint8Array[] {
  const changed = (at: number, by: number) => genuine.with(at, (genuine[at] ?? 0) ^ by);
  // A number that is far ahead, and so a new one.
  const worst = Array.from({ length: 54 }, () => changed(36, 64));
  return [...worst, genuine, genuine.subarray(0, 60), ...[0, 4, 5, 12].map((at) => changed(at, 1))];
}

async function flood(pair: LinkedPair, on: InterfaceName, { rate, seconds }: Size): Promise<number> {
  const network = on === "eth0" ? "192.0.2" : "198.51.100";
  const [genuine = new Uint8Array()] = await recorded(pair.lan, pair.a.host, on, `${network}.12`);
  const child = pair.lan.own(
    fork(fileURLToPath(new URL("flooder.js", import.meta.url)), {
      serialization: "advanced",
      execPath: "ip",
      execArgv: [...pair.probe.inside(), process.execPath],
      env: plainEnvironment(),
    }),
  );
  const packets = flavours(genuine).map((payload) => heartbeatPacket(on, 12, 11, payload));
  child.send({ interface: on, packets, rate, seconds } satisfies Flood);
  const [sent] = (await once(child, "message")) as [number];
  child.kill();
  return sent / seconds;
}

function at(sorted: readonly number[], percentile: number): number {
  return sorted[Math.ceil((sorted.length * percentile) / 100) - 1] ?? 0;
}

function show(title: string, sorted: readonly number[]): void {
  const parts = PERCENTILES.map((percentile) => `p${percentile} ${at(sorted, percentile).toFixed(2)} ms`);
  console.log(`${title}: ${sorted.length} adverts, off their cadence by ${parts.join(", ")}`);
}

async function measure(size: Size, stage: Stage): Promise<boolean> {
  const pair = await new LinkedPair(stage).start();
  const { a, b } = pair;
  const before = [a, b].map((one) => one.transitions.length);
  const calm = await deviations(pair, () => sleep(size.seconds * 1_000));
  show("without the flood", calm);
  let rates: readonly number[] = [];
  const flooded = await deviations(pair, async () => {
    rates = await Promise.all((["eth0", "eth1"] as const).map((on) => flood(pair, on, size)));
  });
  show("with the flood   ", flooded);
  await a.nextReport();
  const ratios = PERCENTILES.map((p) => `p${p} ${(at(flooded, p) / at(calm, p)).toFixed(2)}`);
  console.log(`ratio: ${ratios.join(", ")}`);
  const discarded = ["public", "private"].map((path) => a.counted("heartbeats_discarded", { path }));
  console.log(
    `${rates.map((rate) => Math.round(rate)).join(" and ")} a second sent; ` +
      `${discarded.map((count) => Math.round(count / size.seconds)).join(" and ")} a second read and discarded`,
  );
  const moved = [a, b].filter((one, index) => one.transitions.length !== before[index]).length;
  const silences = a.named("peer-silent").length + b.named("peer-silent").length;
  const lost = a.named("heartbeat-path-lost").length;
  console.log(`${moved} directors moved, ${silences} silences of a peer that lives, ${lost} of a path`);
  await Promise.all([a.kill(), b.kill()]);
  return moved === 0 && silences === 0 && at(flooded, 99) - at(calm, 99) < LATE_AT_MOST_MS;
}

function readSize(): Size {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "20" },
      rate: { type: "string", default: "50000" },
    },
  });
  return { seconds: Number(values.seconds), rate: Number(values.rate) };
}

process.exit((await onStage((stage) => measure(readSize(), stage))) ? 0 : 1);
