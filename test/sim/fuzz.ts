/** `npm run fuzz -- [--packets N] [--seed N]`: mutated packets for the codec; says how many a second. */

import { parseArgs } from "node:util";
import { fuzz } from "./fuzz-codec.ts";

const { values } = parseArgs({
  options: { packets: { type: "string", default: "1000000" }, seed: { type: "string", default: "1" } },
});
const begun = process.uptime();
const { packets, admitted } = fuzz(Number(values.packets), Number(values.seed));
const took = process.uptime() - begun;
console.log(
  `${packets} packets, ${admitted} admitted, in ${took.toFixed(1)} s: ${Math.round(packets / took)} a second`,
);
