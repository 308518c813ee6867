/** What every scene has at hand: the machines, the witness, the record, and a bounded way to wait for something. */

import { after, type Duration, type Instant, milliseconds, toMilliseconds } from "../core/units/time.ts";
import type { Snapshot } from "./audit/kernel-truth.ts";
import type { Director } from "./director.ts";
import { FOREIGN, wantedTable } from "./ipvs-table.ts";
import type { Network } from "./network.ts";
import { type Allowance, type DirectorName, floating, machines, type Method } from "./plan.ts";
import type { Requests } from "./requests.ts";
import { pause, type Stopwatch } from "./stopwatch.ts";
import type { Timeline } from "./timeline.ts";
import type { Witness } from "./witness.ts";

/** A scene did not go as it should; the message says what was waited for in vain. */
export class SceneFailed extends Error {}

/** The stage. */
export interface Stage {
  readonly method: Method;
  readonly allowance: Allowance;
  readonly stopwatch: Stopwatch;
  readonly timeline: Timeline;
  readonly network: Network;
  readonly witness: Witness;
  readonly directors: Readonly<Record<DirectorName, Director>>;
  readonly requests: Requests;
  /** For rule 7. */
  readonly snapshots: Snapshot[];
}

/** Waits until it is so, asking every `every`; a SceneFailed when it is not within the bound. */
export async function until(
  stage: Stage,
  what: string,
  bound: Duration,
  isSo: () => boolean | Promise<boolean>,
  every: Duration = milliseconds(20),
): Promise<Instant> {
  const deadline = after(stage.stopwatch.now(), bound);
  while (!(await isSo())) {
    if (stage.stopwatch.now() > deadline) {
      throw new SceneFailed(`waited ${toMilliseconds(bound)} ms in vain until ${what}`);
    }
    await pause(every);
  }
  return stage.stopwatch.now();
}

/** Whether this director has all floating addresses and the other none of them. */
export function holdsAlone(stage: Stage, name: DirectorName): boolean {
  const other: DirectorName = name === "lvs1" ? "lvs2" : "lvs1";
  return floating(stage.method).every(
    ({ address }) => stage.witness.has(name, address) && !stage.witness.has(other, address),
  );
}

/** Waits until the director's table has this line. The table is asked rarely, as asking is a process each time. */
export function untilTableHas(
  stage: Stage,
  name: DirectorName,
  line: string,
  bound: Duration,
): Promise<Instant> {
  const has = async () => (await stage.directors[name].table()).includes(line);
  return until(stage, `${name} has ${line}`, bound, has, milliseconds(250));
}

/** Takes down a director's kernel state for rule 7, with what it should be. */
export async function lookAtRest(
  stage: Stage,
  name: DirectorName,
  moment: string,
  wanted: { readonly holds: boolean; readonly runs?: boolean; readonly down?: readonly string[] },
): Promise<void> {
  const director = stage.directors[name];
  const table = wanted.runs === false ? [] : wantedTable(stage.method, new Set(wanted.down));
  const found = [...(await director.addresses()), ...(await director.table())];
  const expected = [...ownAddresses(stage.method, name), ...table, ...FOREIGN];
  if (wanted.holds) expected.push(...floatingLines(stage.method));
  stage.snapshots.push({ at: stage.stopwatch.now(), director: name, moment, expected, found });
}

function ownAddresses(method: Method, name: string): readonly string[] {
  const own = machines(method).find((machine) => machine.name === name);
  return (own?.legs ?? []).map((leg) => `${leg.interface} ${leg.address}/24`);
}

function floatingLines(method: Method): readonly string[] {
  return floating(method).map(
    ({ address, segment }) => `${segment === "public" ? "eth0" : "eth1"} ${address}/24`,
  );
}
