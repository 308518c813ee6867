/**
 * Goal: what the configuration asks for is what happens to connections: each way of forwarding, both families, marks,
 * groups, all ports, persistence, single packets, and schedulers by address.
 * Method: a client that knows the virtual address only, a director, and real servers that say who they are; whether
 * replies came through the director is counted by the kernel and read with `ipvsadm`.
 */

import t from "tap";
import { configOf, instance } from "../config/reading.ts";
import { hasIpvs } from "./guest.ts";
import { inTurns, Site, TURNS, VIP, VIP6 } from "./site.ts";
import type { BalancerProcess } from "./world.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(225_000);

const REALS = "real_servers: [{ address: 198.51.100.21-22 }]";
const URL = `http://${VIP}/`;

function configuration(servers: string, rest = "") {
  return configOf(`${instance()}${rest}virtual_servers:\n${servers}`).balancer;
}

/** A site and its balancer, at work. */
async function openSite(t: { teardown(end: () => Promise<void>): void }): Promise<[Site, BalancerProcess]> {
  const site = new Site();
  t.teardown(() => site.close());
  return [site, site.forkBalancer()];
}

if (hasIpvs(t, import.meta.url)) {
  t.test("NAT, both families, with a mapped port, a mark, a group, all ports and persistence", async (t) => {
    const [site, balancer] = await openSite(t);
    await site.serve(80, 8080);
    await balancer.configure(
      configuration(
        `
  - { address: ${VIP}, port: 80, lvs_sched: rr, real_servers: [{ address: 198.51.100.21-22, port: 8080 }] }
  - { address: "${VIP6}", port: 80, lvs_sched: rr, real_servers: [{ address: "2001:db8:2::21-22", port: 8080 }] }
  - { fwmark: 7, lvs_sched: rr, ${REALS} }
  - { group: more, lvs_sched: rr, real_servers: [{ address: 198.51.100.21-22, port: 80 }] }
  - { address: 192.0.2.1, port: 0, lvs_sched: rr, persistence_timeout: 60, persistence_granularity: 24, ${REALS} }
`,
        `virtual_server_groups: { more: ["${VIP} 81-82"] }\n`,
      ),
    );
    t.strictSame(inTurns(site.ask(URL, 4)), TURNS);
    t.ok((await site.returned(4)) > 0, "replies come through the director");
    t.strictSame(inTurns(site.ask(`http://[${VIP6}]/`, 4)), TURNS, "IPv6");
    t.strictSame(inTurns(site.ask(`http://${VIP}:81/`, 4)), TURNS, "a group's first port");
    t.strictSame(inTurns(site.ask(`http://${VIP}:82/`, 4)), TURNS, "its second");

    site.run("tc", "qdisc", "add", "dev", "eth0", "clsact");
    const filter = `match ip dport 8080 0xffff match ip dst ${VIP} action skbedit mark 7`;
    site.run("tc", ..."filter add dev eth0 ingress protocol ip u32".split(" "), ...filter.split(" "));
    t.strictSame(inTurns(site.ask(`http://${VIP}:8080/`, 4)), TURNS, "a mark keeps the port");

    const [first, ...others] = [
      ...site.ask("http://192.0.2.1/", 2),
      ...site.ask("http://192.0.2.1:8080/", 2),
    ];
    t.ok(first);
    t.strictSame(others, [first, first, first], "one client, one real server, whatever the port");
    await balancer.stop();
  });

  t.test(
    "direct routing, one packet at a time over UDP, and schedulers by the client's address",
    async (t) => {
      const [site, balancer] = await openSite(t);
      site.holdVip("lo");
      await site.serve(80);
      const service = (keys: string): string =>
        `  - { address: ${VIP}, port: 80, lvs_method: DR, ${keys}, ${REALS} }\n`;
      await balancer.configure(
        configuration(service("lvs_sched: rr") + service("lvs_sched: rr, protocol: UDP, ops: true")),
      );
      t.strictSame(inTurns(site.ask(URL, 4)), TURNS);
      t.strictSame(inTurns(site.askUdp(80, 4)), TURNS, "each datagram by itself");
      t.equal(await site.returned(4), 0, "replies go past the director");
      t.equal(site.run("cat", "/proc/sys/net/ipv4/ip_forward").trim(), "0", "which forwards nothing");

      await balancer.configure(
        configuration(service("lvs_sched: rr") + service("lvs_sched: rr, protocol: UDP")),
      );
      t.equal(new Set(site.askUdp(80, 4)).size, 1, "without ops one socket is one flow");

      await balancer.configure(configuration(service("lvs_sched: mh")));
      t.equal(new Set(site.ask(URL, 5)).size, 1, "by address");
      await balancer.configure(configuration(service("lvs_sched: mh, mh-port: true")));
      t.equal(new Set(site.ask(URL, 16)).size, 2, "by address and port");
      await balancer.stop();
    },
  );
}
