/**
 * Collects what is wrong with a file while its parts are looked at, in whatever order that happens, and hands it out in
 * the order of the file.
 */

import { DIAGNOSTICS, type Diagnostic, type DiagnosticCode, formatPath, type Path } from "./diagnostic.ts";
import type { Part } from "./yaml-places.ts";
import type { Position, YamlSource } from "./yaml-source.ts";

/** The diagnostics of one reading of a file. */
export class Findings {
  readonly #source: YamlSource;
  readonly #found: Diagnostic[] = [];
  readonly #paths: Path[] = [];

  constructor(source: YamlSource) {
    this.#source = source;
    for (const { code, position, message } of source.faults) this.#push(code, position, "", message);
  }

  /** Adds one about a place in the structure; `part` says whether it points at the value there or at its key. */
  add(code: DiagnosticCode, path: Path, message: string, part: Part = "value"): void {
    this.#paths.push(path);
    this.#push(code, this.#source.locate(path, part), formatPath(path), message);
  }

  /** The line that a place in the structure is on, to name it in a message about another one. */
  line(path: Path): number {
    return this.#source.locate(path, "key").line;
  }

  /** True when something at this place or below it has been found: a rule about it would speak of what is unreadable. */
  touches(place: Path): boolean {
    return this.#paths.some((path) => place.every((step, index) => path[index] === step));
  }

  /** True once there is an error among them. */
  get failed(): boolean {
    return this.#found.some(({ severity }) => severity === "error");
  }

  /** All so far, in the order of the file. */
  list(): readonly Diagnostic[] {
    return this.#found.toSorted((a, b) => a.line - b.line || a.column - b.column);
  }

  #push(code: DiagnosticCode, { line, column }: Position, path: string, message: string): void {
    this.#found.push({ code, severity: DIAGNOSTICS[code], line, column, path, message });
  }
}
