/**
 * Goal: after `relevo realserver apply` a real server unwraps each kind of tunnel of both families, under a strict filter of
 * sources, and answers past the director; `remove` leaves no trace. Method: as in realserver.test.ts.
 */

import t from "tap";
import { configOf } from "../config/reading.ts";
import { hasIpvs } from "./guest.ts";
import { PreparedSite } from "./prepared-site.ts";
import { HOSTS, inTurns, TURNS, VIP, VIP6 } from "./site.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(220_000);

const REALS = "real_servers: [{ address: 198.51.100.21-22 }]";
const REALS6 = 'real_servers: [{ address: "2001:db8:2::21-22" }]';
const [HOST] = HOSTS;

/** A virtual server: its method, port, real servers and address. */
type Way = readonly [method: string, port: number, reals: string, vip: string];

const FOUR: readonly Way[] = [
  ["TUN", 80, REALS, VIP],
  ["TUN type gue port 6080 csum", 81, REALS, VIP],
  ["TUN type gue port 6081 remcsum", 82, REALS, VIP],
  ["TUN type gre csum", 83, REALS, VIP],
];
const SIX: readonly Way[] = [
  ["TUN", 80, REALS6, VIP6],
  ["TUN", 81, REALS, VIP6],
  ["TUN", 82, REALS6, VIP],
  ["TUN type gre", 83, REALS6, VIP6],
];

function servers(ways: readonly Way[]): string {
  return ways
    .map(
      ([method, port, reals, vip]) =>
        `  - { address: "${vip}", port: ${port}, lvs_sched: rr, lvs_method: ${method}, ${reals} }\n`,
    )
    .join("");
}

if (hasIpvs(t, import.meta.url)) {
  for (const [name, ways] of [
    ["over IPv4", FOUR],
    ["with IPv6 outside, inside or both", SIX],
  ] as const) {
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
      t.equal(site.state(HOST), applied);
      const checked = site.realserver(HOST, "check");
      t.strictSame(checked.lines.slice(ways.length), [], "nothing is wrong");
      t.equal(checked.status, 0);
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
}
