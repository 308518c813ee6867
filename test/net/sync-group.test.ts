/**
 * Goal: the instances of a sync group hold their addresses on the same director, whatever happens to one of the two
 * networks, also with keepalived's vrrp_sync_group as the peer. Method: an instance and an address on each network; a
 * cable is pulled, or the two directors are kept apart on one network; the kernel's addresses are the witness.
 */

import t from "tap";
import type { VirtualRouter } from "../../src/core/vrrp/model.ts";
import { Director, INNER_VIP, web } from "./director.ts";
import { hasKeepalived, Keepalived } from "./keepalived.ts";
import { type Host, Lan, run, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

function group(changes: Partial<VirtualRouter>): VirtualRouter[] {
  const common = { ...changes, syncGroup: "lan" };
  return [
    web(common),
    web({ ...common, name: "inner", interface: "eth1", vrid: 52, addresses: [INNER_VIP] }),
  ];
}

/** Which of the two addresses a host holds. */
function holds(host: Host): string {
  const inner = host.addresses("eth1").includes("198.51.100.1/24");
  return `${host.holdsVip() ? "outer" : "-"} ${inner ? "inner" : "-"}`;
}

/** Keeps the hosts apart on the private network, carrier and all else untouched. */
function keepApart(lan: Lan, hosts: readonly Host[], apart: boolean): void {
  for (const { port } of hosts) {
    const isolated = ["type", "bridge_slave", "isolated", apart ? "on" : "off"];
    run("ip", "-n", lan.switchNamespace, "link", "set", port.eth1, ...isolated);
  }
}

/** What was told of an instance. */
function told(director: Director, name: string): string[] {
  return director
    .named("vrrp-transition")
    .filter(({ instance }) => instance === name)
    .map(
      ({ from, to, cause, detail }) =>
        `${String(from)} -> ${String(to)} (${String(cause)}: ${String(detail)})`,
    );
}

if (hasRoot(t, import.meta.url)) {
  t.jobs = 4;

  t.test("a cable pulled on either network moves both addresses, and back", async (t) => {
    const lan = new Lan(t);
    const [lvs1, lvs2] = [lan.host("lvs1", 11), lan.host("lvs2", 12)];
    const both = () => `${holds(lvs1)} | ${holds(lvs2)}`;
    const first = new Director(lan, lvs1);
    const second = new Director(lan, lvs2);
    await first.configure(group({ priority: 150 }));
    await until("the first holds both", () => both() === "outer inner | - -");
    await second.configure(group({ priority: 100 }));
    for (const [cable, broken, along] of [
      ["eth1", "inner", "web"],
      ["eth0", "web", "inner"],
    ] as const) {
      lvs1.cable(cable, "down");
      await until("the second holds both", () => both() === "- - | outer inner");
      for (const name of [broken, along])
        await until(`${name} tells a fault`, () => told(first, name).at(-1)?.includes("-> fault"));
      t.equal(told(first, broken).at(-1), `master -> fault (fault: interface ${cable} is down)`);
      t.equal(told(first, along).at(-1), `master -> fault (sync-group: ${broken})`);
      lvs1.cable(cable, "up");
      await until("the first holds both again", () => both() === "outer inner | - -");
    }
    t.match(told(second, "web").concat(told(second, "inner")).join("\n"), /backup -> master \(sync-group: /);

    await first.stop();
    await until("a graceful stop moves both", () => both() === "- - | outer inner");
    t.match(told(first, "web").at(-1), /master -> init \(shutdown/);
    t.match(told(first, "inner").at(-1), /master -> init \(shutdown/);
  });

  t.test("directors kept apart on one network do not take the addresses from each other", async (t) => {
    const lan = new Lan(t);
    const [lvs1, lvs2] = [lan.host("lvs1", 11), lan.host("lvs2", 12)];
    const first = new Director(lan, lvs1);
    const second = new Director(lan, lvs2);
    await first.configure(group({ priority: 150 }));
    await until("the first holds both", () => holds(lvs1) === "outer inner");
    await second.configure(group({ priority: 100 }));
    await until("the second hears it", () => second.counted("adverts_received", { instance: "inner" }) > 2);
    keepApart(lan, [lvs1, lvs2], true);
    await until("the second says so", () => second.named("vrrp-sync-held-back").length > 0);
    t.match(second.named("vrrp-sync-held-back")[0], { instance: "inner", group: "lan", member: "web" });
    const heard = second.counted("adverts_received", { instance: "web" });
    await until("time goes by", () => second.counted("adverts_received", { instance: "web" }) > heard + 20);
    t.equal(`${holds(lvs1)} | ${holds(lvs2)}`, "outer inner | - -");
    t.equal(second.counted("transitions"), 2, "nobody moved but at the start");

    await first.kill();
    await until("its death is another matter", () => holds(lvs2) === "outer inner");
  });

  const skip = hasKeepalived() ? {} : { skip: "keepalived is not installed" };
  t.test("keepalived's vrrp_sync_group as the peer", skip, async (t) => {
    const lan = new Lan(t);
    const [lvs1, lvs2] = [lan.host("lvs1", 11), lan.host("lvs2", 12)];
    const both = () => `${holds(lvs1)} | ${holds(lvs2)}`;
    const relevo = new Director(lan, lvs1);
    const peer = new Keepalived(lan, lvs2, { version: 3, priority: 100, advertInterval: 0.1, group: true });
    await relevo.configure(group({ priority: 150, v3ChecksumAsV2: false }));
    await until("Relevo holds both", () => both() === "outer inner | - -");
    peer.start();
    await until("keepalived is a backup", () => peer.states.at(-1) === "BACKUP");

    lvs1.cable("eth1", "down");
    await until("keepalived holds both", () => both() === "- - | outer inner");
    lvs1.cable("eth1", "up");
    await until("Relevo holds both again", () => both() === "outer inner | - -");

    await relevo.stop();
    await until("keepalived holds both", () => both() === "- - | outer inner");
    relevo.restart();
    await relevo.configure(group({ priority: 50, v3ChecksumAsV2: false }));
    await relevo.reaches("backup");
    lvs2.cable("eth0", "down");
    await until("Relevo follows a fault of keepalived's", () => both() === "outer inner | - -");
    lvs2.cable("eth0", "up");
    await until("and gives both back", () => both() === "- - | outer inner");
    t.same(peer.complaints, []);
    t.equal(relevo.counted("adverts_discarded"), 0);
  });
}
