/**
 * Goal: the reference pages name what there is, all of it and nothing else. Method: the headings and tables of docs/ are
 * held against the vocabularies in the code.
 */

import { readFileSync } from "node:fs";
import t from "tap";
import { EVENTS } from "../src/core/report/event.ts";
import { Metrics } from "../src/supervisor/metrics.ts";

t.test("docs/events.md has a chapter for each event, and for no other", (t) => {
  const chapters = [...readFileSync("docs/events.md", "utf8").matchAll(/^## (\S+)$/gm)].map(
    (match) => match[1],
  );
  t.same(new Set(chapters), new Set(Object.keys(EVENTS)));
  t.equal(chapters.length, Object.keys(EVENTS).length);
  t.end();
});

t.test("docs/metrics.md has a row for each metric, with its type and labels, and for no other", async (t) => {
  const rows = [
    ...readFileSync("docs/metrics.md", "utf8").matchAll(/^\| `(relevo_\w+)` \| (\w+) \|([^|]*)\|/gm),
  ];
  const documented = new Map(
    rows.map(([, name, type, labels = ""]) => [name, { type, labels: labels.match(/\w+/g) ?? [] }]),
  );
  const metrics = new Metrics("0.0.0").registry.getMetricsAsArray() as unknown as readonly {
    name: string;
    type: string;
    labelNames: string[];
  }[];
  const actual = new Map(metrics.map(({ name, type, labelNames }) => [name, { type, labels: labelNames }]));
  t.same(new Set(documented.keys()), new Set(actual.keys()));
  for (const [name, metric] of actual) t.same(documented.get(name), metric, name);
});
