/**
 * Goal: no state that two directors can reach breaks a rule, and the search would see it if one did. Method: the first
 * states of each pair, breadth first; then the same with the tie-break left out. `npm run sim:exhaustive` goes further.
 */

import t from "tap";
import { CASES } from "./exhaustive/pairs.ts";
import { search } from "./exhaustive/search.ts";
import { judge } from "./mutant.ts";
import { MUTATIONS } from "./mutations.ts";

const STATES = 20_000;

for (const { name, rules, right } of CASES) {
  t.test(`no rule is broken: ${name}`, (t) => {
    const { states, broken, story } = search(rules, right, STATES, 10);
    for (const line of story) t.comment(line);
    t.equal(broken, undefined);
    t.equal(states, STATES);
    t.end();
  });
}

for (const name of ["tie-break left out", "told before the address is gone"]) {
  t.test(`found: ${name}`, async (t) => {
    const mutation = MUTATIONS.find((candidate) => candidate.name === name);
    if (mutation === undefined) throw new Error(`there is no mutation "${name}"`);
    const { caught } = await judge(mutation, "state", STATES);
    t.comment(`${caught?.rule}, ${caught?.at} states`);
    t.ok(caught, "a rule was broken");
  });
}
