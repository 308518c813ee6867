/**
 * `npm run sim:mutate [-- NAME...]`: breaks what was built in each of the ways of `mutations.ts`, one at a time, and says
 * which rule saw it, at which seed, after how long. Fails when one goes unseen, or when a rule has seen none of all.
 */

import { judge } from "./mutant.ts";
import { MUTATIONS } from "./mutations.ts";
import { RULES } from "./rules/all.ts";

const AT_ONCE = 2;

const wanted = process.argv.slice(2);
const waiting = MUTATIONS.filter(
  ({ name }) => wanted.length === 0 || wanted.some((word) => name.includes(word)),
);
const total = waiting.length;
let unseen = 0;
const blind = new Set(wanted.length === 0 ? RULES.map(({ name }) => name) : []);

async function takeTurns(): Promise<void> {
  for (let mutation = waiting.shift(); mutation !== undefined; mutation = waiting.shift()) {
    const { caught, seconds } = await judge(mutation);
    if (caught === undefined) unseen += 1;
    else blind.delete(caught.rule);
    const by = caught === undefined ? "NOT SEEN" : `${caught.rule}, seed ${caught.at}`;
    console.log(`${mutation.name.padEnd(46)} ${by.padEnd(34)} ${seconds.toFixed(1)} s`);
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, takeTurns));
console.log(`${total - unseen} of ${total} mutations seen`);
if (blind.size > 0) console.log(`rules that have seen nothing: ${[...blind].join(", ")}`);
process.exitCode = unseen + blind.size === 0 ? 0 : 1;
