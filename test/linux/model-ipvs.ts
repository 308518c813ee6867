/** The IPVS adapter's face on a kernel that behaves. */

import { operationText } from "../../src/core/balance/plan-text.ts";
import type { Operation } from "../../src/core/balance/plan.ts";
import type { Ipvs } from "../../src/linux/ipvs.ts";
import { KernelError } from "../../src/linux/kernel-error.ts";
import type { ModelKernel } from "../core/balance/model-kernel.ts";

/** The kernel's face; `interfere` is called after each look, `refuse` may say no to an operation. */
export function onKernel(
  kernel: ModelKernel,
  interfere: (look: number) => void = () => {},
  refuse: (operation: Operation) => string | undefined = () => undefined,
): Ipvs {
  let looks = 0;
  return {
    async observe() {
      const table = kernel.table();
      looks += 1;
      interfere(looks);
      return table;
    },
    async prepare() {},
    async apply(operations) {
      const refusals = new Map<number, KernelError>();
      for (const [index, operation] of operations.entries()) {
        const errno = refuse(operation) ?? kernel.apply(operation);
        if (errno !== undefined) refusals.set(index, new KernelError(operationText(operation), errno));
      }
      return refusals;
    },
    async connections() {
      return new Map();
    },
    async timeouts() {
      return kernel.timeouts;
    },
    async setTimeouts({ tcp, tcpFin, udp }) {
      const { timeouts } = kernel;
      kernel.timeouts = {
        tcp: tcp ?? timeouts.tcp,
        tcpFin: tcpFin ?? timeouts.tcpFin,
        udp: udp ?? timeouts.udp,
      };
    },
    close() {},
  };
}
