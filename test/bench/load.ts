/**
 * `npm run bench:load -- [--seconds N] [--instances N] [--loops N]`
 *
 * Goal: a pair under load has no false failover. Method: two failover processes in namespaces, with many instances at one
 * second and one at ten milliseconds, on two processors that busy loops keep from resting; first with real-time
 * scheduling, then without, in one run. Every transition of the backup in that time is a false one. Prints how late the
 * timers fired.
 *
 * Exit status 0 when there was no false transition with real-time scheduling.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { VirtualRouter } from "../../src/core/vrrp/model.ts";
import type { Ipv4 } from "../../src/core/units/ipv4.ts";
import { seconds } from "../../src/core/units/time.ts";
import { Director, web } from "../net/director.ts";
import { Lan, type Stage, until } from "../net/namespace.ts";
import { onStage } from "./stage.ts";

/** Virtual router ids of one interface. */
const PER_INTERFACE = 250;
const REALTIME = 50;
const PERCENTILES = [50, 99, 99.9, 100];

interface Load {
  readonly seconds: number;
  readonly instances: number;
  readonly loops: number;
}

interface Outcome {
  readonly transitions: number;
  /** In milliseconds, sorted. */
  readonly lateness: readonly number[];
}

function routers(count: number, priority: number): VirtualRouter[] {
  const slow = Array.from({ length: count }, (_, index) => {
    const name = index < PER_INTERFACE ? "eth0" : "eth1";
    const address = `10.0.${index >> 8}.${index & 255}` as Ipv4;
    return web({
      name: `slow${index}`,
      interface: name,
      vrid: (index % PER_INTERFACE) + 1,
      priority,
      advertInterval: seconds(1),
      addresses: [{ address, prefixLength: 32, interface: name }],
    });
  });
  const fast = web({ name: "fast", vrid: 255, priority, advertInterval: seconds(0.01) });
  return [fast, ...slow];
}

async function measure(load: Load, realtimePriority: number, stage: Stage): Promise<Outcome> {
  const lan = new Lan(stage);
  const master = new Director(lan, lan.host("lvs1", 11));
  await master.configure(routers(load.instances, 200), undefined, { realtimePriority });
  const held = () => master.instances.filter(({ state }) => state === "master").length;
  await until("the master holds everything", () => held() === load.instances + 1, 60);
  const backup = new Director(lan, lan.host("lvs2", 12));
  await backup.configure(routers(load.instances, 100), undefined, { realtimePriority });
  await sleep(5_000);

  // Bounded by itself, should nobody be left to end it.
  const busy = `const end = Date.now() + ${(load.seconds + 60) * 1_000}; while (Date.now() < end);`;
  const loops = Array.from({ length: load.loops }, () => lan.own(spawn(process.execPath, ["-e", busy])));
  const [before, ...marks] = [backup.named("vrrp-transition").length, master, backup].map((of) =>
    typeof of === "number" ? of : of.lateness.length,
  );
  await sleep(load.seconds * 1_000);
  await end(loops);
  await backup.nextReport();
  await master.nextReport();
  const lateness = [master, backup].flatMap((of, index) => of.lateness.slice(marks[index]));
  await Promise.all([master.kill(), backup.kill()]);
  return {
    transitions: backup.named("vrrp-transition").length - (before ?? 0),
    lateness: lateness.map((late) => late * 1_000).toSorted((one, other) => one - other),
  };
}

async function end(loops: readonly ChildProcess[]): Promise<void> {
  for (const loop of loops) loop.kill("SIGKILL");
  await until("the loops have ended", () => loops.every((loop) => loop.signalCode !== null));
}

function show(title: string, { transitions, lateness }: Outcome): void {
  const at = (percentile: number) => lateness[Math.ceil((lateness.length * percentile) / 100) - 1] ?? 0;
  const parts = PERCENTILES.map((percentile) => `p${percentile} ${at(percentile).toFixed(2)} ms`);
  console.log(
    `${title}: ${transitions} false transitions; ${lateness.length} timers, late by ${parts.join(", ")}`,
  );
}

function readLoad(): Load {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "60" },
      instances: { type: "string", default: "500" },
      loops: { type: "string", default: "16" },
    },
  });
  return {
    seconds: Number(values.seconds),
    instances: Number(values.instances),
    loops: Number(values.loops),
  };
}

const load = readLoad();
console.log(
  `${load.instances} instances at 1 s and one at 10 ms, ${load.loops} busy loops, ${load.seconds} s each way`,
);
const realtime = await onStage((stage) => measure(load, REALTIME, stage));
show("with SCHED_RR   ", realtime);
show("without SCHED_RR", await onStage((stage) => measure(load, 0, stage)));
process.exit(realtime.transitions === 0 ? 0 : 1);
