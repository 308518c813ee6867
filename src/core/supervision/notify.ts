/**
 * Who is told of an instance's state, and in which words: keepalived's, since the scripts and readers are written for it.
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

/** The scripts of one instance. */
export interface InstanceNotify {
  readonly instance: string;
  /** notify_master, notify_backup, notify_fault, notify_stop. */
  readonly scripts: Readonly<Partial<Record<NotifyState, NotifyScript>>>;
  /** notify: run in every state, with keepalived's arguments behind its own. */
  readonly always: NotifyScript | undefined;
  /** notify_timeout: past it a script's process group is killed. */
  readonly timeout: Duration;
}

/** A named pipe that gets a line for each state. */
export interface NotifyFifo {
  readonly path: string;
  /** Whose it is when it has to be made. */
  readonly owner: ScriptUser;
}

/** All who are told. */
export interface NotifyConfig {
  /** Every instance, also one without scripts. */
  readonly instances: readonly InstanceNotify[];
  readonly fifos: readonly NotifyFifo[];
  /** Every virtual server, also one without programs. */
  readonly services: readonly ServiceNotify[];
}

/** What came to pass with an instance. */
export interface Notice {
  readonly instance: string;
  readonly state: NotifyState;
  /** The transition's cause, such as `master-down`. */
  readonly cause: string;
  /** The priority that the instance announces. */
  readonly priority: number;
}

/** What scripts are told of a state that a virtual router has entered: one that was stopped is `init` again. */
export function notifyState(entered: InstanceStateName): NotifyState {
  return entered === "init" ? "stop" : entered;
}

/** keepalived's arguments for a `notify` script: type, name, state, priority. */
export function notifyArguments({ instance, state, priority }: Notice): readonly string[] {
  return ["INSTANCE", instance, state.toUpperCase(), `${priority}`];
}

/** keepalived's line for a pipe, such as `INSTANCE "web" MASTER 150`, line end included. */
export function fifoLine({ instance, state, priority }: Notice): string {
  return `INSTANCE "${instance}" ${state.toUpperCase()} ${priority}\n`;
}
