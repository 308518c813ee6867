/** The UDP ports that the kernel unwraps GUE on: the module `fou`, and `fou6` for IPv6. */

import type { GuePort } from "../core/realserver/model.ts";
import {
  decodeGuePort,
  encodeGuePort,
  encodeListPorts,
  FOU_CMD_ADD,
  FOU_CMD_DEL,
  FOU_FAMILY,
} from "../core/wire/fou.ts";
import { openGenericNetlink } from "./generic-netlink-socket.ts";
import { KernelError } from "./kernel-error.ts";
import { loadModule } from "./kernel-module.ts";

/** The ports that are open; none when the kernel has not got the module loaded. Throws a KernelError. */
export async function guePorts(): Promise<readonly GuePort[]> {
  const family = await openGenericNetlink(FOU_FAMILY);
  if (family === undefined) return [];
  try {
    const parts = await family.dump("list the ports for GUE", encodeListPorts());
    return parts.flatMap((part) => decodeGuePort(part) ?? []);
  } finally {
    family.close();
  }
}

/** Opens a port. Throws a KernelError, ENOENT when the kernel has no fou. */
export async function openGuePort(port: GuePort): Promise<void> {
  await loadModule(port.family === 6 ? "fou6" : FOU_FAMILY);
  await command(FOU_CMD_ADD, port, `unwrap GUE on the UDP port ${port.port}`);
}

/** Closes it. Throws a KernelError. */
export async function closeGuePort(port: GuePort): Promise<void> {
  await command(FOU_CMD_DEL, port, `close the UDP port ${port.port}`);
}

async function command(
  number: typeof FOU_CMD_ADD | typeof FOU_CMD_DEL,
  port: GuePort,
  operation: string,
): Promise<void> {
  const family = await openGenericNetlink(FOU_FAMILY);
  if (family === undefined) throw new KernelError(`${operation} (its module is fou)`, "ENOENT");
  try {
    await family.request(operation, encodeGuePort(number, port));
  } finally {
    family.close();
  }
}
