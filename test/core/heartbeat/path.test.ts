/** Goal: a path is silent after dead_after intervals of the peer, and a flood puts that off, not for ever. Method: one fact a test. */

import t from "tap";
import {
  flood,
  hear,
  judge,
  silentAt,
  unheardPath,
  wasSilentAfter,
} from "../../../src/core/heartbeat/path.ts";
import { type Instant, milliseconds } from "../../../src/core/units/time.ts";

const ms = (count: number): Instant => (count * 1_000) as Instant;

t.test("an unheard path is never judged", (t) => {
  const path = unheardPath("public");
  t.equal(silentAt(path, 4), undefined);
  t.equal(judge(path, 4, ms(100_000)), path);
  t.equal(flood(path, ms(1)), path);
  t.end();
});

t.test("silent at the fourth interval without a word, not a microsecond earlier", (t) => {
  const path = hear(unheardPath("public"), milliseconds(100), ms(1_000));
  t.equal(silentAt(path, 4), ms(1_400));
  t.equal(judge(path, 4, ms(1_399.999)), path);
  t.same(judge(path, 4, ms(1_400)).state, { name: "silent", since: ms(1_000) });
  t.end();
});

t.test("the pace is the peer's, as it last said", (t) => {
  const fast = hear(unheardPath("public"), milliseconds(100), ms(0));
  t.equal(silentAt(hear(fast, milliseconds(1_000), ms(50)), 4), ms(4_050));
  t.end();
});

t.test("heard again, it knows its last silence", (t) => {
  const silent = judge(hear(unheardPath("public"), milliseconds(100), ms(0)), 4, ms(400));
  const back = hear(silent, milliseconds(100), ms(900));
  t.equal(back.state.name, "up");
  t.same(back.outage, { from: ms(0), until: ms(900) });
  t.equal(wasSilentAfter(back, ms(899)), true);
  t.equal(wasSilentAfter(back, ms(900)), false);
  t.equal(wasSilentAfter(silent, ms(5_000)), true);
  t.equal(wasSilentAfter(unheardPath("public"), ms(0)), true);
  t.end();
});

t.test("a flood puts the judgement off by a whole wait", (t) => {
  const path = flood(hear(unheardPath("public"), milliseconds(100), ms(0)), ms(350));
  t.equal(silentAt(path, 4), ms(750));
  t.equal(judge(path, 4, ms(700)), path);
  t.equal(judge(path, 4, ms(750)).state.name, "silent");
  t.equal(silentAt(hear(path, milliseconds(100), ms(600)), 4), ms(1_000), "and is forgotten behind");
  t.end();
});

t.test("but to ten waits at most: who floods does not keep a dead master in office", (t) => {
  const path = flood(hear(unheardPath("public"), milliseconds(100), ms(0)), ms(3_999));
  t.equal(silentAt(path, 4), ms(4_000));
  t.end();
});
