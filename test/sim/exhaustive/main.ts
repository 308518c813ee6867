/** `npm run sim:exhaustive [-- --states N]`: searches every pair, each up to N states, and says how many there were. */

import { parseArgs } from "node:util";
import { CASES } from "./pairs.ts";
import { search } from "./search.ts";

const { values } = parseArgs({
  options: {
    states: { type: "string", default: "500000" },
    "heal-each": { type: "string", default: "10" },
  },
});
for (const { name, rules, right } of CASES) {
  const begun = process.uptime();
  const { states, complete, broken, story } = search(
    rules,
    right,
    Number(values.states),
    Number(values["heal-each"]),
  );
  if (broken !== undefined) {
    for (const line of story) console.log(line);
    console.log(`state ${states}: rule ${broken.rule} broken: ${name}: ${broken.message}`);
    process.exitCode = 1;
    break;
  }
  const extent = complete ? "all of them" : "as many as asked for";
  console.log(`${states} states: ${name}: ${extent}, ${(process.uptime() - begun).toFixed(1)} s`);
}
