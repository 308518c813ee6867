/** What befalls the failover process and its machine. */

import { type Fault, lasting, type Striking, someMachine } from "../fault.ts";

function stall(least: number, most: number): Fault["strike"] {
  return (striking: Striking) => {
    const { world, random } = striking;
    const machine = someMachine(striking);
    if (!machine.awake) return;
    machine.wakeOrder = shuffled(striking, ["timers", "netlink", "sockets", "paths"] as const);
    machine.stall();
    const { brain } = machine;
    const pause = lasting(striking, least, random.chance(0.5) ? most : (least + most) / 4);
    world.agenda.in(pause, () => {
      if (machine.brain === brain) machine.goOn();
    });
  };
}

function shuffled<T>({ random }: Striking, list: readonly T[]): readonly T[] {
  return list
    .map((value) => ({ value, rank: random.word() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ value }) => value);
}

/** Stopped, swapped out or moved for longer than the others wait. */
export const pause: Fault = { name: "pause", strike: stall(0.5, 9) };
/** Held up a little: the machine is busy. */
export const lateness: Fault = { name: "lateness", strike: stall(0.001, 0.4) };

/** Its timers are late, though packets are heard in time. */
export const lateTimers: Fault = {
  name: "late-timers",
  strike(striking) {
    const { world } = striking;
    const machine = someMachine(striking);
    machine.extraLateness = lasting(striking, 0.1, 4);
    world.trace?.note(`${machine.name}: timers are late`);
    world.agenda.in(lasting(striking, 0.5, 8), () => {
      world.trace?.note(`${machine.name}: timers are in time`);
      machine.hurry();
      world.trouble(machine);
    });
  },
};

/** kill -9; the supervisor starts it again, soon enough to resume or not. */
export const kill: Fault = {
  name: "kill",
  strike(striking) {
    const machine = someMachine(striking);
    machine.kill();
    const { world, random } = striking;
    const most = random.chance(0.5) ? 1.9 : 8;
    world.agenda.in(lasting(striking, 0.02, most), () => world.start(machine));
  },
};

/** The machine is gone, and boots later. */
export const powerLoss: Fault = {
  name: "power-loss",
  strike(striking) {
    const machine = someMachine(striking);
    machine.losePower();
    const { world } = striking;
    world.agenda.in(lasting(striking, 1, 8), () => {
      machine.boot();
      world.start(machine);
    });
  },
};

/** Stopped by its operator, and started again. */
export const stop: Fault = {
  name: "stop",
  strike(striking) {
    const machine = someMachine(striking);
    machine.stop();
    const { world } = striking;
    world.agenda.in(lasting(striking, 0.5, 8), () => world.start(machine));
  },
};
