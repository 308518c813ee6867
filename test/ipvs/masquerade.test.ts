/**
 * Goal: beside virtual servers with NAT what the real servers send by themselves leaves with an address of the director's, and
 * their replies as well as the clients' requests pass as they are, with and without IPVS's own `conntrack`; IPv4 and IPv6.
 * Method: a program on the client and the real servers that answers with the address that it was asked from. Where the kernel's
 * nf_tables can translate addresses, the balancer masquerades. Where they cannot, as in the guest, `iptables-legacy` adds the
 * same rule at the same hook and priority, of the same translation in the kernel (nf_nat), only the table is another;
 * Relevo's own table is shown on the machine's kernel, without virtual servers, by test/net/masquerade.test.ts.
 */

import { spawnSync } from "node:child_process";
import t from "tap";
import { configOf, instance } from "../config/reading.ts";
import { hasIpvs } from "./guest.ts";
import { HOSTS, Site, VIP, VIP6 } from "./site.ts";
import { until } from "./world.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(225_000);

/** Says over HTTP who asks. */
const WHO = `
  require("node:http").createServer(({ socket }, answer) => {
    answer.setHeader("connection", "close");
    answer.end(socket.remoteAddress.replace("::ffff:", ""));
  }).listen(80, "::");
`;

const MASQUERADE = `masquerade: { sources: [198.51.100.0/24, "2001:db8:2::/64"], interface: eth0 }\n`;

function configuration(rest: string, conntrack: 0 | 1) {
  return configOf(`
global_defs: { ipvs_sysctls: { conntrack: ${conntrack} } }
${instance()}${rest}virtual_servers:
  - { address: ${VIP}, port: 80, lvs_sched: rr, real_servers: [{ address: 198.51.100.21-22 }] }
  - { address: "${VIP6}", port: 80, lvs_sched: rr, real_servers: [{ address: "2001:db8:2::21-22" }] }
`).balancer;
}

/** What a server on the client, asked by a real server, and what the real servers, asked by the client, say of who asks. */
function answers(site: Site): { readonly own: readonly string[]; readonly served: readonly string[] } {
  const curl = ["curl", "-gs", "--connect-timeout", "3", "--max-time", "30"] as const;
  const ofReal = (address: string): string =>
    site.onReal(21, "sh", "-c", `${curl.join(" ")} 'http://${address}/' || true`);
  return {
    own: [ofReal("192.0.2.50"), ofReal("[2001:db8:1::50]")],
    served: [VIP, VIP, `[${VIP6}]`, `[${VIP6}]`].map((address) =>
      site.onClient(...curl, `http://${address}/`),
    ),
  };
}

const SERVED = ["192.0.2.50", "192.0.2.50", "2001:db8:1::50", "2001:db8:1::50"];

/** The director's own addresses; over IPv6 the virtual one is nearest to the client's. */
const MASQUERADED = ["192.0.2.1", "2001:db8:1::100"];

function can(site: Site, command: string): boolean {
  return spawnSync("ip", ["netns", "exec", site.name, ...command.split(" ")]).status === 0;
}

/** Whether nf_tables of this kernel can translate addresses. */
function hasNftNat(site: Site): boolean {
  const able =
    can(site, "nft add table ip trial") &&
    can(site, "nft add chain ip trial c { type nat hook postrouting priority 100 ; }");
  can(site, "nft delete table ip trial");
  return able;
}

/** The rules of Relevo's table. */
function masqueradeByIptables(site: Site): boolean {
  const rule = (source: string): string => `-w -t nat -A POSTROUTING -o eth0 -s ${source} -j MASQUERADE`;
  return (
    can(site, `iptables-legacy ${rule("198.51.100.0/24")}`) &&
    can(site, `ip6tables-legacy ${rule("2001:db8:2::/64")}`)
  );
}

if (hasIpvs(t, import.meta.url)) {
  t.test("real servers' own connections are masqueraded, and those of virtual servers are not", async (t) => {
    const site = new Site();
    t.teardown(() => site.close());
    site.startOnClient(process.execPath, "-e", WHO);
    for (const host of HOSTS) site.startOnReal(host, process.execPath, "-e", WHO);
    await until("the client's server", () => site.onClient("ss", "-Htln").includes("*:80 "));
    for (const host of HOSTS)
      await until(`real server ${host}`, () => site.onReal(host, "ss", "-Htln").includes("*:80 "));
    const balancer = site.forkBalancer();
    await balancer.configure(configuration("", 0));
    t.strictSame(
      answers(site),
      { own: ["", ""], served: SERVED },
      "nobody knows the way back to a real server",
    );

    const byNft = hasNftNat(site);
    if (!byNft && !masqueradeByIptables(site))
      return t.comment(
        "skipped: neither nf_tables nor iptables-legacy (Debian package iptables) can masquerade here",
      );
    t.comment(byNft ? "Relevo's own table" : "the same rules by iptables-legacy");
    for (const conntrack of [0, 1] as const) {
      await balancer.configure(configuration(byNft ? MASQUERADE : "", conntrack));
      const expected = { own: MASQUERADED, served: SERVED };
      t.strictSame(answers(site), expected, `masqueraded, with conntrack ${conntrack}`);
    }
    await balancer.stop();
  });
}
