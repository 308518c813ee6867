/** Kernel settings below /proc/sys, of this network namespace where they are per namespace. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SettingChange } from "../core/vrrp/link-settings.ts";
import { KernelError } from "./kernel-error.ts";

/** Whether the kernel passes IPv4 packets on that are not for itself; NAT needs it. */
export const IP_FORWARD = "net/ipv4/ip_forward";

/** The same for IPv6, on all interfaces. */
export const IPV6_FORWARDING = "net/ipv6/conf/all/forwarding";

/** Whether an interface keeps its other addresses of a network when the first one is removed. */
export function promoteSecondaries(interfaceName: string): string {
  return `net/ipv4/conf/${interfaceName}/promote_secondaries`;
}

/** The value of a setting such as `net/ipv4/ip_forward`, without its line end. Throws KernelError. */
export function readSysctl(name: string): string {
  try {
    return readFileSync(join("/proc/sys", name), "latin1").trim();
  } catch (error) {
    throw new KernelError(`read ${name}`, codeOf(error), error);
  }
}

/** The value of a setting; undefined when there is none of that name, or it cannot be read. */
export function findSysctl(name: string): string | undefined {
  try {
    return readSysctl(name);
  } catch {
    return undefined;
  }
}

/** Writes a setting. Throws KernelError. */
export function writeSysctl(name: string, value: string): void {
  try {
    writeFileSync(join("/proc/sys", name), `${value}\n`);
  } catch (error) {
    throw new KernelError(`set ${name} to ${value}`, codeOf(error), error);
  }
}

/** Puts a changed setting back, unless it is gone or somebody has changed it since; true when it did. Throws KernelError. */
export function restoreSysctl({ name, before, after }: SettingChange): boolean {
  if (findSysctl(name) !== after) return false;
  writeSysctl(name, before);
  return true;
}

/** What there is below a path such as `net/ipv4/conf`; nothing when there is no such path. */
export function listSysctls(path: string): readonly string[] {
  try {
    return readdirSync(join("/proc/sys", path));
  } catch {
    return [];
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "EIO";
}
