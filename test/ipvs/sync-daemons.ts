/** The kernel's sync daemons in a namespace, for the tests of what the balancer makes of them. */

import { configOf, instance } from "../config/reading.ts";
import { until, World } from "./world.ts";

export const VIP = "192.0.2.100";

/** A balancer's configuration with these daemons. */
export function config(daemon: string, rest = "") {
  return configOf(`global_defs: { lvs_sync_daemon: ${daemon} ${rest} }\n${instance()}`).balancer;
}

export const DAEMON =
  "{ interface: eth1, instance: web, maxlen: 1400, port: 8900, ttl: 2, group: 239.1.2.3 }";
export const FOLLOWING = config(DAEMON);
const SETTINGS = "mcast=eth1, syncid=51, maxlen=1400, group=239.1.2.3, port=8900, ttl=2";
export const MASTER = `master sync daemon (${SETTINGS})`;
export const BACKUP = `backup sync daemon (${SETTINGS})`;

/** A namespace with the interface that the daemons are for. */
export function openWorld(t: { teardown(end: () => Promise<void>): void }): World {
  const world = new World();
  t.teardown(() => world.close());
  makeInterface(world);
  return world;
}

/** Makes that interface, anew if need be. */
export function makeInterface(world: World): void {
  world.run("ip", "link", "add", "eth1", "type", "dummy");
  world.run("ip", "addr", "add", "198.51.100.1/24", "dev", "eth1");
  world.run("ip", "link", "set", "eth1", "up");
}

/** The daemons that run, as ipvsadm prints them. */
export function daemons(world: World): string[] {
  return world
    .run("ipvsadm", "-l", "--daemon")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .sort();
}

/** Waits until exactly these run. */
export async function daemonsAre(world: World, ...wanted: readonly string[]): Promise<void> {
  try {
    await until("the daemons", () => daemons(world).join("\n") === [...wanted].sort().join("\n"));
  } catch {
    throw new Error(`the daemons are\n${daemons(world).join("\n")}\nand should be\n${wanted.join("\n")}`);
  }
}
