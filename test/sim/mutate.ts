/**
 * `npm run sim:mutate [-- NAME...]`: breaks what was built in each of the ways of `mutations.ts`, one at a time, and says
 * which rule saw it, at which seed, after how long. Fails when one goes unseen.
 */

import { judge } from "./mutant.ts";
import { MUTATIONS } from "./mutations.ts";

const AT_ONCE = 2;

const wanted = process.argv.slice(2);
const waiting = MUTATIONS.filter(
  ({ name }) => wanted.length === 0 || wanted.some((word) => name.includes(word)),
);
const total = waiting.length;
let unseen = 0;

async function takeTurns(): Promise<void> {
  for (let mutation = waiting.shift(); mutation !== undefined; mutation = waiting.shift()) {
    const { caught, seconds } = await judge(mutation);
    if (caught === undefined) unseen += 1;
    const by = caught === undefined ? "NOT SEEN" : `${caught.rule}, seed ${caught.seed}`;
    console.log(`${mutation.name.padEnd(46)} ${by.padEnd(34)} ${seconds.toFixed(1)} s`);
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, takeTurns));
console.log(`${total - unseen} of ${total} mutations seen`);
process.exitCode = unseen === 0 ? 0 : 1;
