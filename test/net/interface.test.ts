/**
 * Goal: a director that loses an interface lets go of its addresses, and returns when it has everything again. Method: the
 * interface switched off, its cable pulled, the interface deleted and made anew, on the master, with a peer watching.
 */

import t from "tap";
import { Director, INNER_VIP, VIP, web } from "./director.ts";
import { type Host, type InterfaceName, Lan, until } from "./namespace.ts";
import { watchResignations } from "./resignation.ts";
import { hasRoot } from "./root.ts";

interface Loss {
  readonly name: string;
  readonly interface: InterfaceName;
  readonly lose: (host: Host) => void;
  readonly restore: (host: Host) => void;
  readonly fault: RegExp;
  /** Addresses that are lost behind our back with it. */
  readonly drift?: number;
}

const LOSSES: readonly Loss[] = [
  {
    name: "switched off",
    interface: "eth0",
    lose: (host) => void host.ip("link", "set", "eth0", "down"),
    restore: (host) => void host.ip("link", "set", "eth0", "up"),
    fault: /interface eth0 is down/,
  },
  {
    name: "without carrier",
    interface: "eth0",
    lose: (host) => host.cable("eth0", "down"),
    restore: (host) => host.cable("eth0", "up"),
    fault: /interface eth0 is down/,
  },
  {
    name: "deleted and made anew under its name",
    interface: "eth0",
    lose: (host) => void host.ip("link", "del", "eth0"),
    restore: (host) => host.connect("eth0"),
    // The kernel switches it off before it deletes it.
    fault: /interface eth0 is (down|missing)/,
  },
  {
    name: "without an address of its own",
    interface: "eth0",
    lose: (host) => void host.ip("address", "del", "192.0.2.11/24", "dev", "eth0"),
    restore: (host) => void host.ip("address", "add", "192.0.2.11/24", "dev", "eth0"),
    fault: /interface eth0 has no IPv4 address/,
    // With the first address of a network the kernel deletes the others.
    drift: 1,
  },
  {
    name: "that only holds an address, without carrier",
    interface: "eth1",
    lose: (host) => host.cable("eth1", "down"),
    restore: (host) => host.cable("eth1", "up"),
    fault: /interface eth1 is down/,
  },
];

const BOTH_VIPS = [VIP, INNER_VIP];

if (hasRoot(t, import.meta.url)) {
  t.jobs = 3;

  for (const loss of LOSSES) {
    t.test(`an interface ${loss.name}`, async (t) => {
      const lan = new Lan(t);
      const first = new Director(lan, lan.host("lvs1", 11));
      const second = new Director(lan, lan.host("lvs2", 12));
      await first.configure([web({ priority: 150, addresses: BOTH_VIPS })]);
      await first.reaches("master");
      await second.configure([web({ addresses: BOTH_VIPS })]);
      await second.reaches("backup");
      const resignations = watchResignations(first.host);

      loss.lose(first.host);
      await first.reaches("fault");
      t.match(first.named("vrrp-transition").at(-1), { from: "master", to: "fault", detail: loss.fault });
      t.notMatch(first.host.addresses("eth0").join(), "192.0.2.100");
      t.notMatch(first.host.addresses("eth1").join(), "198.51.100.1/");
      t.equal(resignations().held, 0, "gone before told");
      await second.reaches("master");
      t.match(second.host.addresses("eth1"), ["198.51.100.12/24", "198.51.100.1/24"]);

      loss.restore(first.host);
      await first.reaches("master");
      t.same(first.transitions.slice(-2), [
        "fault -> backup (fault-cleared)",
        "backup -> master (preempted-lower-priority)",
      ]);
      await second.reaches("backup");
      t.match(first.host.addresses("eth0").toSorted(), ["192.0.2.100/24", "192.0.2.11/24"]);
      t.match(first.host.addresses("eth1"), ["198.51.100.11/24", "198.51.100.1/24"]);
      await until("the peer has let go", () => !second.host.holdsVip());
      t.same(second.transitions.at(-1), "master -> backup (higher-priority)");
      t.same(first.named("address-failed"), [], "the kernel was asked for nothing that it must refuse");
      t.equal(first.counted("drift"), loss.drift ?? 0);
    });
  }

  t.test("without preemption the one that returns stays backup", async (t) => {
    const lan = new Lan(t);
    const first = new Director(lan, lan.host("lvs1", 11));
    const second = new Director(lan, lan.host("lvs2", 12));
    await first.configure([web({ priority: 150, preempt: false })]);
    await first.reaches("master");
    await second.configure([web()]);
    await second.reaches("backup");
    first.host.cable("eth0", "down");
    await second.reaches("master");
    first.host.cable("eth0", "up");
    await first.reaches("backup");
    const heard = first.counted("adverts_received");
    await until("it has heard the peer ten times", () => first.counted("adverts_received") >= heard + 10);
    t.same([first.state, second.state], ["backup", "master"]);
    t.notOk(first.host.holdsVip());
  });

  t.test("an interface that comes and goes a hundred times ends nothing", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const first = new Director(lan, host);
    await first.configure([web()]);
    await first.reaches("master");
    for (let count = 0; count < 100; count += 1) {
      host.ip("link", "del", "eth0");
      host.ip("link", "add", "eth0", "type", "veth", "peer", "name", "other");
    }
    host.ip("link", "del", "eth0");
    await first.reaches("fault");
    host.connect("eth0");
    await first.reaches("master");
    t.ok(host.holdsVip());
  });
}
