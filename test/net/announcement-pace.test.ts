/**
 * Goal: announcements keep their distance, hold no advert up, and end when the addresses are lost. Method: a director with
 * a hundred addresses and a pace of 20 ms, and a third host that listens.
 */

import t from "tap";
import { milliseconds, seconds, ZERO } from "../../src/core/units/time.ts";
import type { Ipv4 } from "../../src/core/units/ipv4.ts";
import { Capture } from "./capture.ts";
import { Director, web } from "./director.ts";
import { Lan, until } from "./namespace.ts";
import { hasRoot } from "./root.ts";

const COUNT = 100;
const PACE_S = 0.02;
const BLUR_S = 0.1;

const addresses = Array.from({ length: COUNT }, (_, index) => ({
  address: `192.0.2.${index + 101}` as Ipv4,
  prefixLength: 32,
  interface: "eth0",
}));
const announcing = { delay: ZERO, repeat: 2, refresh: ZERO, refreshRepeat: 1 };
const paced = { announcementPace: { 4: milliseconds(20), 6: ZERO } };

if (hasRoot(t, import.meta.url)) {
  t.jobs = 2;

  t.test("a hundred addresses, twice each, one by one; the adverts go on", async (t) => {
    const lan = new Lan(t);
    const director = new Director(lan, lan.host("lvs1", 11));
    const capture = await new Capture(lan, lan.host("probe", 13)).ready();
    await director.configure([web({ addresses, announcing })], undefined, paced);
    await until("all are announced", () => director.counted("announcements_sent") === 2 * COUNT);
    const seen = await capture.seen();
    const announced = seen.filter(({ kind }) => kind === "request");
    t.equal(announced.length, 2 * COUNT);
    t.equal(
      new Set(announced.slice(0, COUNT).map((packet) => packet.announced)).size,
      COUNT,
      "each once first",
    );
    const span = (announced.at(-1)?.time ?? 0) - (announced[0]?.time ?? 0);
    // The witness's clock is read a moment after the sender's.
    t.ok(span > (2 * COUNT - 1) * PACE_S - BLUR_S, `${span} s from the first to the last`);
    const meanwhile = seen.filter(
      ({ kind, time }) =>
        kind === "advert" && time >= (announced[0]?.time ?? 0) && time <= (announced.at(-1)?.time ?? 0),
    );
    t.ok(meanwhile.length > span / 0.2, `${meanwhile.length} adverts in ${span} s`);
  });

  t.test("a better master comes: what waits is dropped", async (t) => {
    const lan = new Lan(t);
    const first = new Director(lan, lan.host("lvs1", 11));
    const second = new Director(lan, lan.host("lvs2", 12));
    const capture = await new Capture(lan, lan.host("probe", 13)).ready();
    await first.configure([web({ addresses, announcing })], undefined, {
      announcementPace: { 4: seconds(0.1), 6: ZERO },
    });
    await until("it announces", () => first.counted("announcements_sent") > 3);
    await second.configure([web({ addresses, announcing, priority: 255 })]);
    await first.reaches("backup");
    const sent = first.counted("announcements_sent");
    await second.reaches("master");
    const heard = first.counted("adverts_received");
    await until("ten adverts later", () => first.counted("adverts_received") >= heard + 10);
    await first.nextReport();
    t.equal(first.counted("announcements_sent"), sent);
    const seen = await capture.seen();
    const won = seen.find(({ kind, priority }) => kind === "advert" && priority === 255)?.time ?? 0;
    const [ours] = seen.filter(({ kind }) => kind === "request").map(({ mac }) => mac);
    const late = seen.filter(
      (packet) => packet.kind !== "advert" && packet.mac === ours && packet.time > won + 0.5,
    );
    t.same(late, []);
  });
}
