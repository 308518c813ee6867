/**
 * Goal: two directors elect one holder, announce it, and hand it over when it dies or leaves; each packet is one that
 * tshark has nothing to complain of. Method: two failover processes, a VIP on each network, a third host that listens.
 */

import t from "tap";
import { seconds } from "../../src/core/units/time.ts";
import { Capture, type Seen } from "./capture.ts";
import { Director, INNER_VIP, VIP, web } from "./director.ts";
import { Lan, until } from "./namespace.ts";
import { watchResignations } from "./resignation.ts";
import { hasRoot } from "./root.ts";

interface Dialect {
  readonly name: string;
  readonly version: 2 | 3;
  readonly v3ChecksumAsV2: boolean;
  readonly interval: number;
  /** The interval as it stands in an advert. */
  readonly written: number;
  /** What a backup of priority 100 waits, and what is left of it after a resignation; in seconds. */
  readonly masterDown: number;
  readonly skew: number;
}

const DIALECTS: readonly Dialect[] = [
  {
    name: "version 3, the checksum over the message alone",
    version: 3,
    v3ChecksumAsV2: true,
    interval: 0.1,
    written: 10,
    masterDown: 0.360_9,
    skew: 0.060_9,
  },
  {
    name: "version 3, the checksum with a pseudo-header",
    version: 3,
    v3ChecksumAsV2: false,
    interval: 0.1,
    written: 10,
    masterDown: 0.360_9,
    skew: 0.060_9,
  },
  {
    name: "version 2",
    version: 2,
    v3ChecksumAsV2: false,
    interval: 1,
    written: 1,
    masterDown: 3.609_3,
    skew: 0.609_3,
  },
];

/** What a loaded machine may add to a wait. */
const LATE_S = 1.5;

function router(priority: number, { version, v3ChecksumAsV2, interval }: Dialect) {
  return web({
    priority,
    version,
    v3ChecksumAsV2,
    advertInterval: seconds(interval),
    addresses: [VIP, INNER_VIP],
    announcing: { delay: seconds(0.6), repeat: 2, refresh: seconds(1), refreshRepeat: 1 },
  });
}

function adverts(seen: readonly Seen[], from: string): readonly Seen[] {
  return seen.filter((packet) => packet.kind === "advert" && packet.from === from);
}

/** The announcements of an address by a hardware address, grouped into bursts. */
function bursts(seen: readonly Seen[], announced: string, mac: string): string[] {
  const found = seen.filter((packet) => packet.announced === announced && packet.mac === mac);
  const groups: Seen[][] = [];
  for (const packet of found) {
    const last = groups.at(-1);
    if (last === undefined || packet.time - (last.at(-1)?.time ?? 0) > 0.1) groups.push([packet]);
    else last.push(packet);
  }
  return groups.map((group) => group.map(({ kind }) => kind).join(" "));
}

if (hasRoot(t, import.meta.url)) {
  t.jobs = 3;
  for (const dialect of DIALECTS) {
    t.test(dialect.name, async (t) => {
      const lan = new Lan(t);
      const [lvs1, lvs2, probe] = [lan.host("lvs1", 11), lan.host("lvs2", 12), lan.host("probe", 13)];
      const outer = await new Capture(lan, probe, "eth0").ready();
      const inner = await new Capture(lan, probe, "eth1").ready();
      const first = new Director(lan, lvs1);
      const second = new Director(lan, lvs2);
      await first.configure([router(150, dialect)]);
      await first.reaches("master");
      await second.configure([router(100, dialect)]);
      await second.reaches("backup");
      t.same(lvs1.addresses("eth0"), ["192.0.2.11/24", "192.0.2.100/24"]);
      t.same(lvs1.addresses("eth1"), ["198.51.100.11/24", "198.51.100.1/24"]);
      t.same(lvs2.addresses("eth0"), ["192.0.2.12/24"]);
      t.same(lvs2.addresses("eth1"), ["198.51.100.12/24"]);
      await until("a second burst and a refresh", () => first.counted("announcements_sent") >= 10);

      await first.kill();
      await second.reaches("master");
      t.match(second.transitions.at(-1), "backup -> master (master-down)");
      t.ok(lvs2.holdsVip());
      await until("a second burst and a refresh", () => second.counted("announcements_sent") >= 10);
      const packets = await outer.seen(dialect.v3ChecksumAsV2);
      const innerPackets = await inner.seen(dialect.v3ChecksumAsV2);

      for (const packet of [...packets, ...innerPackets]) {
        t.match(packet.complaint, /^$|Duplicate IP address configured/, "tshark does not complain");
        t.not(packet.kind, "other");
      }
      t.same(
        innerPackets.filter(({ kind }) => kind === "advert"),
        [],
        "adverts are on the instance's interface alone",
      );
      for (const packet of packets.filter(({ kind }) => kind === "advert")) {
        t.match(packet, {
          version: dialect.version,
          vrid: 51,
          interval: dialect.written,
          addresses: ["192.0.2.100", "198.51.100.1"],
          priority: packet.from === "192.0.2.11" ? 150 : 100,
        });
        t.match(packet.checksum, /^(1|Good)$/);
      }

      const silence = adverts(packets, "192.0.2.11").at(-1)?.time ?? 0;
      const claim = adverts(packets, "192.0.2.12").find(({ time }) => time > silence)?.time ?? 0;
      t.ok(claim - silence > dialect.masterDown - 0.002, `not before the deadline: ${claim - silence}`);
      t.ok(claim - silence < dialect.masterDown + LATE_S, `and soon after it: ${claim - silence}`);

      for (const [seen, announced, name] of [
        [packets, "192.0.2.100", "eth0"],
        [innerPackets, "198.51.100.1", "eth1"],
      ] as const) {
        for (const host of [lvs1, lvs2]) {
          const link = JSON.parse(host.ip("-j", "link", "show", name)) as { address: string }[];
          const found = bursts(seen, announced, link[0]?.address ?? "");
          const burst = "request reply request reply";
          t.same(found.slice(0, 3), [burst, burst, "request reply"], "claim, garp_master_delay, refresh");
        }
        t.ok(seen.filter((packet) => packet.announced === announced).every(({ gratuitous }) => gratuitous));
      }
    });
  }

  for (const dialect of DIALECTS.slice(1)) {
    t.test(`a graceful stop, ${dialect.name}`, async (t) => {
      const lan = new Lan(t);
      const [lvs1, lvs2] = [lan.host("lvs1", 11), lan.host("lvs2", 12)];
      const first = new Director(lan, lvs1);
      const second = new Director(lan, lvs2);
      await first.configure([router(150, dialect)]);
      await second.configure([router(100, dialect)]);
      await first.reaches("master");
      const capture = await new Capture(lan, lvs2).ready();
      await until("two more adverts", async () => {
        const before = second.counted("adverts_received");
        await second.nextReport();
        return second.counted("adverts_received") > before;
      });
      const resignations = watchResignations(lvs1);
      await first.stop();
      t.same(resignations(), { held: 0, gone: 1 }, "gone before told");
      await second.reaches("master");
      t.same(lvs1.addresses("eth0"), ["192.0.2.11/24"]);
      t.same(lvs1.addresses("eth1"), ["198.51.100.11/24"]);
      t.match(second.transitions.at(-1), "backup -> master (master-resigned)");
      t.same(first.transitions.at(-1), "master -> init (shutdown)");

      const packets = await capture.seen(dialect.v3ChecksumAsV2);
      const farewell = adverts(packets, "192.0.2.11").at(-1);
      t.equal(farewell?.priority, 0, "the last word is a resignation");
      t.equal(adverts(packets, "192.0.2.11").filter(({ priority }) => priority === 0).length, 1);
      const claim = adverts(packets, "192.0.2.12").at(0)?.time ?? 0;
      const waited = claim - (farewell?.time ?? 0);
      t.ok(waited > dialect.skew - 0.002, `not before the skew: ${waited}`);
      t.ok(waited < dialect.skew + LATE_S, `and soon after it: ${waited}`);
    });
  }
}
