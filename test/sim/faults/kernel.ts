/** What the kernel refuses, and what others do to it behind our back. */

import type { VirtualAddress } from "../../../src/core/vrrp/model.ts";
import { type Fault, lasting, someMachine, type Striking } from "../fault.ts";
import type { World } from "../world.ts";

export const addressRefused: Fault = {
  name: "address-refused",
  strike(striking) {
    const { world, random } = striking;
    const { kernel, name } = someMachine(striking);
    kernel.mood.refusal = random.pick(["EPERM", "ENOBUFS", "ENOMEM"]);
    world.trace?.note(`${name}: no address may be added (${kernel.mood.refusal})`);
    world.agenda.in(lasting(striking, 0.5, 6), () => {
      world.trace?.note(`${name}: addresses may be added`);
      kernel.mood.refusal = undefined;
    });
  },
};

export const unsendable: Fault = {
  name: "unsendable",
  strike(striking) {
    const { world } = striking;
    const { kernel, name } = someMachine(striking);
    kernel.mood.failsToSend = true;
    world.trace?.note(`${name}: nothing can be sent`);
    world.agenda.in(lasting(striking, 0.1, 5), () => {
      world.trace?.note(`${name}: packets can be sent`);
      kernel.mood.failsToSend = false;
    });
  },
};

function meddle(what: "add" | "remove"): Fault["strike"] {
  return (striking: Striking) => {
    const { world, random } = striking;
    const machine = someMachine(striking);
    if (!machine.powered) return;
    const addresses = world.routers(machine).flatMap((router) => router.addresses);
    const address = random.pick(addresses);
    // What an owner has by other hands is its own, and stays when it gives way to another owner: nobody can mend that.
    if (what === "add" && ownersOf(world, address) > 1) return;
    machine.kernel.change(what, address, "stranger");
  };
}

function ownersOf(world: World, { address }: VirtualAddress): number {
  return world.machines.filter((machine) => world.routerOf(machine, address)?.priority === 255).length;
}

export const addressRemoved: Fault = { name: "address-removed", strike: meddle("remove") };
export const addressAdded: Fault = { name: "address-added", strike: meddle("add") };
