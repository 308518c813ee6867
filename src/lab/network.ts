/** Builds the machines and their wiring in the kernel; what to build says topology.ts. */

import { ip, run } from "./command.ts";
import type { Machine } from "./plan.ts";
import { namespaceOf, processesIn, signalAll } from "./site.ts";
import {
  MACHINE_SETTINGS,
  cableCommands,
  cutCommands,
  machineCommands,
  switchCommands,
  uncableCommands,
} from "./topology.ts";

/** The wiring of one run. */
export class Network {
  readonly #run: number;
  readonly #machines: readonly Machine[];

  constructor(run: number, machines: readonly Machine[]) {
    this.#run = run;
    this.#machines = machines;
  }

  /** The namespace that all ports and bridges are in. */
  get switch(): string {
    return namespaceOf(this.#run, "switch");
  }

  /** A machine's namespace. */
  namespace(name: string): string {
    return namespaceOf(this.#run, name);
  }

  /** Makes everything. */
  async build(): Promise<void> {
    await ip([
      `netns add ${this.switch}`,
      ...this.#machines.map(({ name }) => `netns add ${this.namespace(name)}`),
    ]);
    await ip(switchCommands(), this.switch);
    for (const machine of this.#machines) await this.#furnish(machine);
  }

  /** Takes a machine off the wire. */
  async cut(name: string): Promise<void> {
    await ip(cutCommands(this.#machine(name)), this.switch);
  }

  /** Makes a machine anew: nothing is left of its addresses, its IPVS table or its processes. */
  async rebuild(name: string): Promise<void> {
    const machine = this.#machine(name);
    signalAll(processesIn(this.namespace(name)), "SIGKILL");
    await ip(uncableCommands(machine), this.switch);
    await ip([`netns del ${this.namespace(name)}`, `netns add ${this.namespace(name)}`]);
    await this.#furnish(machine);
  }

  async #furnish(machine: Machine): Promise<void> {
    const namespace = this.namespace(machine.name);
    const settings = MACHINE_SETTINGS.map(([path, value]) => `echo ${value} > /proc/sys/${path}`);
    // A kernel without IPv6 has nothing to switch off.
    await run("ip", [
      "netns",
      "exec",
      namespace,
      "sh",
      "-c",
      `exec 2> /dev/null; ${settings.join("; ")}; true`,
    ]);
    await ip(cableCommands(machine, namespace), this.switch);
    await ip(machineCommands(machine), namespace);
  }

  #machine(name: string): Machine {
    const machine = this.#machines.find((candidate) => candidate.name === name);
    if (machine === undefined) throw new Error(`no machine ${name}`);
    return machine;
  }
}
