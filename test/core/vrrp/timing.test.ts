/** Goal: skew and master-down interval are the RFCs'. Method: RFC 9568 §6.1 and RFC 3768 §6.1 worked out by hand. */

import t from "tap";
import { centiseconds, seconds } from "../../../src/core/units/time.ts";
import { masterDownInterval, skewTime } from "../../../src/core/vrrp/timing.ts";

t.test("version 3: skew is (256 - priority) / 256 of the interval", (t) => {
  t.equal(skewTime(3, 100, seconds(1)), 609_375, "156 / 256 of 1 s");
  t.equal(skewTime(3, 254, seconds(1)), 7_813, "2 / 256 of 1 s are 7812.5 us");
  t.equal(skewTime(3, 255, centiseconds(1)), 39, "1 / 256 of 10 ms are 39.0625 us");
  t.equal(skewTime(3, 1, centiseconds(10)), 99_609, "255 / 256 of 100 ms are 99609.375 us");
  t.end();
});

t.test("version 2: skew is (256 - priority) / 256 of a second, whatever the interval", (t) => {
  t.equal(skewTime(2, 100, seconds(1)), 609_375);
  t.equal(skewTime(2, 100, seconds(10)), 609_375);
  t.end();
});

t.test("a master is down after three intervals and the skew", (t) => {
  t.equal(masterDownInterval({ version: 3, priority: 100, downTimerAdverts: 3 }, seconds(1)), 3_609_375);
  t.equal(
    masterDownInterval({ version: 3, priority: 100, downTimerAdverts: 3 }, centiseconds(10)),
    360_938,
    "300 ms + 60937.5 us",
  );
  t.equal(masterDownInterval({ version: 2, priority: 100, downTimerAdverts: 3 }, seconds(10)), 30_609_375);
  t.end();
});
