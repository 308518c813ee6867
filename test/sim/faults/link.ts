/** What befalls the pair's own link: heartbeats that do not get through, others' heartbeats, other settings, a wish. */

import type { HeartbeatConfig } from "../../../src/core/heartbeat/model.ts";
import { type Duration, microseconds, milliseconds } from "../../../src/core/units/time.ts";
import { type Fault, lasting, someMachine, type Striking } from "../fault.ts";
import { keyOf } from "../links.ts";
import { seal } from "../seal.ts";
import type { Filter, Frame, Segment } from "../segment.ts";

const CODE = 32;

/** Heartbeats alone are held back for a while: a firewall, a full queue. */
function held(
  name: string,
  make: (striking: Striking) => { segments: readonly Segment[]; filter: Filter },
): Fault {
  return {
    name,
    strike(striking) {
      const { world } = striking;
      const { segments, filter } = make(striking);
      const ends = segments.map((segment) =>
        segment.filter((from, to, frame) => frame.kind === "heartbeat" && filter(from, to, frame)),
      );
      world.trace?.note(`${name} on ${segments.map((segment) => segment.name).join(", ")}`);
      world.agenda.in(lasting(striking, 0.05, 8), () => {
        world.trace?.note(`${name} is over`);
        for (const end of ends) end();
      });
    },
  };
}

export const pathSilent = held("path-silent", ({ world, random }) => ({
  segments: [random.pick(world.segments)],
  filter: () => true,
}));

export const linkSilent = held("link-silent", ({ world }) => ({
  segments: world.segments,
  filter: () => true,
}));

export const linkOneWay = held("link-one-way", (striking) => {
  const { name } = someMachine(striking);
  return { segments: striking.world.segments, filter: (from) => from.name === name };
});

export const heartbeatLoss = held("heartbeat-loss", ({ world, random }) => {
  const loss = random.pick([0.05, 0.3, 0.7]);
  return { segments: world.segments, filter: () => random.chance(loss) };
});

/** Something that is no word of the peer's, to one of them, on one of its paths. */
function forge(name: string, make: (recorded: Frame, striking: Striking) => Frame | undefined): Fault {
  return {
    name,
    strike(striking) {
      const { world, random } = striking;
      if (world.recorded.length === 0) return;
      for (let count = random.integer(1, 20); count > 0; count -= 1) {
        const frame = make(random.pick(world.recorded), striking);
        for (const { nics } of frame === undefined ? [] : world.machines)
          for (const { port, segment } of nics.values())
            if (frame !== undefined && port.hears(frame)) segment.inject(port, { ...frame, altered: name });
      }
    },
  };
}

/** What was said before, once more: by who said it, to whom it was said. */
export const replay = forge("replay", (frame) => frame);

/** What was said before on another path, or to the other one. */
export const replayElsewhere = forge("replay-elsewhere", (frame, { world, random }) => {
  const config = world.files.get(random.pick(world.machines))?.heartbeat;
  const path = config === undefined ? undefined : random.pick(config.paths);
  return path && { ...frame, source: path.remote, destination: path.local };
});

/** A later number, another state, and a code by another key. */
export const wrongSeal = forge("wrong-seal", (frame, { random }) => {
  const bytes = frame.bytes.slice();
  const view = new DataView(bytes.buffer);
  view.setUint32(36, view.getUint32(36) + random.integer(1, 100_000));
  if (bytes.length >= 68 + 12 + CODE) view.setUint8(68 + 4, random.integer(0, 3));
  if (random.chance(0.3)) view.setUint8(5, random.integer(0, 3));
  bytes.set(seal(keyOf(9).key, bytes.subarray(0, -CODE)), bytes.length - CODE);
  return { ...frame, bytes };
});

/** A stranger's address, or noise. */
export const stranger = forge("stranger", (frame, { random }) => {
  if (random.chance(0.5) && frame.destination !== undefined) return { ...frame, source: frame.destination };
  const bytes = frame.bytes.slice(0, random.integer(0, frame.bytes.length));
  for (let index = 0; index < bytes.length; index += 1)
    if (random.chance(0.1)) bytes[index] = random.integer(0, 255);
  return { ...frame, bytes };
});

function edit(
  name: string,
  change: (link: HeartbeatConfig, striking: Striking) => HeartbeatConfig | undefined,
): Fault {
  return {
    name,
    strike(striking) {
      const { world } = striking;
      const machine = someMachine(striking);
      const file = world.files.get(machine);
      const link = file?.heartbeat;
      if (file === undefined || link === undefined) return;
      world.trace?.note(`${machine.name}: ${name}`);
      world.rewrite(machine, { ...file, heartbeat: change(link, striking) });
    },
  };
}

/** One director speaks more often, or more seldom, than the other one. */
export const heartbeatChanged = edit("heartbeat-changed", (link, { random }) => ({
  ...link,
  interval: microseconds(Math.max(milliseconds(10), link.interval * random.pick([0.5, 2, 3]))) as Duration,
  deadAfter: random.integer(2, 6),
  takeover: random.chance(0.7),
  digest: "00000000000000bb",
}));

export const pathsChanged = edit("paths-changed", (link, { random }) => ({
  ...link,
  paths: [random.pick(link.paths)],
}));

/** A new key comes, the old one counts still; on one of them first. */
export const keysChanged = edit("keys-changed", (link, { random }) => ({
  ...link,
  keys: random.pick([[keyOf(1), keyOf(2)], [keyOf(2), keyOf(1)], [keyOf(2)]]),
}));

export const linkDropped = edit("link-dropped", () => undefined);

/** The operator wants the other one to be master. */
export const handoverWished: Fault = {
  name: "handover-wished",
  strike(striking) {
    const machine = someMachine(striking);
    striking.world.trace?.note(`${machine.name} is to hand over`);
    machine.handOver();
  },
};
