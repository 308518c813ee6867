/**
 * YAML text to plain values, with a way back from any place in them to line and column.
 *
 * Aliases and merge keys (`<<`) work; what came in through one is located where it is written. Text that is nested
 * deeper than any configuration is refused before it is composed: the composer recurses, and running out of stack
 * inside it can abort the whole process.
 */

import {
  Composer,
  type CST,
  type Document,
  isMap,
  isScalar,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  visit,
  type YAMLError,
} from "yaml";
import { type DiagnosticCode, type Path, SECRET_KEY } from "./diagnostic.ts";
import { isMergeKey, type Part, YamlPlaces } from "./yaml-places.ts";

/** Line and column, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

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

/** A check may be shared by thousands of real servers, but aliases of aliases must not multiply without end. */
const ALIAS_MAX = 100_000;

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
  const places = new YamlPlaces(document);
  const faults = [...document.errors, ...document.warnings].map((error) => syntaxFault(error, position));
  const { contents } = document;
  const empty = contents === null || (isScalar(contents) && contents.value === null);
  if (empty && faults.length === 0) return faulty("file-empty", 0, EMPTY);
  faults.push(...nodeFaults(document, places, position));
  const told = faults.map((fault) => withoutSecret(fault, text));
  const value = told.every((fault) => fault.code === "duplicate-key") ? toPlain(document, told) : undefined;
  return { value, faults: told, locate: (path, part) => position(places.offsetOf(path, part)) };
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

/** A message about a line with a secret, or about the line below, where its value may stand, quotes nothing of it. */
function withoutSecret(fault: SyntaxFault, text: string): SyntaxFault {
  const { code, position } = fault;
  if (code !== "yaml-syntax") return fault;
  const lines = text.split("\n").slice(Math.max(0, position.line - 2), position.line);
  if (!lines.some((line) => SECRET_KEY.test(line))) return fault;
  return { ...fault, message: "cannot be read: write the password in quotes, behind the key and a colon" };
}

function syntaxFault(error: YAMLError, position: (offset: number) => Position): SyntaxFault {
  const at = position(error.pos[0]);
  if (error.code === "DUPLICATE_KEY") {
    return { code: "duplicate-key", position: at, message: "this key is there already: keep one of them" };
  }
  return { code: "yaml-syntax", position: at, message: error.message };
}

/** What the composer lets through and the conversion to plain values would throw on or guess at. */
function nodeFaults(
  document: Document,
  places: YamlPlaces,
  position: (offset: number) => Position,
): SyntaxFault[] {
  const faults: SyntaxFault[] = [];
  const fault = (node: unknown, message: string): void => {
    const offset = (node as Node | null)?.range?.[0] ?? 0;
    faults.push({ code: "yaml-syntax", position: position(offset), message });
  };
  visit(document, {
    Alias: (_, alias, ancestors) => {
      const target = places.target(alias);
      if (target === undefined) fault(alias, `no anchor &${alias.source} comes before this alias`);
      else if (ancestors.includes(target)) fault(alias, `&${alias.source} would contain itself`);
    },
    Pair: (_, pair) => {
      if (!isScalar(pair.key)) fault(pair.key, "a key must be plain text");
      else if (isMergeKey(pair.key) && places.mergeSources(pair.value).some((source) => !isMap(source))) {
        fault(pair.value ?? pair.key, "only a map, or a list of maps, can be merged");
      }
    },
  });
  return faults;
}

function toPlain(document: Document, faults: SyntaxFault[]): unknown {
  try {
    return document.toJS({ maxAliasCount: ALIAS_MAX });
  } catch (error) {
    faults.push({ code: "yaml-syntax", position: START, message: (error as Error).message });
    return undefined;
  }
}
