/**
 * Goal: the simulator sees what it is there to see. Method: a few ways to break Relevo are tried on a copy of the build, and
 * each turns the run red; all others at least still fit the code. `npm run sim:mutate` tries them all.
 */

import { readFileSync } from "node:fs";
import t from "tap";
import { broken, built, judge } from "./mutant.ts";
import { MUTATIONS, QUICK } from "./mutations.ts";

for (const mutation of MUTATIONS.filter(({ name }) => QUICK.includes(name))) {
  t.test(`seen: ${mutation.name}`, async (t) => {
    const { caught } = await judge(mutation);
    t.ok(caught, "a rule was broken");
    t.comment(`${caught?.rule}, seed ${caught?.at}`);
  });
}

t.test("every mutation fits the code, once", (t) => {
  t.equal(MUTATIONS.filter(({ name }) => QUICK.includes(name)).length, QUICK.length);
  for (const { name, file, find, replace } of MUTATIONS) {
    t.not(broken(readFileSync(built(file), "utf8"), find, replace, file), undefined, name);
    t.not(find, replace, name);
  }
  t.throws(() => broken("a a", "a", "b", "x.js"), /2 times, not once/);
  t.end();
});
