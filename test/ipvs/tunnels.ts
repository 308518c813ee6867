/** What is told, and undone: tunnels to real servers that make themselves ready, whatever the families. */

import t from "tap";
import { configOf } from "../config/reading.ts";
import { PreparedSite } from "./prepared-site.ts";
import { HOSTS, inTurns, TURNS, VIP6 } from "./site.ts";

const [HOST] = HOSTS;

/** A virtual server: its method, port, real servers and address. */
export type Way = readonly [method: string, port: number, reals: string, vip: string];

/** Real servers by their addresses of either family. */
export const REALS = "real_servers: [{ address: 198.51.100.21-22 }]";
export const REALS6 = 'real_servers: [{ address: "2001:db8:2::21-22" }]';

/** They as items of virtual_servers. */
export function servers(ways: readonly Way[]): string {
  return ways
    .map(
      ([method, port, reals, vip]) =>
        `  - { address: "${vip}", port: ${port}, lvs_sched: rr, lvs_method: ${method}, ${reals} }\n`,
    )
    .join("");
}

/** Tests that each of them is unwrapped and answered past the director, and that all is undone. */
export function testTunnels(name: string, ways: readonly Way[]): void {
  t.test(`tunnels ${name}: unwrapped, answered past the director, undone`, async (t) => {
    const site = new PreparedSite(servers(ways));
    t.teardown(() => site.close());
    const before = HOSTS.map((host) => site.state(host));
    const balancer = site.forkBalancer();
    await balancer.configure(configOf(site.text).balancer);
    for (const host of HOSTS) t.match(site.realserver(host, "apply"), { status: 0 });
    const applied = site.state(HOST);
    const again = site.realserver(HOST, "apply");
    t.strictSame(again.lines.slice(ways.length), [], "nothing to do the second time");
    t.equal(again.status, 0);
    t.equal(site.state(HOST), applied);
    await site.serve(...ways.map(([, port]) => port));
    for (const [method, port, , vip] of ways) {
      const host = vip === VIP6 ? `[${vip}]` : vip;
      t.strictSame(inTurns(site.ask(`http://${host}:${port}/`, 4)), TURNS, `${method} to ${host}:${port}`);
    }
    t.equal(await site.returned(4 * ways.length), 0, "past the director");
    for (const [index, host] of HOSTS.entries()) {
      t.match(site.realserver(host, "remove"), { status: 0 });
      t.equal(site.state(host), before[index]);
    }
    await balancer.stop();
  });
}
