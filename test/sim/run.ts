/**
 * One run, in two phases. In the first the faults strike and the rules of safety are checked after every event. In the
 * second everything is healed, and within the time that VRRP needs every VIP has exactly one holder, the right one, to
 * whom every client sends; and then nothing happens any more.
 */

import { after, type Duration, type Instant, microseconds, seconds } from "../../src/core/units/time.ts";
import type { VirtualAddress, VirtualRouter } from "../../src/core/vrrp/model.ts";
import { type Client, macText } from "./client.ts";
import { longestDelay, type Striking } from "./fault.ts";
import { cure, findSomething } from "./faults/tracking.ts";
import { adjustmentOf, priorityOf } from "./fitness.ts";
import type { Machine } from "./machine.ts";
import { type Plan, planOf } from "./plan.ts";
import { Random } from "./random.ts";
import { type Rule, Violation } from "./rule.ts";
import { RULES } from "./rules/all.ts";
import { Trace } from "./trace.ts";
import { World } from "./world.ts";

/** What came of a run. */
export interface Outcome {
  readonly seed: number;
  readonly violation: Violation | undefined;
  readonly at: Instant;
  readonly trace: readonly string[];
}

/** A backup that asks for a handover waits for so long. */
const ASKED_FOR = seconds(1);

/** Runs a seed; the trace is empty unless asked for. */
export function run(seed: number, traced = false, rules: readonly Rule[] = RULES): Outcome {
  const plan = planOf(seed);
  let world: World | undefined;
  const trace = traced ? new Trace(() => world?.now ?? (0 as Instant)) : undefined;
  world = new World(plan.blueprint, rules, trace);
  let violation: Violation | undefined;
  try {
    const struck = phaseOne(world, plan);
    violation = world.violation ?? phaseTwo(world, plan, struck);
  } catch (error) {
    violation = new Violation(
      "never-throws",
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    );
  }
  return { seed, violation, at: world.now, trace: trace?.lines ?? [] };
}

function phaseOne(world: World, plan: Plan): ReadonlySet<string> {
  const { unit, phaseOne: lasts } = plan;
  const random = new Random(plan.blueprint.seed + 2 ** 40);
  const striking: Striking = { world, random, unit };
  world.trace?.note(`phase one; ${plan.faults.map(({ name }) => name).join(", ") || "no faults"}`);
  for (const [index, machine] of world.machines.entries()) {
    const config = plan.skewed[index] ?? world.blueprint.directors[index];
    if (config === undefined) continue;
    world.write(machine, config);
    for (const tracked of config.routers.flatMap(({ tracks }) => tracks))
      if (random.chance(0.7)) findSomething(world, machine, tracked, random);
    world.agenda.in(random.duration(0, random.pick([0, unit, 5 * unit])), () => world.start(machine));
  }
  for (const fault of plan.faults) {
    const gap = () => microseconds((-Math.log(1 - random.fraction()) * unit) / plan.rate);
    for (let at = gap(); at < lasts; at = microseconds(at + gap()))
      world.agenda.at(at as number as Instant, () => {
        if (world.now < lasts) fault.strike(striking);
      });
  }
  world.runUntil(lasts as number as Instant);
  return new Set(plan.faults.map(({ name }) => name));
}

function heal(world: World): void {
  world.trace?.note("phase two: all is healed");
  for (const segment of world.segments) segment.mendAll();
  for (const [index, machine] of world.machines.entries()) {
    machine.kernel.mood.refusal = undefined;
    machine.kernel.mood.failsToSend = false;
    machine.hurry();
    machine.boot();
    for (const name of machine.nics.keys()) machine.setCarrier(name, true, false);
    machine.goOn();
    const config = world.blueprint.directors[index];
    if (config !== undefined) world.rewrite(machine, config);
    cure(world, machine);
    world.start(machine);
    // Who is on its way down now comes back when it is there; a handover comes before that.
    world.agenda.in(world.reaction, () => world.start(machine));
    if (config?.heartbeat !== undefined)
      world.agenda.in((world.reaction + ASKED_FOR) as Duration, () => world.start(machine));
  }
}

function phaseTwo(world: World, plan: Plan, struck: ReadonlySet<string>): Violation | undefined {
  heal(world);
  // The last packet that was held up has come, and the master has spoken since: it may have been of another interval.
  const calm = after(
    world.now,
    (longestDelay(plan.unit) + world.longestInterval + world.reaction) as Duration,
  );
  const latest = after(calm, convergence(world, plan, struck));
  world.runUntil(calm);
  // What is right stays so, or else `settled` says so: no need to wait for the latest moment; unless that cannot be told.
  // Who was given what another could have is left alone, or is not any more.
  const isWished = struck.has("handover-wished");
  while (
    (isWished || wrongHolders(world, false) !== undefined) &&
    world.now < latest &&
    world.violation === undefined
  )
    world.runUntil(Math.min(latest, after(world.now, plan.unit)) as Instant);
  if (world.violation !== undefined) return world.violation;
  const wrong = wrongHolders(world, isWished);
  const areSkewed = plan.skewed !== plan.blueprint.directors || struck.has("interval-changed");
  return wrong === undefined ? settled(world, areSkewed) : new Violation("somebody-holds", wrong);
}

function wrongHolders(world: World, isWished: boolean): string | undefined {
  for (const router of routersIn(world)) {
    const wrong = absentee(world, router) ?? wrongHolder(world, router, isWished);
    if (wrong !== undefined) return `${router.name}: ${wrong}`;
  }
  return undefined;
}

/** The virtual routers of the healed directors, as the first of them has them. */
function routersIn(world: World): readonly VirtualRouter[] {
  return world.blueprint.directors[0]?.routers ?? [];
}

/**
 * Master-down interval, skew and one advert, at the slowest pace that anybody may have learnt; and what else may hold up:
 * what the operator asked to be waited for, and in a sync group another member that still remembers a master.
 */
function convergence(world: World, plan: Plan, struck: ReadonlySet<string>): Duration {
  const interval = world.longestInterval;
  const [config] = world.blueprint.directors;
  const routers = routersIn(world);
  const isVersion2 = routers[0]?.version === 2;
  const skew = isVersion2 ? Math.max(interval, seconds(1)) : interval;
  const wait = Math.max(...routers.map(({ downTimerAdverts }) => downTimerAdverts)) * interval + skew;
  const preemptDelay = Math.max(...routers.map((router) => router.preemptDelay));
  const preempting = preemptDelay > 0 ? preemptDelay + wait : 0;
  const heldBack = routers.some(({ syncGroup }) => syncGroup !== undefined) ? wait : 0;
  const up = Math.max(0, ...Object.values(config?.linkDelays ?? {}).map((delay) => delay.up));
  // A director that was refused an address stays away for ten seconds, and then begins as a backup.
  const refused = struck.has("address-refused") ? seconds(10) : 0;
  // What somebody else does to an address again and again is put right once a second.
  const meddled = ["address-added", "address-removed", "interface-off"].some((name) => struck.has(name));
  return (refused +
    linkSettles(world) +
    (meddled ? seconds(1) : 0) +
    up +
    (config?.startupDelay ?? 0) +
    wait +
    preempting +
    heldBack +
    interval +
    world.blueprint.latency +
    4 * world.reaction) as Duration;
}

/** Until the directors hear each other, and know from each other who is master: what is to be preempted is asked for first. */
function linkSettles(world: World): number {
  const link = world.blueprint.directors[0]?.heartbeat;
  return link === undefined ? 0 : (link.deadAfter + 2) * link.interval + ASKED_FOR;
}

/** A director that does not take part though nothing keeps it from that any more. */
function absentee(world: World, { name }: VirtualRouter): string | undefined {
  for (const machine of world.machines) {
    const state = machine.brain?.working.get(name)?.state.name;
    if (state !== "master" && state !== "backup") return `${machine.name} is ${state ?? "not there"}`;
  }
  return undefined;
}

/** What is wrong with who holds a router's addresses; undefined when nothing is. */
function wrongHolder(world: World, router: VirtualRouter, isWished: boolean): string | undefined {
  const priorities = world.machines.map((machine) => healedPriority(world, machine, router.name));
  const best = Math.max(...priorities);
  for (const address of router.addresses) {
    const holders = world.machines.filter(({ kernel }) => kernel.holds(address));
    const names = holders.map(({ name }) => name).join(", ");
    if (holders.length !== 1) return `${address.address} is held by [${names}]`;
    const [holder] = holders;
    const masters = world.machines.filter(
      ({ brain }) => brain?.working.get(router.name)?.state.name === "master",
    );
    if (masters.length !== 1 || masters[0] !== holder)
      return `${names} holds ${address.address} and is not the one master`;
    const priority = holder === undefined ? 0 : healedPriority(world, holder, router.name);
    // An owner that has given way, with its sync group, say, counts as priority 254, and leaves its equal alone.
    const isEqual = best === 255 && priority === 254;
    if ((router.preempt || best === 255) && priority < best && !isEqual && !isWished)
      return `${names} holds ${address.address}; another is better`;
  }
  return undefined;
}

function healedPriority(world: World, machine: Machine, name: string): number {
  const router = world.routers(machine).find((own) => own.name === name);
  if (router === undefined) return 0;
  return priorityOf(
    router,
    adjustmentOf(router.tracks, ({ object }) => machine.findings.get(object)?.verdict),
  );
}

/** From here on nobody changes, and every client knows where to send. */
function settled(world: World, areSkewed: boolean): Violation | undefined {
  // Whose addresses are there may still have to say so.
  world.runUntil(after(world.now, world.reaction));
  const before = world.transitions;
  const routers = routersIn(world);
  const needed = routers.map(
    ({ announcing: { delay, refresh }, advertInterval }) => Math.max(delay, refresh) + 3 * advertInterval,
  );
  world.runUntil(after(world.now, (Math.max(...needed) + 2 * world.reaction) as Duration));
  if (world.violation !== undefined) return world.violation;
  if (world.transitions > before) return new Violation("settled", "a transition without any fault");
  for (const router of routers) {
    // Version 2 obliges those who differ in their interval to be deaf to each other, to each other's last words, too.
    if (router.version === 2 && areSkewed) continue;
    const lost = misdirected(world, router);
    if (lost !== undefined) return new Violation("clients-follow", lost);
  }
  return undefined;
}

/** A client that sends elsewhere. */
function misdirected(world: World, router: VirtualRouter): string | undefined {
  for (const address of router.addresses) {
    const at = Number(address.interface.slice(3));
    const holder = world.machines.find(({ kernel }) => kernel.holds(address));
    const mac = holder?.kernel.interfaces.get(address.interface)?.mac;
    if (holder === undefined || mac === undefined) continue;
    for (const client of world.clients[at] ?? []) {
      const known = client.table.get(address.address);
      if (known === macText(mac) || isExcused(world, router, address, holder, client)) continue;
      return `${client.name} sends for ${address.address} to ${known ?? "nobody"}`;
    }
  }
  return undefined;
}

/**
 * When nothing is refreshed, a client may be left behind that has missed announcements since the claim or was given old
 * ones late; or that believes another, if that one died or lost its interface without a word, or its last word was lost,
 * or the holder is an owner that does not listen to it (RFC 9568 §7.1).
 */
function isExcused(
  world: World,
  router: VirtualRouter,
  address: VirtualAddress,
  holder: Machine,
  client: Client,
): boolean {
  if (router.announcing.refresh > 0) return false;
  if (!router.contention.lastWord) return true;
  if (world.missedAnnouncement(client) >= world.claimedAt(holder, address)) return true;
  const known = client.table.get(address.address);
  const other = world.machines.find((machine) => {
    const mac = machine.kernel.interfaces.get(address.interface)?.mac;
    return mac !== undefined && macText(mac) === known;
  });
  if (other === undefined) return false;
  const yielded = world.yieldedAt(other, router.name);
  const wasToldSo =
    yielded > world.claimedAt(other, address) && world.interfered(other, holder) < yielded - world.reaction;
  const isDeaf = world
    .routers(holder)
    .some(({ name, priority, ownerHeeds }) => name === router.name && priority === 255 && ownerHeeds);
  return !wasToldSo || isDeaf;
}
