/**
 * YAML text to plain values, with a way back from any place in them to line and column.
 *
 * Aliases and merge keys (`<<`) work; what came in through one is located where it is written. Text that is nested
 * deeper than any configuration is refused before it is composed: the composer recurses, and running out of stack
 * inside it can abort the whole process.
 */

import { Composer, type CST, type Document, isAlias, isScalar, isSeq, isMap, Lexer, LineCounter } from "yaml";
import { type Node, type Pair, Parser, visit, type YAMLError } from "yaml";
import type { DiagnosticCode, Path } from "./diagnostic.ts";

/** Line and column, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Which part of a map's entry is meant. */
export type Part = "key" | "value";

/** Something wrong with the text itself. */
interface SyntaxFault {
  readonly code: DiagnosticCode;
  readonly position: Position;
  readonly message: string;
}

/** Text that has been read as YAML. */
export interface YamlSource {
  /** Maps as plain objects, lists as arrays; undefined when the text is no YAML that can be worked with. */
  readonly value: unknown;
  readonly faults: readonly SyntaxFault[];
  /** Where a place is written; for a place that does not exist, the key of the nearest one above it that does. */
  locate(path: Path, part: Part): Position;
}

/** Open collections at a time; the schema needs nine, and each is at most three tokens deep. */
const DEPTH_MAX = 64;

const START: Position = { line: 1, column: 1 };

/** Reads one YAML document. Never throws. */
export function parseYaml(text: string): YamlSource {
  const lines = new LineCounter();
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const faulty = (code: DiagnosticCode, offset: number, message: string): YamlSource => ({
    value: undefined,
    faults: [{ code, position: position(offset), message }],
    locate: () => START,
  });

  const tokens = tokenize(text, lines);
  const nul = text.indexOf("\0");
  if (nul >= 0) return faulty("yaml-syntax", nul, "a NUL byte: this is no text file");
  if ("tooDeepAt" in tokens) return faulty("yaml-syntax", tokens.tooDeepAt, "nested too deep");

  const composer = new Composer({ lineCounter: lines, prettyErrors: false, merge: true, logLevel: "error" });
  const [document, second] = [...composer.compose(tokens.tokens, true, text.length)];
  if (document === undefined) return faulty("file-empty", 0, EMPTY);
  if (second !== undefined) {
    return faulty("several-documents", second.range[0], "a second document starts here: keep one to a file");
  }
  const faults = [...document.errors, ...document.warnings].map((error) => syntaxFault(error, position));
  const { contents } = document;
  const empty = contents === null || (isScalar(contents) && contents.value === null);
  if (empty && faults.length === 0) return faulty("file-empty", 0, EMPTY);
  faults.push(...nodeFaults(document, position));
  const value = faults.every((fault) => fault.code === "duplicate-key")
    ? toPlain(document, faults)
    : undefined;
  return { value, faults, locate: (path, part) => locate(document, path, part, position) };
}

const EMPTY = "there is nothing in it";

type Tokens = { readonly tokens: readonly CST.Token[] } | { readonly tooDeepAt: number };

function tokenize(text: string, lines: LineCounter): Tokens {
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > DEPTH_MAX) return { tooDeepAt: parser.offset };
  }
  tokens.push(...parser.end());
  return { tokens };
}

function syntaxFault(error: YAMLError, position: (offset: number) => Position): SyntaxFault {
  const at = position(error.pos[0]);
  if (error.code === "DUPLICATE_KEY") {
    return { code: "duplicate-key", position: at, message: "this key is there already: keep one of them" };
  }
  return { code: "yaml-syntax", position: at, message: error.message };
}

/** What the composer lets through and the conversion to plain values would throw on or guess at. */
function nodeFaults(document: Document, position: (offset: number) => Position): SyntaxFault[] {
  const faults: SyntaxFault[] = [];
  const fault = (node: unknown, message: string): void => {
    const offset = (node as Node | null)?.range?.[0] ?? 0;
    faults.push({ code: "yaml-syntax", position: position(offset), message });
  };
  visit(document, {
    Alias: (_, alias, ancestors) => {
      const target = alias.resolve(document);
      if (target === undefined) fault(alias, `no anchor &${alias.source} comes before this alias`);
      else if (ancestors.includes(target)) fault(alias, `&${alias.source} would contain itself`);
    },
    Pair: (_, pair) => {
      if (!isScalar(pair.key)) fault(pair.key, "a key must be plain text");
      else if (isMergeKey(pair.key) && mergeSources(document, pair.value).some((source) => !isMap(source))) {
        fault(pair.value ?? pair.key, "only a map, or a list of maps, can be merged");
      }
    },
  });
  return faults;
}

function toPlain(document: Document, faults: SyntaxFault[]): unknown {
  try {
    return document.toJS({ maxAliasCount: 1_000 });
  } catch (error) {
    faults.push({ code: "yaml-syntax", position: START, message: (error as Error).message });
    return undefined;
  }
}

/** Walks down the path as far as it leads. */
function locate(
  document: Document,
  path: Path,
  part: Part,
  position: (offset: number) => Position,
): Position {
  let node: unknown = document.contents;
  let name: unknown = node;
  for (const [depth, step] of path.entries()) {
    const next = child(document, node, step);
    if (next === undefined) return depth === 0 ? START : position(start(name));
    [name, node] = next;
  }
  return position(part === "key" ? start(name) : start(node, start(name)));
}

function start(node: unknown, otherwise = 0): number {
  return (node as Node | null | undefined)?.range?.[0] ?? otherwise;
}

/** The node one step down, and what names it: its key, or for a list's item itself. */
function child(document: Document, parent: unknown, step: string | number): [unknown, unknown] | undefined {
  const node = dereference(document, parent);
  if (isSeq(node)) {
    const item = node.items[Number(step)];
    return item === undefined ? undefined : [item, item];
  }
  if (!isMap(node)) return undefined;
  const pair = findPair(document, node.items, String(step));
  return pair === undefined ? undefined : [pair.key, pair.value];
}

function findPair(document: Document, pairs: readonly Pair[], key: string): Pair | undefined {
  const named = pairs.filter((pair) => isScalar(pair.key) && scalarText(pair.key.value) === key);
  // Of keys that appear twice the last one counts, as in the plain value.
  const own = named.findLast((pair) => !isMergeKey(pair.key));
  if (own !== undefined) return own;
  for (const pair of pairs) {
    if (!isMergeKey(pair.key)) continue;
    for (const source of mergeSources(document, pair.value)) {
      const merged = isMap(source) ? findPair(document, source.items, key) : undefined;
      if (merged !== undefined) return merged;
    }
  }
  return undefined;
}

/** A scalar key as the plain value has it; undefined for one that is no text there. */
function scalarText(value: unknown): string | undefined {
  if (value === null) return "";
  if (typeof value === "string") return value;
  return typeof value === "symbol" ? undefined : `${value as number | boolean | bigint}`;
}

/** An unquoted `<<`, which the library resolves to a symbol of that name. */
function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.type === "PLAIN" && (key.value === "<<" || typeof key.value === "symbol");
}

function mergeSources(document: Document, value: unknown): unknown[] {
  const source = dereference(document, value);
  return isSeq(source) ? source.items.map((item) => dereference(document, item)) : [source];
}

function dereference(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}
