/**
 * Goal: what Relevo does in the situations that a protocol expert asks about, in a form to read. Method: each story runs
 * through the simulator without chance, and what comes of it is held against what is recorded; no rule may be broken.
 * `UPDATE=1` records anew: look at the difference, and record only what you can explain.
 */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { perform } from "../sim/scenario.ts";

const FOLDER = "test/scenarios";

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith(".txt"))) {
  t.test(file, (t) => {
    const path = join(FOLDER, file);
    const recorded = readFileSync(path, "utf8");
    const actual = perform(recorded);
    if (process.env["UPDATE"] === "1") writeFileSync(path, actual);
    else t.equal(actual, recorded);
    t.notMatch(actual, /is broken/);
    t.match(recorded, /^# .*\n/, "it says what it tells");
    t.end();
  });
}
