/**
 * Goal: the interface of a virtual router's own comes and goes with it, whatever others do to it, what is not ours is left
 * alone, and the kernel's settings are put back. Method: a director and another hand with `ip` and `sysctl`, which are the
 * witnesses, too.
 */

import t from "tap";
import { seconds } from "../../src/core/units/time.ts";
import { Director, web } from "./director.ts";
import { type Host, Lan, run, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";
import { web6 } from "./web6.ts";
import { addressesOn, indexOf, linksOnTop, reaches, setting, VMAC4, withVmac } from "./vmac.ts";

const SHOWN = `vrrp.51 macvlan private on eth0 ${VMAC4} UP`;
const holds = (host: Host) => addressesOn(host, "vrrp.51").includes("192.0.2.100/24");

/** The settings below `conf` that are changed, as they are. */
const settings = (host: Host) =>
  [
    "all/rp_filter",
    "default/rp_filter",
    "eth0/rp_filter",
    "eth1/rp_filter",
    "eth0/arp_ignore",
    "eth0/arp_announce",
  ]
    .map((name) => setting(host, `net/ipv4/conf/${name}`))
    .join(" ");

if (hasRoot(t, import.meta.url)) {
  t.jobs = 4;

  t.test("kernel settings: changed as far as is needed, shown, and put back", async (t) => {
    const lan = new Lan(t);
    const [host, probe] = [lan.host("lvs1", 11), lan.host("probe", 13)];
    for (const name of ["all.rp_filter=1", "default.rp_filter=0", "eth0.rp_filter=0", "eth1.rp_filter=2"])
      host.sysctl(`net.ipv4.conf.${name}`);
    const relevo = new Director(lan, host);
    t.equal(settings(host), "1 0 0 2 0 0");
    await relevo.configure([withVmac(web())]);
    await relevo.reaches("master");
    t.equal(settings(host), "0 1 1 2 1 2");
    t.equal(setting(host, "net/ipv4/conf/vrrp.51/rp_filter"), "0");
    t.equal(setting(host, "net/ipv4/conf/vrrp.51/arp_ignore"), "1");
    t.equal(setting(host, "net/ipv6/conf/vrrp.51/disable_ipv6"), "1");
    // Without them the packets would come in by the one interface and be filtered, for the answer leaves by the other.
    t.ok(reaches(probe, "192.0.2.100"));
    const shown = relevo
      .named("link-settings-changed")
      .flatMap(({ changed }) => changed as readonly string[]);
    for (const change of ["eth0/arp_ignore 0 -> 1", "eth0/arp_announce 0 -> 2", "all/rp_filter 1 -> 0"])
      t.ok(shown.includes(`net/ipv4/conf/${change}`), change);

    await relevo.kill();
    relevo.restart();
    await relevo.configure([withVmac(web())], relevo.diedAt);
    await relevo.reaches("master");
    host.sysctl("net.ipv4.conf.eth0.arp_announce=1");
    await relevo.stop();
    t.equal(settings(host), "1 0 0 2 0 1", "what another hand has changed since is its own");
    t.same(relevo.named("link-settings-restored").length, 1);
  });

  t.test("it goes when it is no longer asked for, also what an earlier life made", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const relevo = new Director(lan, host);
    await relevo.configure([withVmac(web())]);
    await relevo.reaches("master");
    t.same(linksOnTop(host), [SHOWN]);
    await relevo.configure([web()]);
    t.same(linksOnTop(host), []);
    t.equal(setting(host, "net/ipv4/conf/eth0/arp_ignore"), "0");
    await relevo.reaches("master");
    t.ok(host.holdsVip());
    await relevo.configure([withVmac(web())]);
    await relevo.reaches("master");
    t.notOk(host.holdsVip());
    t.ok(holds(host));
    await relevo.kill();
    t.same(linksOnTop(host), [SHOWN]);
    relevo.restart();
    await relevo.configure([web()], relevo.diedAt);
    t.same(linksOnTop(host), []);
    await relevo.reaches("master");
    t.same(relevo.named("link-drift"), []);
  });

  t.test("an interface of that name that is not ours is left alone, and is a fault", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    host.ip("link", "add", "vrrp.51", "link", "eth0", "type", "macvlan", "mode", "bridge");
    host.ip("address", "add", "192.0.2.100/24", "dev", "vrrp.51");
    host.ip("link", "set", "vrrp.51", "up");
    const index = indexOf(host, "vrrp.51");
    const relevo = new Director(lan, host);
    await relevo.configure([withVmac(web())]);
    await relevo.reaches("fault");
    t.match(relevo.named("vrrp-transition").at(-1), { detail: "interface vrrp.51 is not ours" });
    t.same(relevo.named("link-foreign"), [{ interface: "vrrp.51" }]);
    t.equal(indexOf(host, "vrrp.51"), index);
    t.ok(holds(host), "nor is its address taken");
    host.ip("link", "del", "vrrp.51");
    await relevo.reaches("master");
    t.same(linksOnTop(host), [SHOWN]);
    t.ok(holds(host));
    await relevo.stop();
    t.same(linksOnTop(host), []);

    relevo.restart();
    host.ip("link", "add", "vrrp.51", "type", "veth", "peer", "name", "vrrp.99");
    await relevo.configure([withVmac(web())]);
    await relevo.reaches("fault");
    await relevo.stop();
    host.ip("link", "del", "vrrp.51");
  });

  t.test("whoever takes it away, switches it off or changes it finds it put right", async (t) => {
    const lan = new Lan(t);
    const [lvs1, lvs2] = [lan.host("lvs1", 11), lan.host("lvs2", 12)];
    const first = new Director(lan, lvs1);
    const second = new Director(lan, lvs2);
    await first.configure([withVmac(web({ priority: 150 }))]);
    await first.reaches("master");
    await second.configure([withVmac(web())]);
    await second.reaches("backup");
    let drifts = 0;
    for (const [found, ...command] of [
      ["missing", "del", "vrrp.51"],
      ["off", "set", "vrrp.51", "down"],
      ["changed", "set", "vrrp.51", "address", "02:00:00:00:00:01"],
    ] as const) {
      lvs1.ip("link", ...command);
      drifts += 1;
      await until(`it is told: ${found}`, () => first.named("link-drift").length === drifts);
      t.same(first.named("link-drift").at(-1), { interface: "vrrp.51", found });
      await until("it is as it was", () => linksOnTop(lvs1).join() === SHOWN);
      await until("the address is back", () => holds(lvs1) && !holds(lvs2));
      await first.reaches("master");
      await second.reaches("backup");
    }
    await until("all are counted", () => first.counted("drift", { kind: "link" }) === drifts);
    const takeovers = second.transitions.filter((transition) => transition.startsWith("backup -> master"));
    t.same(
      takeovers,
      Array.from({ length: drifts }, () => "backup -> master (master-resigned)"),
      "it said farewell",
    );
  });

  t.test("with the interface below it goes to fault, and comes back", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const relevo = new Director(lan, host);
    await relevo.configure([withVmac(web())]);
    await relevo.reaches("master");
    const index = indexOf(host, "vrrp.51");
    host.cable("eth0", "down");
    await relevo.reaches("fault");
    await until("the address is off", () => !holds(host));
    host.cable("eth0", "up");
    await relevo.reaches("master");
    t.equal(indexOf(host, "vrrp.51"), index, "the same as before");
    host.ip("link", "set", "eth0", "down");
    await relevo.reaches("fault");
    host.ip("link", "set", "eth0", "up");
    await relevo.reaches("master");

    host.ip("link", "del", "eth0");
    await relevo.reaches("fault");
    t.same(linksOnTop(host), []);
    host.connect("eth0");
    await relevo.reaches("master");
    t.same(linksOnTop(host), [SHOWN]);
    t.ok(holds(host));
    t.equal(setting(host, "net/ipv4/conf/eth0/arp_ignore"), "1", "the new one's settings, too");
    t.same(relevo.named("link-drift"), [], "nobody did that to it");
    t.same(relevo.named("address-drift"), []);
  });

  t.test("what the kernel refuses is a fault with a reason, and tried again", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    const rival = ["link", "add", "rival", "link", "eth0", "address", VMAC4, "type", "macvlan"];
    host.ip(...rival, "mode", "private");
    host.ip("link", "set", "rival", "up");
    const relevo = new Director(lan, host);
    const impossible = withVmac(web({ name: "impossible", interface: "lo", vrid: 52 }));
    await relevo.configure([withVmac(web()), impossible]);
    await relevo.reaches("fault");
    const faults = relevo
      .named("vrrp-transition")
      .map(({ instance, detail }) => `${String(instance)}: ${String(detail)}`);
    t.same(faults, ["web: interface vrrp.51 is missing", "impossible: interface vrrp.52 is missing"]);
    const refusals = relevo
      .named("link-failed")
      .map((fields) => `${String(fields.interface)}: ${String(fields.error)}`);
    t.equal(refusals.length, 2);
    t.match(refusals[0], /^vrrp\.51: .*(EBUSY|EADDRINUSE)/);
    t.match(refusals[1], /^vrrp\.52: .*EINVAL/);
    host.ip("link", "del", "rival");
    await relevo.reaches("master", 40);
    t.same(linksOnTop(host), [SHOWN]);
    await relevo.stop();
    t.same(linksOnTop(host), []);
    t.same(run("ip", ...host.inside(), "sysctl", "-n", "net.ipv4.conf.eth0.arp_ignore").trim(), "0");
  });

  t.test("whose addresses went with their lease is silent when it is back", async (t) => {
    const lan = new Lan(t);
    const host = lan.host("lvs1", 11);
    host.useIpv6();
    const relevo = new Director(lan, host);
    const leased = web6().addresses.map((address) => ({ ...address, lease: seconds(1) }));
    await relevo.configure([withVmac(web6({ addresses: leased }))]);
    await relevo.reaches("master");
    const isOff = () => setting(host, "net/ipv6/conf/vrrp6.51/disable_ipv6");
    t.equal(isOff(), "0");
    await relevo.kill();
    await until("the kernel takes them away", () => addressesOn(host, "vrrp6.51").length === 0);
    t.equal(isOff(), "0", "nobody is there to switch it off");
    relevo.restart();
    // It waits for half a minute whether there is a master.
    await relevo.configure([withVmac(web6({ addresses: leased, advertInterval: seconds(10) }))]);
    await relevo.reaches("backup");
    t.equal(isOff(), "1");
    await relevo.stop();
  });
}
