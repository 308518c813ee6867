/**
 * Goal: a real server's kernel is brought to what is asked for, its order keeps the segment from hearing of an address, and
 * what was there before is left and put back. Method: a model of the kernel that carries out the steps, plans by hand.
 */

import t from "tap";
import type { Holder, Setup } from "../../../src/core/realserver/model.ts";
import {
  faultsOfOthers,
  type FoundMachine,
  NO_RECORD,
  planSetup,
  type RealServerRecord,
  recordAfter,
  recordOf,
} from "../../../src/core/realserver/plan.ts";
import { stepText } from "../../../src/core/realserver/text.ts";
import { ip } from "../balance/servers.ts";

const VIP = ip("192.0.2.100");
const NOTHING: Setup = { holders: [], ports: [], addresses: [] };
const ON_LO: Setup = { ...NOTHING, addresses: [{ interface: "lo", address: VIP }] };
const IPIP: Holder = { name: "vip-ipip0", kind: "ipip", local: ip("198.51.100.21"), checksum: false };
const TUNNEL: Setup = {
  holders: [IPIP],
  ports: [{ port: 6080, family: 4 }],
  addresses: [{ interface: "vip-ipip0", address: VIP }],
};

/** A machine with lo and eth0, which keeps what it is told. */
class Machine implements FoundMachine {
  interfaces: FoundMachine["interfaces"] = [
    { index: 1, name: "lo", enabled: true, holder: undefined },
    { index: 2, name: "eth0", enabled: true, holder: undefined },
  ];
  addresses: FoundMachine["addresses"] = [];
  ports: FoundMachine["ports"] = [];
  readonly gateways = [];
  readonly settings = new Map([
    ["net/ipv4/conf/all/arp_ignore", "0"],
    ["net/ipv4/conf/eth0/arp_ignore", "0"],
    ["net/ipv4/conf/all/arp_announce", "0"],
  ]);
  readonly setting = (name: string): string | undefined => this.settings.get(name);
  record: RealServerRecord = NO_RECORD;

  /** Plans and carries out; the steps as text. */
  become(setup: Setup): readonly string[] {
    const { steps } = planSetup(setup, this, this.record);
    this.record = recordAfter(this.record, steps, []);
    for (const step of steps) {
      switch (step.type) {
        case "add-address":
          this.addresses = [...this.addresses, { ...step.held, prefixLength: 32 }];
          break;
        case "remove-address":
          this.addresses = this.addresses.filter(({ interface: name }) => name !== step.held.interface);
          break;
        case "add-holder": {
          const { name } = step.holder;
          const index = 1 + Math.max(...this.interfaces.map((one) => one.index));
          this.interfaces = [...this.interfaces, { index, name, enabled: false, holder: step.holder }];
          this.settings.set(`net/ipv4/conf/${name}/rp_filter`, "0");
          break;
        }
        case "remove-holder":
          this.interfaces = this.interfaces.filter(({ index }) => index !== step.index);
          this.addresses = this.addresses.filter((held) => held.interface !== step.holder.name);
          this.settings.delete(`net/ipv4/conf/${step.holder.name}/rp_filter`);
          break;
        case "switch-on":
          this.interfaces = this.interfaces.map((one) =>
            one.name === step.name ? { ...one, enabled: true } : one,
          );
          break;
        case "add-port":
          this.ports = [...this.ports, step.port];
          break;
        case "remove-port":
          this.ports = this.ports.filter(({ port }) => port !== step.port.port);
          break;
        case "set":
          this.settings.set(step.change.name, step.change.after);
          break;
        case "restore":
          this.settings.set(step.change.name, step.change.before);
          break;
        case "set-own":
          this.settings.set(step.name, step.value);
          break;
      }
    }
    this.record = recordOf(this.record, setup, this);
    return steps.map(stepText);
  }
}

t.test("settings before the address; the second time nothing; removal the other way round", (t) => {
  const machine = new Machine();
  t.strictSame(machine.become(ON_LO), [
    "sysctl -w net/ipv4/conf/all/arp_ignore=1",
    "sysctl -w net/ipv4/conf/all/arp_announce=2",
    "ip address add 192.0.2.100/32 dev lo label lo:vip",
  ]);
  t.strictSame(machine.become(ON_LO), []);
  t.strictSame(machine.become(NOTHING), [
    "ip address del 192.0.2.100/32 dev lo",
    "sysctl -w net/ipv4/conf/all/arp_announce=0",
    "sysctl -w net/ipv4/conf/all/arp_ignore=0",
  ]);
  t.strictSame(machine.record, NO_RECORD);
  t.end();
});

t.test("a tunnel, and from it back to lo when the file changes", (t) => {
  const machine = new Machine();
  t.strictSame(machine.become(TUNNEL).slice(2), [
    "ip fou add port 6080 gue",
    "ip link add vip-ipip0 type ipip local 198.51.100.21",
    "sysctl -w net/ipv4/conf/vip-ipip0/rp_filter=2",
    "ip link set vip-ipip0 up",
    "ip address add 192.0.2.100/32 dev vip-ipip0 label vip-ipip0:vip",
  ]);
  t.strictSame(machine.become(TUNNEL), []);
  t.strictSame(machine.become(ON_LO), [
    "ip address del 192.0.2.100/32 dev vip-ipip0",
    "ip link del vip-ipip0",
    "ip fou del port 6080",
    "ip address add 192.0.2.100/32 dev lo label lo:vip",
  ]);
  t.strictSame(machine.become(NOTHING).slice(1), [
    "sysctl -w net/ipv4/conf/all/arp_announce=0",
    "sysctl -w net/ipv4/conf/all/arp_ignore=0",
  ]);
  t.end();
});

t.test("a tunnel whose local address or checksum has changed is made anew, with all that it had", (t) => {
  const machine = new Machine();
  machine.become(TUNNEL);
  const moved = { ...TUNNEL, holders: [{ ...IPIP, local: ip("198.51.100.22") }] };
  t.strictSame(machine.become(moved), [
    "ip link del vip-ipip0",
    "ip link add vip-ipip0 type ipip local 198.51.100.22",
    "sysctl -w net/ipv4/conf/vip-ipip0/rp_filter=2",
    "ip link set vip-ipip0 up",
    "ip address add 192.0.2.100/32 dev vip-ipip0 label vip-ipip0:vip",
  ]);
  t.strictSame(machine.become(moved), []);
  const gre = { name: "vip-gre0", kind: "gre", local: ip("198.51.100.21") } as const;
  const addresses = [{ interface: "vip-gre0", address: VIP }];
  machine.become({ ...NOTHING, holders: [{ ...gre, checksum: false }], addresses });
  const checked = { ...NOTHING, holders: [{ ...gre, checksum: true }], addresses };
  t.strictSame(machine.become(checked), [
    "ip link del vip-gre0",
    "ip link add vip-gre0 type gre local 198.51.100.21 icsum",
    "sysctl -w net/ipv4/conf/vip-gre0/rp_filter=2",
    "ip link set vip-gre0 up",
    "ip address add 192.0.2.100/32 dev vip-gre0 label vip-gre0:vip",
  ]);
  t.strictSame(machine.become(checked), []);
  machine.become(NOTHING);
  t.strictSame(machine.record, NO_RECORD);
  t.end();
});

t.test("of a plan that was broken off, what was done is on record, and what was begun", (t) => {
  const machine = new Machine();
  machine.become(TUNNEL);
  const moved = { ...TUNNEL, holders: [{ ...IPIP, local: ip("198.51.100.22") }] };
  const { steps } = planSetup(moved, machine, machine.record);
  const records = steps.map((step, index) => recordAfter(machine.record, steps.slice(0, index), [step]));
  t.strictSame(
    records.map(({ holders, addresses }) => [
      holders.map((holder) => (holder.kind === "dummy" ? "" : holder.local)),
      addresses.length,
    ]),
    [
      [["198.51.100.21"], 1],
      [["198.51.100.22"], 0],
      [["198.51.100.22"], 0],
      [["198.51.100.22"], 0],
      [["198.51.100.22"], 1],
    ],
    "removal, addition, setting, switch, address",
  );
  t.strictSame(records[0], machine.record, "what may be there still is ours");
  t.end();
});

t.test("what was there before us is used, and stays", (t) => {
  const machine = new Machine();
  machine.addresses = [{ interface: "lo", address: VIP, prefixLength: 32 }];
  machine.settings.set("net/ipv4/conf/all/arp_ignore", "2").set("net/ipv4/conf/all/arp_announce", "2");
  t.strictSame(machine.become(ON_LO), []);
  t.strictSame(machine.become(NOTHING), []);
  t.equal(machine.addresses.length, 1);
  t.end();
});

t.test("an interface of that name that is something else is left alone", (t) => {
  const machine = new Machine();
  machine.interfaces = [
    ...machine.interfaces,
    { index: 7, name: IPIP.name, enabled: true, holder: undefined },
  ];
  const { steps, foreign } = planSetup(TUNNEL, machine, NO_RECORD);
  t.strictSame(foreign, ["vip-ipip0"]);
  t.notOk(steps.some(({ type }) => type === "add-address" || type === "add-holder"));
  t.end();
});

t.test(
  "a setting that lets the address be told is changed on the interface, too, and one that somebody changes after us stays",
  (t) => {
    const machine = new Machine();
    // 3: answers for any address but those of scope host.
    machine.settings.set("net/ipv4/conf/eth0/arp_ignore", "3");
    t.ok(machine.become(ON_LO).includes("sysctl -w net/ipv4/conf/eth0/arp_ignore=1"));
    t.strictSame(machine.become(ON_LO), []);
    machine.settings.set("net/ipv4/conf/all/arp_announce", "1");
    t.strictSame(machine.become(ON_LO), ["sysctl -w net/ipv4/conf/all/arp_announce=2"]);
    machine.settings.set("net/ipv4/conf/all/arp_ignore", "8");
    machine.become(NOTHING);
    t.equal(machine.setting("net/ipv4/conf/eth0/arp_ignore"), "3");
    t.equal(machine.setting("net/ipv4/conf/all/arp_announce"), "0", "as it was at first");
    t.equal(machine.setting("net/ipv4/conf/all/arp_ignore"), "8", "not ours any more");
    t.end();
  },
);

t.test("what is wrong and not ours is told", (t) => {
  const machine = new Machine();
  machine.addresses = [
    { interface: "eth0", address: VIP, prefixLength: 24 },
    { interface: "lo", address: VIP, prefixLength: 24 },
  ];
  t.strictSame(faultsOfOthers(ON_LO, machine, NO_RECORD), [
    "192.0.2.100 is on eth0, which answers for it: ip address del 192.0.2.100/24 dev eth0",
    "192.0.2.100/24 on lo makes all of that network this machine's own: ip address del 192.0.2.100/24 dev lo",
  ]);
  machine.addresses = [];
  machine.interfaces = [{ index: 3, name: "d0", enabled: false, holder: { name: "d0", kind: "dummy" } }];
  const onDummy: Setup = { ...NOTHING, holders: [{ name: "d0", kind: "dummy" }] };
  t.strictSame(faultsOfOthers(onDummy, machine, NO_RECORD), ["d0 is off: ip link set d0 up"]);
  t.end();
});
