/** Carries steps out, one after the other. */

import { familyOf } from "../core/units/ip-address.ts";
import { type HeldAddress, wholeLength } from "../core/realserver/model.ts";
import type { FoundMachine, Step } from "../core/realserver/plan.ts";
import { labelOf } from "../core/realserver/text.ts";
import { closeGuePort, openGuePort } from "../linux/fou.ts";
import { KernelError } from "../linux/kernel-error.ts";
import type { Rtnetlink } from "../linux/rtnetlink.ts";
import { restoreSysctl, writeSysctl } from "../linux/sysctl.ts";
import { lookAt } from "./machine.ts";

/** Carries out one step; what is there is looked at anew, as the step before may have made it. Throws a KernelError. */
export async function carryOut(step: Step, rtnetlink: Rtnetlink): Promise<void> {
  switch (step.type) {
    case "remove-address":
      return rtnetlink.removeAddress(placed(step.held, await lookAt(rtnetlink)));
    case "remove-holder":
      return rtnetlink.removeLink(step.holder.name, step.index);
    case "remove-port":
      return closeGuePort(step.port);
    case "restore":
      restoreSysctl(step.change);
      return;
    case "set":
      return writeSysctl(step.change.name, step.change.after);
    case "set-own":
      return writeSysctl(step.name, step.value);
    case "add-port":
      return openGuePort(step.port);
    case "add-holder":
      return rtnetlink.addHolder(step.holder);
    case "switch-on":
      return rtnetlink.switchOn(step.name, indexOf(step.name, await lookAt(rtnetlink)));
    case "add-address": {
      const { interfaceIndex, address, prefixLength } = placed(step.held, await lookAt(rtnetlink));
      const label = labelOf(step.held);
      return rtnetlink.addAddress(interfaceIndex, {
        address,
        prefixLength,
        interface: step.held.interface,
        ...(label === undefined ? {} : { label }),
      });
    }
  }
}

function placed(held: HeldAddress, found: FoundMachine) {
  const { address } = held;
  return {
    interfaceIndex: indexOf(held.interface, found),
    address,
    prefixLength: wholeLength(familyOf(address)),
  };
}

function indexOf(name: string, { interfaces }: FoundMachine): number {
  const found = interfaces.find((candidate) => candidate.name === name);
  if (found === undefined) throw new KernelError(`find the interface ${name}`, "ENODEV");
  return found.index;
}
