/** The kernel's connection sync daemons of this network namespace: to see, to start and to stop. */

import { type DaemonOperation, daemonOperationText } from "../core/balance/sync-daemon.ts";
import {
  decodeDaemon,
  encodeDelDaemon,
  encodeGetDaemons,
  encodeNewDaemon,
  type RunningDaemon,
} from "../core/wire/ipvs-daemon.ts";
import { openIpvsFamily } from "./ipvs.ts";
import { KernelError } from "./kernel-error.ts";

/** The daemons. */
export interface IpvsDaemons {
  /** Those that run. Throws KernelError. */
  running(): Promise<readonly RunningDaemon[]>;
  /** Starts or stops one. Throws KernelError. */
  apply(operation: DaemonOperation): Promise<void>;
  /** Closes the sockets. */
  close(): void;
}

/** Opens the way to them; undefined when the kernel has no IPVS. Throws KernelError. */
export async function openIpvsDaemons(): Promise<IpvsDaemons | undefined> {
  const family = await openIpvsFamily();
  if (family === undefined) return undefined;
  return {
    async running() {
      const parts = await family.dump("list the IPVS sync daemons", encodeGetDaemons());
      return parts.map((part) => {
        const daemon = decodeDaemon(part);
        if (daemon === undefined) throw new KernelError("understand an IPVS sync daemon", "EPROTO");
        return daemon;
      });
    },
    apply(operation) {
      const message =
        operation.type === "start" ? encodeNewDaemon(operation.daemon) : encodeDelDaemon(operation.state);
      return family.request(`ipvsadm ${daemonOperationText(operation)}`, message);
    },
    close() {
      family.close();
    },
  };
}
