/**
 * What `relevo realserver` does once its arguments are read: a look, a plan, and its steps. What is ours is on record in the
 * run directory before it is put into the kernel, step by step, and so it can be taken out again, and nothing else with it.
 */

import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import type { RealServerConfig, Setup } from "../core/realserver/model.ts";
import {
  faultsOfOthers,
  NO_RECORD,
  planSetup,
  type RealServerRecord,
  recordAfter,
  recordOf,
  type SetupPlan,
  type Step,
} from "../core/realserver/plan.ts";
import { desiredSetup, type Findings, wayBackFaults } from "../core/realserver/setup.ts";
import { faultText, stepText } from "../core/realserver/text.ts";
import type { IpAddress } from "../core/units/ip-address.ts";
import { KernelError } from "../linux/kernel-error.ts";
import { tryLock, unlock } from "../linux/lock.ts";
import { KeptRecord } from "../linux/record-file.ts";
import { Rtnetlink } from "../linux/rtnetlink.ts";
import { carryOut } from "./carry-out.ts";
import { lookAt } from "./machine.ts";

const RECORD = "realserver.json";
const LOCK = "realserver.lock";
const NOTHING: Setup = { holders: [], ports: [], addresses: [] };

/** What `relevo realserver` was told. */
export interface RealServerArguments {
  readonly action: "apply" | "check" | "remove";
  /** What is to be there; undefined for `remove`. */
  readonly config: RealServerConfig | undefined;
  /** This machine's addresses as the file knows them; none for all that it has. */
  readonly addresses: readonly IpAddress[];
  /** Whether this machine is one of the directors, and may hold a virtual address for all to know. */
  readonly isDirector: boolean;
  readonly runDirectory: string;
  /** The steps are shown and not taken. */
  readonly dryRun: boolean;
  /** What a person reads. */
  readonly say: (line: string) => void;
}

/** A machine, what it should be, and the way there. */
interface Task {
  readonly findings: Findings;
  readonly plan: SetupPlan;
  /** What is wrong and is not for us to put right. */
  readonly faults: readonly string[];
}

/** Does it. Resolves with the exit status: 0 when all is as it should be, 1 when something is not or could not be done. */
export async function runRealServer(told: RealServerArguments): Promise<number> {
  const rtnetlink = new Rtnetlink();
  try {
    if (told.action === "check" || told.dryRun) return await look(told, rtnetlink);
    return await locked(told, () => change(told, rtnetlink));
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    told.say(`relevo: ${error.message}`);
    return 1;
  } finally {
    rtnetlink.close();
  }
}

async function look(told: RealServerArguments, rtnetlink: Rtnetlink): Promise<number> {
  const { findings, plan, faults } = await taskOf(told, rtnetlink, recordIn(told).read() ?? NO_RECORD);
  for (const duty of findings.duties) told.say(duty);
  for (const step of plan.steps)
    told.say(told.dryRun ? stepText(step) : `wrong: ${faultText(step)}; ${stepText(step)}`);
  for (const fault of faults) told.say(`wrong: ${fault}`);
  if (told.dryRun) return faults.length === 0 ? 0 : 1;
  if (plan.steps.length > 0) told.say("relevo realserver apply puts this right");
  return plan.steps.length + faults.length === 0 ? 0 : 1;
}

async function change(told: RealServerArguments, rtnetlink: Rtnetlink): Promise<number> {
  const kept = recordIn(told);
  const record = kept.read() ?? NO_RECORD;
  const { findings, plan, faults } = await taskOf(told, rtnetlink, record);
  for (const duty of findings.duties) told.say(duty);
  const done: Step[] = [];
  for (const step of plan.steps) {
    told.say(stepText(step));
    kept.write(recordAfter(record, done, [step]));
    try {
      await carryOut(step, rtnetlink);
    } catch (error) {
      const look = async () => planSetup(findings.setup, await lookAt(rtnetlink), record);
      const isDone = await isDoneAllTheSame(step, error, look);
      keep(kept, recordAfter(record, isDone ? [...done, step] : done, []));
      throw error;
    }
    done.push(step);
  }
  const left = recordOf(recordAfter(record, done, []), findings.setup, await lookAt(rtnetlink));
  if (done.length > 0 || isEmpty(left)) keep(kept, left);
  for (const fault of faults) told.say(`wrong: ${fault}`);
  return faults.length === 0 ? 0 : 1;
}

/** The kernel's answer may have been lost: a step that was carried out is not planned any more. True where nobody can say. */
async function isDoneAllTheSame(
  step: Step,
  error: unknown,
  look: () => Promise<SetupPlan>,
): Promise<boolean> {
  // Somebody else was faster, and it is theirs.
  if (error instanceof KernelError && error.errno === "EEXIST") return false;
  try {
    const { steps } = await look();
    return !steps.some((open) => stepText(open) === stepText(step));
  } catch (unseen) {
    if (unseen instanceof KernelError) return true;
    throw unseen;
  }
}

function keep(kept: KeptRecord<RealServerRecord>, record: RealServerRecord): void {
  if (isEmpty(record)) kept.remove();
  else kept.write(record);
}

async function taskOf(
  told: RealServerArguments,
  rtnetlink: Rtnetlink,
  record: RealServerRecord,
): Promise<Task> {
  const found = await lookAt(rtnetlink);
  const own = told.addresses.length > 0 ? told.addresses : found.addresses.map(({ address }) => address);
  const findings: Findings =
    told.config === undefined
      ? { setup: NOTHING, duties: [], translated: [], impossible: [] }
      : desiredSetup(told.config, new Set(own));
  const plan = planSetup(findings.setup, found, record);
  if (told.config !== undefined && findings.duties.length === 0)
    told.say("the file names none of this machine's addresses as a real server (say which with --address)");
  const misplaced = told.isDirector ? [] : faultsOfOthers(findings.setup, found, record);
  const foreign = plan.foreign.map((name) => `${name} is there already and not ours: rename it`);
  const wayBack =
    told.config === undefined ? [] : wayBackFaults(told.config, findings.translated, found.gateways);
  const faults = [...findings.impossible, ...foreign, ...misplaced, ...wayBack];
  return { findings, plan, faults };
}

function recordIn({ runDirectory }: RealServerArguments): KeptRecord<RealServerRecord> {
  return new KeptRecord<RealServerRecord>(join(runDirectory, RECORD), ({ fields }) => {
    throw new KernelError(
      `keep a record in ${runDirectory}, and so nothing more is changed: ${String(fields?.error)}`,
      "EIO",
    );
  });
}

/** One at a time; the run directory goes with the last record in it. */
async function locked(told: RealServerArguments, work: () => Promise<number>): Promise<number> {
  const path = join(told.runDirectory, LOCK);
  try {
    mkdirSync(told.runDirectory, { recursive: true, mode: 0o755 });
    if (!tryLock(path)) {
      told.say("relevo: another relevo realserver is at work: wait for it");
      return 1;
    }
  } catch (error) {
    told.say(`relevo: the run directory ${told.runDirectory} cannot be used: ${String(error)}`);
    return 1;
  }
  try {
    return await work();
  } finally {
    unlock(path);
    try {
      rmdirSync(told.runDirectory);
    } catch {
      // A record is in it.
    }
  }
}

function isEmpty({ addresses, holders, ports, settings }: RealServerRecord): boolean {
  return addresses.length + holders.length + ports.length + settings.length === 0;
}
