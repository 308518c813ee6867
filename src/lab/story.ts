/** A run of the lab from the first cable to the verdicts. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Instant, seconds } from "../core/units/time.ts";
import { auditAll } from "./audit/all.ts";
import type { Verdict } from "./audit/verdict.ts";
import { configuration } from "./configuration.ts";
import { Director } from "./director.ts";
import { Network } from "./network.ts";
import {
  type Allowance,
  DIRECTORS,
  type DirectorName,
  floating,
  machines,
  type Method,
  REAL_SERVERS,
  VIP,
} from "./plan.ts";
import { prepareRealServer, startRealServer } from "./real-servers.ts";
import { Requests } from "./requests.ts";
import { election } from "./scenes/election.ts";
import { gracefulStop } from "./scenes/graceful-stop.ts";
import { powerLoss, powerReturns } from "./scenes/power-loss.ts";
import { realServerDies } from "./scenes/real-server-dies.ts";
import { trafficSpreads } from "./scenes/spread.ts";
import { folderOf } from "./site.ts";
import { SceneFailed, type Stage } from "./stage.ts";
import { pause, Stopwatch } from "./stopwatch.ts";
import { Timeline } from "./timeline.ts";
import { Witness } from "./witness.ts";

type Scene = (stage: Stage) => Promise<Verdict>;

/** Plays all scenes, then judges; what it made stays up. */
export async function playStory(
  run: number,
  method: Method,
  allowance: Allowance,
): Promise<readonly Verdict[]> {
  const stage = await setUp(run, method, allowance);
  const forwarding = await stage.directors.lvs1.setting("net/ipv4/ip_forward");
  const scenes: readonly Scene[] = [
    election,
    trafficSpreads,
    realServerDies,
    powerLoss,
    powerReturns,
    (scene) => gracefulStop(scene, forwarding),
  ];
  const played = await playScenes(stage, scenes);
  const end = stage.stopwatch.now();
  stage.requests.stop();
  // What the kernel has captured up to the end still has to reach us.
  await pause(seconds(0.5));
  await stage.witness.finish();
  return [...played, witnessed(stage), ...judged(stage, end)];
}

async function setUp(run: number, method: Method, allowance: Allowance): Promise<Stage> {
  const stopwatch = new Stopwatch();
  const timeline = new Timeline(stopwatch);
  const network = new Network(run, machines(method));
  const witness = new Witness(network, method, stopwatch);
  timeline.heading(`Two directors, three real servers, a client (${method})`);
  await network.build();
  timeline.say("lab", "the machines are wired");
  writeFileSync(join(folderOf(run), "relevo.yaml"), configuration(method));
  for (const name of REAL_SERVERS) {
    if (method !== "nat") {
      await prepareRealServer(network, name, folderOf(run));
      timeline.say(name, `is ready for ${VIP}: relevo realserver apply`);
    }
    startRealServer(network, name);
  }
  await witness.watchSegment("public");
  await witness.watchSegment("private");
  await witness.watchReplies();
  const directors: Record<DirectorName, Director> = {
    lvs1: new Director("lvs1", folderOf(run), network, witness),
    lvs2: new Director("lvs2", folderOf(run), network, witness),
  };
  for (const name of DIRECTORS) await directors[name].prepare();
  tellMoves(timeline, witness, method);
  const requests = new Requests(network, stopwatch, allowance.requestInterval);
  timeline.say("lab", "the witnesses watch");
  return { method, allowance, stopwatch, timeline, network, witness, directors, requests, snapshots: [] };
}

function tellMoves(timeline: Timeline, witness: Witness, method: Method): void {
  const addresses = floating(method).map(({ address }) => address);
  witness.onChange(({ director, address, present, at }) => {
    if (addresses.includes(address))
      timeline.say(director, `${present ? "has" : "no longer has"} ${address}`, at);
  });
}

async function playScenes(stage: Stage, scenes: readonly Scene[]): Promise<readonly Verdict[]> {
  const played: Verdict[] = [];
  try {
    for (const scene of scenes) played.push(await scene(stage));
  } catch (error) {
    if (!(error instanceof SceneFailed)) throw error;
    stage.timeline.say("lab", error.message);
    for (const name of DIRECTORS) {
      stage.timeline.print(`\nThe last words of ${name}:\n${stage.directors[name].lastWords(25)}`);
    }
    played.push({ rule: "the story", breaches: [error.message], evidence: "not played to its end" });
  }
  return played;
}

/** A record with holes proves nothing. */
function witnessed(stage: Stage): Verdict {
  const { seen, failures } = stage.witness;
  return { rule: "the record is whole", breaches: failures, evidence: `${seen.length} observations` };
}

function judged({ method, witness, snapshots, allowance }: Stage, end: Instant): readonly Verdict[] {
  return auditAll({ method, seen: witness.seen, snapshots, end }, allowance);
}
