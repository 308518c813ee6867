/**
 * Leaves of the schema: how a single value is read, and what is said when it cannot be.
 */

import { z } from "zod";
import { type DiagnosticCode, quote } from "../diagnostic.ts";
import { nearest } from "../known-keys.ts";

/** Why a value was refused. */
export interface Refusal {
  readonly code: DiagnosticCode;
  readonly message: string;
}

/** A refusal, for a leaf's reader to return. */
export function refuse(code: DiagnosticCode, message: string): { readonly refusal: Refusal } {
  return { refusal: { code, message } };
}

/** What a leaf's reader gives back: the value that was meant, or why there is none. */
export type Reading<T> = { readonly value: T } | { readonly refusal: Refusal };

/** A leaf that is read from text. `wanted` says what to write, after "write". */
export function textLeaf<T>(wanted: string, reader: (text: string) => Reading<T>): z.ZodType<T> {
  return leaf(wanted, (value) => (typeof value === "string" ? reader(value) : undefined));
}

/** A leaf of any type; the reader answers undefined for a type that it cannot read. */
export function leaf<T>(wanted: string, reader: (value: unknown) => Reading<T> | undefined): z.ZodType<T> {
  const schema = z.unknown().transform((value, context): T => {
    const reading = reader(value);
    if (reading !== undefined && "value" in reading) return reading.value;
    if (reading === undefined) {
      context.addIssue({ code: "invalid_type", expected: "nonoptional", message: wanted });
    } else {
      const { code, message } = reading.refusal;
      context.addIssue({ code: "custom", message, params: { code } });
    }
    return z.NEVER;
  });
  return schema.describe(wanted);
}

/** A whole number from `min` to `max`. */
export function whole(min: number, max: number): z.ZodType<number> {
  return leaf(`a whole number from ${min} to ${max}`, (value) => {
    if (typeof value !== "number") return undefined;
    if (value < min || value > max || Number.isNaN(value)) {
      return refuse("out-of-range", `${value} is outside ${min}..${max}: choose a number in that range`);
    }
    if (!Number.isInteger(value)) return refuse("out-of-range", `${value} is not whole: drop the fraction`);
    return { value };
  });
}

/** One of some words, each standing for a value; as it is written there or in lower case. */
export function choice<T>(words: Readonly<Record<string, T>>): z.ZodType<T> {
  const names = Object.keys(words);
  return textLeaf(`one of ${names.join(", ")}`, (text) => {
    const name = names.find((candidate) => candidate === text || candidate.toLowerCase() === text);
    if (name !== undefined) return { value: words[name] as T };
    const meant = nearest(text, names);
    const advice = meant === undefined ? "" : `; did you mean ${meant}?`;
    return refuse("unknown-value", `${quote(text)} is none of ${names.join(", ")}${advice}`);
  });
}

/** A switch. */
export function toggle(): z.ZodBoolean {
  return z.boolean();
}

/** Text that can be an argument of a program: anything but NUL. */
export function argument(): z.ZodType<string> {
  return textLeaf("text in quotes", (value) =>
    value.includes("\0") ? refuse("bad-text", "a NUL byte cannot be passed to a program") : { value },
  );
}

/** A name that the operator gives to something of ours: it becomes a label of metrics and a word in logs. */
export function ownName(): z.ZodType<string> {
  return textLeaf("a name", (value) =>
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(value)
      ? { value }
      : refuse(
          "bad-name",
          `${quote(value)} is no name: use up to 64 letters, digits, and . _ - after the first`,
        ),
  );
}

/** A network interface's name, as the kernel allows it. */
export function interfaceName(): z.ZodType<string> {
  return textLeaf("an interface's name", (value) =>
    /^[^\s/:\p{Cc}]+$/u.test(value) && Buffer.byteLength(value) <= 15 && value !== "." && value !== ".."
      ? { value }
      : refuse(
          "bad-name",
          `${quote(value)} is no interface: a name has 1 to 15 bytes without space, / and :`,
        ),
  );
}

/** An account's name. */
export function userName(): z.ZodType<string> {
  return textLeaf("a user's name", (value) =>
    /^[A-Za-z_][A-Za-z0-9_.-]{0,31}\$?$/.test(value)
      ? { value }
      : refuse("bad-name", `${quote(value)} is no user's name`),
  );
}
