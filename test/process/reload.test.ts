/**
 * Goal: a reload changes what differs and nothing else; a file with an error changes nothing. Method: SIGHUP to a running
 * director; `ip monitor` and tcpdump are the witnesses of what it did.
 */

import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import { hasRoot } from "../net/root.ts";
import { configuration, type Director, Pair, until, VIP } from "./pair.ts";

/** What the kernel tells of addresses, and what is on the wire, while `action` goes on. */
async function witnessed(director: Director, action: () => Promise<void>): Promise<string> {
  let seen = "";
  const witnesses = [
    spawn("ip", ["-4", "-n", director.namespace, "monitor", "address"]),
    spawn("ip", ["netns", "exec", director.namespace, "tcpdump", "-Ulnqi", "eth0", "arp or proto 112"]),
  ];
  let ready = false;
  for (const { stdout, stderr } of witnesses) {
    stdout.setEncoding("utf8").on("data", (text: string) => {
      seen += text;
    });
    stderr.setEncoding("utf8").on("data", (text: string) => {
      ready ||= text.includes("listening on");
    });
  }
  await until("the witnesses look", () => ready);
  await action();
  await delay(500);
  for (const witness of witnesses) witness.kill();
  return seen;
}

if (hasRoot(t, import.meta.url)) {
  t.test("a running director", async (t) => {
    // An advert every half a minute, and no renewal of a lease: whatever is seen is because of the reload.
    const slow = (vips: string, priority = 150) => `
vrrp_instances:
  web:
    interface: eth0
    virtual_router_id: 51
    version: 3
    advert_int: 30
    priority: ${priority}
    virtual_ipaddress: [${vips}]
    garp_master_delay: 0
    vip_lease: 1h
`;
    const owner = slow(VIP, 255);
    const pair = new Pair(owner);
    t.teardown(() => pair.close());
    const { lvs1 } = pair;
    await lvs1.start();
    await until("the VIP", () => lvs1.holds(VIP));

    await t.test("that reads the same file again touches nothing", async (t) => {
      const from = lvs1.log.length;
      const seen = await witnessed(lvs1, async () => {
        lvs1.write(`# another comment\n${owner}`);
        lvs1.signal("SIGHUP");
        await lvs1.logged("config-unchanged", from);
      });
      t.equal(seen, "");
    });

    await t.test("that reads a file with errors touches nothing, and names them all", async (t) => {
      const from = lvs1.log.length;
      const seen = await witnessed(lvs1, async () => {
        lvs1.write(slow(VIP, 300).replace("virtual_router_id", "virtual_routr_id"));
        lvs1.signal("SIGHUP");
        await lvs1.logged("config-rejected", from);
      });
      t.equal(seen, "");
      const { errors } = await lvs1.logged("config-rejected", from);
      t.match((errors as string[]).join("\n"), /:8:15: error: .*300/);
      t.match((errors as string[]).join("\n"), /virtual_routr_id.*virtual_router_id/);
      t.ok(lvs1.holds(VIP));
      t.equal(lvs1.metric("relevo_config_last_reload_successful"), 0);
    });

    await t.test("adds and removes addresses in place", async (t) => {
      const from = lvs1.log.length;
      const seen = await witnessed(lvs1, async () => {
        lvs1.write(slow(`${VIP}, 192.0.2.101/24`, 255));
        lvs1.signal("SIGHUP");
        await lvs1.logged("config-loaded", from);
      });
      t.match(seen, /inet 192\.0\.2\.101\/24/);
      t.match(seen, /192\.0\.2\.101/, "announced");
      t.notMatch(seen, /192\.0\.2\.100\/24/, "the other one was left alone");
      t.same(lvs1.addresses(), ["192.0.2.11/24", VIP, "192.0.2.101/24"]);

      lvs1.write(owner);
      lvs1.signal("SIGHUP");
      await until("the address is gone", () => !lvs1.holds("192.0.2.101/24"));
      t.same(lvs1.addresses(), ["192.0.2.11/24", VIP]);
      t.notOk(
        lvs1.log.slice(from).some(({ event }) => event === "vrrp-transition"),
        "it was master throughout",
      );
      t.equal(lvs1.metric("relevo_config_last_reload_successful"), 1);
    });

    await t.test("stops an instance that is no longer there, and starts a new one", async () => {
      lvs1.write(configuration().replace("web:", "mail:").replace(VIP, "192.0.2.102/24"));
      lvs1.signal("SIGHUP");
      await until("the old address is gone", () => !lvs1.holds(VIP));
      await until("the new address is there", () => lvs1.holds("192.0.2.102/24"));
    });
  });
}
