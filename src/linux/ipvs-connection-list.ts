/** The kernel's list of the connections that it balances in this network namespace, one line each. */

import { createReadStream } from "node:fs";
import { KernelError } from "./kernel-error.ts";

const PATH = "/proc/net/ip_vs_conn";

/** Gives each line; there may be a million, which are read bit by bit. Throws KernelError. */
export async function listConnections(heard: (line: string) => void): Promise<void> {
  let rest = "";
  try {
    for await (const text of createReadStream(PATH, { encoding: "latin1" }) as AsyncIterable<string>) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) heard(line);
    }
  } catch (error) {
    const { code = "EIO" } = error as NodeJS.ErrnoException;
    throw new KernelError(`read ${PATH}`, code, error);
  }
}
