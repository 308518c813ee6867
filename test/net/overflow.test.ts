/**
 * Goal: when the kernel's notifications are lost, addresses are looked at anew and put right. Method: the process is
 * stopped while thousands of addresses come and go, more than its socket holds, and the VIP with them.
 */

import { spawnSync } from "node:child_process";
import t from "tap";
import { Director, INNER_VIP, VIP, web } from "./director.ts";
import { Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

if (hasRoot(t, import.meta.url)) {
  t.test("an address that was taken away unseen returns, one that was given unseen goes", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const director = new Director(lan, host);
    const backup = web({ name: "inner", interface: "eth1", vrid: 52, addresses: [INNER_VIP] });
    await director.configure([web(), backup]);
    await director.reaches("master");
    const peer = new Director(lan, lan.host("lvs2", 12));
    await peer.configure([{ ...backup, priority: 200 }]);
    const inner = () => director.instances.find(({ instance }) => instance === "inner")?.state;
    await until(
      "inner is backup",
      () => inner() === "backup" && !host.addresses("eth1").includes("198.51.100.1/24"),
    );

    director.signal("SIGSTOP");
    const lines = Array.from({ length: 6_000 }, (_, index) => {
      const address = `10.${index >> 8}.${index & 255}.1/32`;
      return `address add ${address} dev lo\naddress del ${address} dev lo\n`;
    });
    lines.push("address del 192.0.2.100/24 dev eth0\n", "address add 198.51.100.1/24 dev eth1\n");
    const { status } = spawnSync("ip", ["-n", host.namespace, "-batch", "-"], { input: lines.join("") });
    t.equal(status, 0);
    director.signal("SIGCONT");

    await until("the VIP is back", () => host.holdsVip());
    await until("the other one is gone", () => !host.addresses("eth1").includes("198.51.100.1/24"));
    await until("both are counted", () => director.counted("drift") >= 2);
    t.same(
      new Set(director.named("address-drift").map(({ address }) => address)),
      new Set([`${INNER_VIP.address}/24`, `${VIP.address}/24`]),
    );
  });
}
