/**
 * Who is told of the state of an instance or a sync group, and in which words: keepalived's, since the scripts and readers are written for it.
 */

import type { ScriptUser } from "../health/model.ts";
import type { InstanceStateName } from "../report/channel.ts";
import type { Duration } from "../units/time.ts";
import type { ServiceNotify } from "./service-notify.ts";

/** The states that scripts are told; `stop`: the instance is no more. */
export type NotifyState = "master" | "backup" | "fault" | "stop";

/** A script and whom it runs as. */
export interface NotifyScript {
  /** The program's absolute path and its arguments. */
  readonly command: readonly [string, ...string[]];
  readonly user: ScriptUser;
}

/** What happens to an instance in its state, without leaving it. */
export type NotifySign =
  /** Its effective priority changed. */
  | "priority"
  /** As a master it heard another one of lower priority. */
  | "lower-priority";

/** The scripts of an instance or of a sync group. */
interface NotifyScripts {
  /** notify_master, notify_backup, notify_fault, notify_stop. */
  readonly scripts: Readonly<Partial<Record<NotifyState, NotifyScript>>>;
  /** notify: run in every state, with keepalived's arguments behind its own. */
  readonly always: NotifyScript | undefined;
  /** notify_timeout: past it a script's process group is killed. */
  readonly timeout: Duration;
}

/** The scripts of one instance. */
export interface InstanceNotify extends NotifyScripts {
  readonly instance: string;
  /** notify_priority_changes: `notify` and pipes are told of each change of priority, too. */
  readonly priorityChanges: boolean;
  /** notify_master_rx_lower_pri. */
  readonly lowerPriority: NotifyScript | undefined;
}

/** The scripts of one sync group. */
export interface GroupNotify extends NotifyScripts {
  readonly group: string;
  /** Its instances. */
  readonly members: readonly string[];
}

/** What the lines of a pipe are about: instances and sync groups, or virtual and real servers. */
export type FifoSubject = "instances" | "services";

/** A named pipe that gets a line for each state. */
export interface NotifyFifo {
  readonly path: string;
  /** Whose it is when it has to be made. */
  readonly owner: ScriptUser;
  readonly about: readonly FifoSubject[];
  /** A program that is kept running to read it, with the pipe's path behind its own arguments. */
  readonly reader: NotifyScript | undefined;
}

/** All who are told. */
export interface NotifyConfig {
  /** Every instance, also one without scripts. */
  readonly instances: readonly InstanceNotify[];
  /** Every sync group, likewise. */
  readonly groups: readonly GroupNotify[];
  readonly fifos: readonly NotifyFifo[];
  /** Every virtual server, also one without programs. */
  readonly services: readonly ServiceNotify[];
}

/** What came to pass with an instance or a sync group. */
export interface Notice {
  readonly type: "instance" | "group";
  readonly name: string;
  readonly state: NotifyState;
  /** What happened in that state; undefined: it was entered. */
  readonly sign?: NotifySign;
  /** The transition's cause, such as `master-down`. */
  readonly cause: string;
  /** The priority that the instance announces; 0 for a group. */
  readonly priority: number;
}

/** What scripts are told of a state that a virtual router has entered: one that was stopped is `init` again. */
export function notifyState(entered: InstanceStateName): NotifyState {
  return entered === "init" ? "stop" : entered;
}

/** The state that all members of a group were told last; undefined while they differ, or one was told none. */
export function groupState(members: readonly (NotifyState | undefined)[]): NotifyState | undefined {
  const [first] = members;
  return members.every((state) => state === first) ? first : undefined;
}

/** keepalived's arguments for a `notify` script: type, name, state, priority. */
export function notifyArguments(notice: Notice): readonly string[] {
  return [notice.type.toUpperCase(), notice.name, word(notice), `${notice.priority}`];
}

/** keepalived's line for a pipe, such as `INSTANCE "web" MASTER 150`, line end included. */
export function fifoLine(notice: Notice): string {
  return `${notice.type.toUpperCase()} "${notice.name}" ${word(notice)} ${notice.priority}\n`;
}

function word({ state, sign }: Notice): string {
  const entered = state.toUpperCase();
  if (sign === undefined) return entered;
  return sign === "priority" ? `${entered}_PRIORITY` : `${entered}_RX_LOWER_PRI`;
}
