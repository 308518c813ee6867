/** What befalls frames, cables and switches. */

import type { Duration } from "../../../src/core/units/time.ts";
import { type Fault, lasting, longestDelay, type Striking, someMachine } from "../fault.ts";
import { fairWeather, type Port, type Weather } from "../segment.ts";

/** The weather of one segment is foul for a while. */
function foul(name: string, change: (striking: Striking, fair: Weather) => Partial<Weather>): Fault {
  return {
    name,
    strike(striking) {
      const { world, random } = striking;
      const segment = random.pick(world.segments);
      const fair = fairWeather(segment.weather.latency);
      segment.weather = { ...segment.weather, ...change(striking, fair) };
      world.trace?.note(`${segment.name}: ${name}`);
      world.agenda.in(lasting(striking, 0.5, 8), () => {
        world.trace?.note(`${segment.name}: ${name} is over`);
        segment.weather = fair;
      });
    },
  };
}

export const loss = foul("loss", ({ random }) => ({ loss: random.pick([0.02, 0.1, 0.3, 0.6]) }));
export const duplication = foul("duplication", () => ({ duplication: 0.3 }));
export const corruption = foul("corruption", () => ({ corruption: 0.3 }));
export const reordering = foul("reordering", (_, { latency }) => ({ jitter: (40 * latency) as Duration }));
export const delay = foul("delay", ({ unit, random }) => ({
  delayed: random.pick([0.1, 0.5]),
  delay: longestDelay(unit),
}));

/** From one port to another, in one direction alone. */
export const oneWayCut: Fault = {
  name: "one-way-cut",
  strike(striking) {
    const { world, random } = striking;
    const segment = random.pick(world.segments);
    const [from, to] = [random.pick(segment.ports), random.pick(segment.ports)];
    if (from === to) return;
    segment.cut(from, to);
    world.trace?.note(`${segment.name}: ${from.name} does not reach ${to.name}`);
    world.agenda.in(lasting(striking, 0.5, 10), () => {
      world.trace?.note(`${segment.name}: ${from.name} may reach ${to.name}`);
      segment.mend(from, to);
    });
  },
};

/** A segment falls into two halves. */
export const partition: Fault = {
  name: "partition",
  strike(striking) {
    const { world, random } = striking;
    const segment = random.pick(world.segments);
    const left = segment.ports.filter(() => random.chance(0.5));
    const right = segment.ports.filter((port) => !left.includes(port));
    forEachWay(left, right, (from, to) => segment.cut(from, to));
    world.trace?.note(`${segment.name}: ${named(left)} | ${named(right)}`);
    world.agenda.in(lasting(striking, 0.5, 10), () => {
      world.trace?.note(`${segment.name}: whole again`);
      forEachWay(left, right, (from, to) => segment.mend(from, to));
    });
  },
};

/** Nobody on a segment reaches anybody: its switch is off. */
export const segmentCut: Fault = {
  name: "segment-cut",
  strike(striking) {
    const { world, random } = striking;
    const segment = random.pick(world.segments);
    const { ports } = segment;
    forEachWay(ports, ports, (from, to) => segment.cut(from, to));
    world.trace?.note(`${segment.name}: cut`);
    world.agenda.in(lasting(striking, 0.5, 10), () => {
      world.trace?.note(`${segment.name}: whole again`);
      forEachWay(ports, ports, (from, to) => segment.mend(from, to));
    });
  },
};

function named(ports: readonly Port[]): string {
  return ports.map(({ name }) => name).join(" ");
}

function forEachWay(
  left: readonly Port[],
  right: readonly Port[],
  act: (from: Port, to: Port) => void,
): void {
  for (const one of left) {
    for (const other of right) {
      act(one, other);
      act(other, one);
    }
  }
}

function unplug(silently: boolean, most: number): Fault["strike"] {
  return (striking) => {
    const { world, random } = striking;
    const machine = someMachine(striking);
    const name = random.pick([...machine.nics.keys()]);
    world.trace?.note(`${machine.name}: ${name} is down${silently ? ", and nobody says so" : ""}`);
    machine.setCarrier(name, false, silently);
    world.agenda.in(lasting(striking, 0.01, most), () => {
      if (!machine.powered) return;
      world.trace?.note(`${machine.name}: ${name} is up`);
      machine.setCarrier(name, true, silently);
    });
  };
}

export const interfaceDown: Fault = { name: "interface-down", strike: unplug(false, 8) };
export const interfaceFlap: Fault = { name: "interface-flap", strike: unplug(false, 0.3) };
export const interfaceMute: Fault = { name: "interface-mute", strike: unplug(true, 10) };

/** Switched off by somebody: it loses its IPv6 addresses, too. */
export const interfaceOff: Fault = {
  name: "interface-off",
  strike(striking) {
    const { world, random } = striking;
    const machine = someMachine(striking);
    const name = random.pick([...machine.nics.keys()]);
    if (!machine.powered) return;
    world.trace?.note(`${machine.name}: ${name} is switched off`);
    machine.switchOff(name);
    world.agenda.in(lasting(striking, 0.01, 8), () => {
      if (!machine.powered) return;
      world.trace?.note(`${machine.name}: ${name} is switched on`);
      machine.setCarrier(name, true, false);
    });
  },
};

/** Every interface of a director at once: more than one thing is missing. */
export const allInterfacesDown: Fault = {
  name: "all-interfaces-down",
  strike(striking) {
    const { world } = striking;
    const machine = someMachine(striking);
    for (const name of machine.nics.keys()) {
      world.trace?.note(`${machine.name}: ${name} is down`);
      machine.setCarrier(name, false, false);
      world.agenda.in(lasting(striking, 0.1, 8), () => {
        if (!machine.powered) return;
        world.trace?.note(`${machine.name}: ${name} is up`);
        machine.setCarrier(name, true, false);
      });
    }
  },
};
