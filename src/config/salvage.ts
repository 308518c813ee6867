/**
 * Reads a value by a zod schema and keeps what is readable of it.
 *
 * zod by itself gives nothing back once a single leaf is wrong, and the rules that compare one place with another could
 * then speak only after every typo is mended. So maps and lists are walked here, leaves are read by zod, and a leaf
 * that fails is told and left `undefined`. When nothing was told, the result is exactly what the schema promises.
 */

import { z } from "zod";
import { type DiagnosticCode, type Path, quote } from "./diagnostic.ts";
import type { Findings } from "./findings.ts";
import { adviseOnKey } from "./known-keys.ts";

/** What is left of a `T` when any part of it may have been unreadable. */
export type Loose<T> = T extends string | number | boolean | null | undefined | Uint8Array
  ? T | undefined
  : T extends ReadonlyMap<infer K, infer V>
    ? ReadonlyMap<K, Loose<V>>
    : T extends readonly (infer Item)[]
      ? readonly Loose<Item>[]
      : { readonly [Key in keyof T]?: Loose<T[Key]> } | undefined;

/** Reads `value` by `schema`; tells what is wrong to `findings`, under `path`. */
export function salvage<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  path: Path,
  findings: Findings,
): Loose<z.output<Schema>> {
  return read(schema, value, path, findings) as Loose<z.output<Schema>>;
}

function read(schema: z.ZodType, value: unknown, path: Path, findings: Findings): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return value === undefined ? schema.parse(value) : read(inner(schema), value, path, findings);
  }
  if (schema instanceof z.ZodNullable)
    return value === null ? null : read(inner(schema), value, path, findings);
  if (value === undefined) return findings.add("missing-key", path, "is missing", "key");
  if (value === null) return findings.add("wrong-type", path, `has no value: ${wanted(schema)}`, "key");
  if (schema instanceof z.ZodUnion) return readUnion(schema, value, path, findings);
  if (schema instanceof z.ZodObject) return readMap(schema, value, path, findings);
  if (schema instanceof z.ZodMap) return readNamed(schema, value, path, findings);
  if (schema instanceof z.ZodArray) return readList(schema, value, path, findings);
  return readLeaf(schema, value, path, findings);
}

function readMap(schema: z.ZodObject, value: unknown, path: Path, findings: Findings): unknown {
  if (!isMap(value)) return wrongType(schema, value, path, findings);
  const known = Object.keys(schema.shape);
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) findings.add("unknown-key", [...path, key], adviseOnKey(key, known), "key");
  }
  const result: Record<string, unknown> = {};
  for (const key of known) {
    const given = Object.hasOwn(value, key) ? value[key] : undefined;
    result[key] = read(schema.shape[key] as z.ZodType, given, [...path, key], findings);
  }
  return result;
}

/** A map whose keys are the operator's own names. */
function readNamed(schema: z.ZodMap, value: unknown, path: Path, findings: Findings): unknown {
  if (!isMap(value)) return wrongType(schema, value, path, findings);
  const result = new Map<string, unknown>();
  for (const [key, item] of Object.entries(value)) {
    const name = (schema.keyType as z.ZodType).safeParse(key);
    if (!name.success) findings.add("bad-name", [...path, key], name.error.issues[0]?.message ?? "", "key");
    else result.set(key, read(schema.valueType as z.ZodType, item, [...path, key], findings));
  }
  return result;
}

function readList(schema: z.ZodArray, value: unknown, path: Path, findings: Findings): unknown {
  if (!Array.isArray(value)) return wrongType(schema, value, path, findings);
  return value.map((item, index) => read(schema.element as z.ZodType, item, [...path, index], findings));
}

/** The alternatives of a union differ in type, so the value's type says which one was meant. */
function readUnion(schema: z.ZodUnion, value: unknown, path: Path, findings: Findings): unknown {
  const options = schema.options as readonly z.ZodType[];
  const meant = options.find((option) => accepts(option, value));
  return meant === undefined ? wrongType(schema, value, path, findings) : read(meant, value, path, findings);
}

function readLeaf(schema: z.ZodType, value: unknown, path: Path, findings: Findings): unknown {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue?.code !== "custom") return wrongType(schema, value, path, findings);
  findings.add((issue.params?.["code"] ?? "out-of-range") as DiagnosticCode, path, issue.message);
  return undefined;
}

function wrongType(schema: z.ZodType, value: unknown, path: Path, findings: Findings): undefined {
  findings.add("wrong-type", path, `${wanted(schema)}, not ${describe(value)}`);
}

function inner(schema: z.ZodOptional | z.ZodDefault | z.ZodNullable): z.ZodType {
  return schema.unwrap() as z.ZodType;
}

function accepts(schema: z.ZodType, value: unknown): boolean {
  if (schema instanceof z.ZodObject || schema instanceof z.ZodMap) return isMap(value);
  if (schema instanceof z.ZodArray) return Array.isArray(value);
  const result = schema.safeParse(value);
  return result.success || result.error.issues[0]?.code === "custom";
}

/** What to write, from the schema: its own `description` where it has one. */
function wanted(schema: z.ZodType): string {
  return `write ${wantedWords(schema)}`;
}

function wantedWords(schema: z.ZodType): string {
  if (schema.description !== undefined) return schema.description;
  if (schema instanceof z.ZodUnion) {
    return (schema.options as readonly z.ZodType[]).map(wantedWords).join(" or ");
  }
  if (schema instanceof z.ZodObject || schema instanceof z.ZodMap) return "a map of keys and values";
  if (schema instanceof z.ZodArray) return "a list";
  if (schema instanceof z.ZodNumber) return "a number";
  if (schema instanceof z.ZodBoolean) return "true or false";
  return "text";
}

function describe(value: unknown): string {
  if (typeof value === "string") return `the text ${quote(value)}`;
  if (typeof value === "number" || typeof value === "bigint") return `the number ${value}`;
  if (typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return "a list";
  return isMap(value) ? "a map" : "this kind of value";
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
