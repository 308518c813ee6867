/** Kernel settings below /proc/sys, of this network namespace where they are per namespace. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KernelError } from "./kernel-error.ts";

/** Whether the kernel passes IPv4 packets on that are not for itself; NAT needs it. */
export const IP_FORWARD = "net/ipv4/ip_forward";

/** The same for IPv6, on all interfaces. */
export const IPV6_FORWARDING = "net/ipv6/conf/all/forwarding";

/** The value of a setting such as `net/ipv4/ip_forward`, without its line end. Throws KernelError. */
export function readSysctl(name: string): string {
  try {
    return readFileSync(join("/proc/sys", name), "latin1").trim();
  } catch (error) {
    throw new KernelError(`read ${name}`, codeOf(error), error);
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

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "EIO";
}
