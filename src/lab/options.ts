/** What the lab can be asked for on the command line. */

import { parseArgs } from "node:util";
import { METHODS, type Method } from "./plan.ts";

/** What to do. */
export interface Options {
  readonly method: Method;
  readonly keep: boolean;
  readonly clean: boolean;
  readonly help: boolean;
}

/** The text of `--help`. */
export const USAGE = `Usage: npm run lab [-- OPTIONS]

Runs two directors, three real servers and a client on this machine, each in a network namespace of its own; kills a
real server, cuts a director's power, lets it return, stops it; and judges from outside whether Relevo's rules held.
Nothing outside the namespaces is touched. Where we are not root, or the kernel lacks ip_vs, it runs in a guest.

  --method nat|dr|tun  how packets get to the real servers (default nat)
  --keep               leave it all up at the end, for a look inside
  --clean              remove what runs of the lab have left up
  --help               this

Exit status: 0 when every rule held, 1 when one did not, 2 for a wrong option.
`;

/** Reads the arguments; an error's message is for the operator. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      method: { type: "string", default: "nat" },
      keep: { type: "boolean", default: false },
      clean: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const { keep, clean, help } = values;
  const method = METHODS.find((one) => one === values.method);
  if (method === undefined) throw new Error(`--method ${values.method}: it is one of ${METHODS.join(", ")}`);
  return { method, keep, clean, help };
}
