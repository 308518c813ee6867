/**
 * Which processes a tracked process means (keepalived's `process`, `param_match`, `full_command`), and whether those that
 * there are are enough and not too many.
 */

import type { TrackedProcess } from "./model.ts";

/** A process as the kernel describes it. */
export interface ProcessDescription {
  /** Its name, at most 15 bytes (/proc/PID/comm). */
  readonly name: string;
  /** Its command line, argv[0] included (/proc/PID/cmdline); empty for a kernel thread. */
  readonly command: readonly string[];
}

/** The kernel keeps so much of a name (TASK_COMM_LEN in linux/sched.h, less the NUL). */
const NAME_MAX = 15;

/** True when the process is one of those that are meant. */
export function isMeant(tracked: TrackedProcess, { name, command }: ProcessDescription): boolean {
  const [wanted, ...parameters] = tracked.command;
  if (tracked.match === "name") return name === wanted.slice(0, NAME_MAX);
  const [program, ...given] = command;
  if (program !== wanted) return false;
  if (tracked.match === "command" || parameters.length === 0) return sameList(given, parameters);
  const head = given.slice(0, parameters.length);
  if (tracked.match === "partial") return sameList(head, parameters);
  const last = parameters.length - 1;
  return (
    given.length === parameters.length &&
    sameList(given.slice(0, last), parameters.slice(0, last)) &&
    (given[last] ?? "").startsWith(parameters[last] ?? "")
  );
}

/** True when so many are enough and not too many. */
export function hasQuorum({ quorum, quorumMax }: TrackedProcess, count: number): boolean {
  return count >= quorum && count <= quorumMax;
}

function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}
