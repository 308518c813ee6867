/** The client's record: who answered, and for how long nobody did. */

import t from "tap";
import { type Answer, failures, outage, parseAnswer, spread } from "../../src/lab/traffic.ts";
import { at, ms } from "./record.ts";

const answered = (sent: number, took: number, who: string): Answer => ({
  sentAt: at(sent),
  at: at(sent + took),
  who,
});
const failed = (sent: number, took: number): Answer => ({
  sentAt: at(sent),
  at: at(sent + took),
  who: undefined,
  failure: "timeout",
});

/** Answers every 100 ms but for the time from 1000 to 3000, when requests are given up after a second. */
const answers = [
  ...[0, 100, 200, 800, 900].map((sent) => answered(sent, 10, sent % 200 === 0 ? "rs1" : "rs2")),
  ...[1000, 1500, 2000].map((sent) => failed(sent, 1000)),
  ...[3000, 3100, 3200].map((sent) => answered(sent, 5, "rs3")),
];

t.test("the spread counts requests by when they were sent", async (t) => {
  t.same(
    [...spread(answers, { from: at(0), until: at(1001) })],
    [
      ["rs1", 3],
      ["rs2", 2],
      ["", 1],
    ],
  );
  t.same(failures(answers, { from: at(0), until: at(5000) }), ["timeout"]);
  t.same(failures(answers, { from: at(0), until: at(1000) }), []);
});

t.test("an outage lasts from one success to the next", async (t) => {
  t.equal(outage(answers, { from: at(950), until: at(5000) }), ms(2095), "910 to 3005");
  t.equal(outage(answers, { from: at(1500), until: at(1600) }), ms(2095), "a span within it");
  t.equal(outage(answers, { from: at(0), until: at(500) }), ms(600), "210 to 810");
  t.equal(outage(answers, { from: at(3010), until: at(5000) }), ms(100));
  t.equal(outage([], { from: at(0), until: at(5000) }), ms(0));
});

t.test("the client's lines", async (t) => {
  const epoch = 1_795_000_000_000_000;
  t.same(parseAnswer("1795000001000000 2500 rs1", epoch), answered(1000, 2.5, "rs1"));
  t.same(parseAnswer("1795000001000000 1000000 -timeout", epoch), failed(1000, 1000));
  t.equal(parseAnswer("1795000001000000 25", epoch), undefined, "a line cut short");
});
