/**
 * The reference pages against the code. Goal: every key and every code is documented, and nothing else is. Method: the
 * tables' first column under each heading, against the schema walked and the vocabulary, in both directions.
 */

import { readFileSync } from "node:fs";
import t from "tap";
import { z } from "zod";
import { DIAGNOSTICS } from "../../src/config/diagnostic.ts";
import { fileSchema } from "../../src/config/schema/file.ts";

/** The keys below a schema, as paths: `<name>` for the operator's own, `[]` for a list's items. */
function keys(schema: z.ZodType, path: string): string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) {
    return keys(schema.unwrap() as z.ZodType, path);
  }
  if (schema instanceof z.ZodUnion)
    return schema.options.flatMap((option) => keys(option as z.ZodType, path));
  if (schema instanceof z.ZodMap) return keys(schema.valueType as z.ZodType, `${path}.<name>`);
  if (schema instanceof z.ZodArray) return keys(schema.element as z.ZodType, `${path}[]`);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([key, value]) => {
    const place = path === "" ? key : `${path}.${key}`;
    return [place, ...keys(value as z.ZodType, place)];
  });
}

interface Row {
  /** The heading's path; empty for the first. */
  readonly heading: string;
  /** The cells, without backquotes in the first. */
  readonly cells: readonly string[];
}

function rows(file: string): Row[] {
  const found: Row[] = [];
  let headings = [""];
  for (const line of readFileSync(file, "utf8").split("\n")) {
    // What two places share is described once, below a heading with both.
    if (line.startsWith("## ")) headings = /^## (`.+`)$/.exec(line)?.[1]?.slice(1, -1).split("`, `") ?? [""];
    const [, first, ...rest] = line.split(" | ").join("|").split("|");
    const key = /^ ?`(.+)` ?$/.exec(first ?? "")?.[1];
    if (!line.startsWith("| `") || key === undefined) continue;
    for (const heading of headings) found.push({ heading, cells: [key, ...rest] });
  }
  return found;
}

t.test("docs/config.md describes every key, and no other", (t) => {
  const documented = rows("docs/config.md").map(({ heading, cells: [key = ""] }) =>
    heading === "" ? key : `${heading}.${key}`,
  );
  t.strictSame(documented.toSorted(), [...new Set(keys(fileSchema, ""))].toSorted());
  t.end();
});

t.test("each row of docs/config.md has meaning, values, default and example", (t) => {
  for (const { heading, cells } of rows("docs/config.md")) {
    t.equal(cells.length, 6, `${heading} ${cells[0]}`);
    t.ok((cells[1]?.length ?? 0) > 5 && (cells[2]?.length ?? 0) > 2, `${heading} ${cells[0]} says something`);
  }
  t.end();
});

t.test("docs/errors.md describes every code with its weight, and no other", (t) => {
  const documented = rows("docs/errors.md").map(({ cells }) => [cells[0], cells[1]?.trim()]);
  t.strictSame(documented, Object.entries(DIAGNOSTICS));
  t.end();
});
