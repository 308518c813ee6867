/**
 * The way from a place in a document's plain value back to where it is written: through aliases to their anchors, and
 * through merge keys to the map that was merged.
 */

import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  visit,
} from "yaml";
import type { Path } from "./diagnostic.ts";

/** Which part of a map's entry is meant. */
export type Part = "key" | "value";

/** Finds nodes of one document. */
export class YamlPlaces {
  readonly #document: Document;
  readonly #targets: ReadonlyMap<Alias, Node>;

  constructor(document: Document) {
    this.#document = document;
    this.#targets = aliasTargets(document);
  }

  /**
   * The offset in the text of a place; for a place that does not exist, of the key of the nearest one above it that
   * does.
   */
  offsetOf(path: Path, part: Part): number {
    let node: unknown = this.#document.contents;
    let name: unknown;
    for (const step of path) {
      const next = this.#child(node, step);
      if (next === undefined) return start(name);
      [name, node] = next;
    }
    return part === "key" ? start(name) : start(node, start(name));
  }

  /** What an alias stands for; undefined when no anchor of that name comes before it. */
  target(alias: Alias): Node | undefined {
    return this.#targets.get(alias);
  }

  /** What a merge key merges: the maps it names, with aliases followed. */
  mergeSources(value: unknown): unknown[] {
    const source = this.#follow(value);
    return isSeq(source) ? source.items.map((item) => this.#follow(item)) : [source];
  }

  /** The node one step down, and what names it: its key, or for a list's item itself. */
  #child(parent: unknown, step: string | number): [unknown, unknown] | undefined {
    const node = this.#follow(parent);
    if (isSeq(node)) {
      const item = node.items[Number(step)];
      return item === undefined ? undefined : [item, item];
    }
    if (!isMap(node)) return undefined;
    const pair = this.#findPair(node.items, String(step));
    return pair === undefined ? undefined : [pair.key, pair.value];
  }

  #findPair(pairs: readonly Pair[], key: string): Pair | undefined {
    // Of keys that appear twice the last one counts, as in the plain value.
    const own = pairs.findLast((pair) => isScalar(pair.key) && scalarText(pair.key.value) === key);
    if (own !== undefined && !isMergeKey(own.key)) return own;
    for (const pair of pairs) {
      if (!isMergeKey(pair.key)) continue;
      for (const source of this.mergeSources(pair.value)) {
        const merged = isMap(source) ? this.#findPair(source.items, key) : undefined;
        if (merged !== undefined) return merged;
      }
    }
    return undefined;
  }

  #follow(node: unknown): unknown {
    return isAlias(node) ? this.target(node) : node;
  }
}

/** An unquoted `<<`, which the library resolves to a symbol of that name. */
export function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.type === "PLAIN" && (key.value === "<<" || typeof key.value === "symbol");
}

/** Resolved in one walk, since the library's own way walks the whole document for each alias. */
function aliasTargets(document: Document): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Alias: (_, alias) => {
      const target = anchors.get(alias.source);
      if (target !== undefined) targets.set(alias, target);
    },
    Value: (_, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

function start(node: unknown, otherwise = 0): number {
  return (node as Node | null | undefined)?.range?.[0] ?? otherwise;
}

/** A scalar key as the plain value has it; undefined for one that is no text there. */
function scalarText(value: unknown): string | undefined {
  if (value === null) return "";
  if (typeof value === "string") return value;
  return typeof value === "symbol" ? undefined : `${value as number | boolean | bigint}`;
}
