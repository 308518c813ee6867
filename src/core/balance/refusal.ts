/**
 * Why the kernel refused a change of the IPVS table, in words, and what to do: its errno alone means different things
 * for a service and for a real server (net/netfilter/ipvs/ip_vs_ctl.c).
 */

import type { Operation } from "./plan.ts";
import { isMark, serviceFamily } from "./service.ts";
import type { Tunnel } from "./model.ts";
import { UNHEEDED } from "./tunnel-knowledge.ts";
import { familyOf } from "../units/ip-address.ts";
import { destinationKey, type DestinationSettings, type ServiceSettings } from "./table.ts";

/** What an operator is told of a refusal. */
export interface Explanation {
  /** Why, in words. */
  readonly cause: string;
  /** What to do. */
  readonly cure: string;
}

/** What an errno, by its name, says about an operation. */
export function explain(operation: Operation, errno: string): Explanation {
  const special = "destination" in operation ? ofDestination(operation, errno) : ofService(operation, errno);
  return special ?? ofAny(errno);
}

/** The module that has a scheduler. */
export function schedulerModule(scheduler: string): string {
  return `ip_vs_${scheduler}`;
}

/** The module that has a persistence engine. */
export function engineModule(engine: string): string {
  return `ip_vs_pe_${engine}`;
}

function ofService(operation: Operation, errno: string): Explanation | undefined {
  if (!("settings" in operation)) return undefined;
  const settings = operation.settings as ServiceSettings;
  switch (errno) {
    case "ENOENT":
      return ofMissingModule(settings);
    case "EAFNOSUPPORT":
      return {
        cause: "this kernel's IPVS does not know IPv6",
        cure: "use a kernel that was built with CONFIG_IP_VS_IPV6",
      };
    case "EINVAL":
      return {
        cause: `the kernel takes the service's settings for invalid: scheduler ${settings.scheduler}, netmask ${settings.netmask}`,
        cure: "look at persistence_granularity, and at the kernel's log (dmesg)",
      };
    case "EPROTONOSUPPORT":
    case "EFAULT":
      return {
        cause: `this kernel's IPVS does not know the protocol ${isMark(operation.service) ? "" : operation.service.protocol}`,
        cure: "use a kernel that was built with CONFIG_IP_VS_PROTO_TCP, _UDP and _SCTP",
      };
    default:
      return undefined;
  }
}

function ofMissingModule({ scheduler, engine }: ServiceSettings): Explanation {
  const module = schedulerModule(scheduler);
  if (engine === "")
    return {
      cause: `the kernel has no scheduler ${scheduler}, and its module ${module} could not be loaded`,
      cure: `install the kernel's modules and try modprobe ${module}, or choose another lvs_sched`,
    };
  const other = engineModule(engine);
  return {
    cause: `the kernel lacks the scheduler ${scheduler} or the persistence engine ${engine}: ${module} or ${other} could not be loaded`,
    cure: `install the kernel's modules and try modprobe -a ${module} ${other}`,
  };
}

function ofDestination(
  operation: Extract<Operation, { readonly destination: unknown }>,
  errno: string,
): Explanation | undefined {
  const { destination, service } = operation;
  const name = destinationKey(destination);
  switch (errno) {
    case "EINVAL":
      if (familyOf(destination.address) !== serviceFamily(service))
        return {
          cause: `${name} is of the other address family than its service`,
          cure: "only lvs_method TUN reaches one, and not while the connection sync daemon runs",
        };
      return {
        cause: `the kernel takes ${name} for an address that no real server can have${tunnelDoubt(operation)}`,
        cure: "give it a unicast address that is neither broadcast nor link-local, and bring an interface up",
      };
    case "ERANGE":
      return {
        cause: `a weight or a threshold of ${name} is outside what the kernel takes`,
        cure: "lthreshold must not be above uthreshold",
      };
    case "EAFNOSUPPORT":
      return {
        cause: "this kernel's IPVS does not know IPv6",
        cure: "use a kernel that was built with CONFIG_IP_VS_IPV6",
      };
    case UNHEEDED: {
      const tunnel = tunnelOf(operation);
      return tunnel && ofUnknownTunnel(name, tunnel);
    }
    default:
      return undefined;
  }
}

function ofUnknownTunnel(name: string, { type, checksum }: Tunnel): Explanation {
  const ipip = "or let the real server unwrap IPIP and configure TUN type ipip";
  if (type === "gue" && checksum !== "nocsum")
    return {
      cause: `this kernel does not know gue tunnels with ${checksum}: packets to ${name} go without it, or by IPIP`,
      cure: `use Linux 5.3 or later, or leave ${checksum} out; before 5.2 there is no gue at all`,
    };
  return {
    cause: `this kernel does not know ${type} tunnels: packets to ${name} go by IPIP instead`,
    cure: `use Linux ${type === "gue" ? "5.2" : "5.3"} or later, ${ipip}`,
  };
}

function tunnelDoubt(operation: Operation): string {
  const tunnel = tunnelOf(operation);
  return tunnel === undefined || tunnel.type === "ipip" ? "" : `, or does not know ${tunnel.type} tunnels`;
}

function tunnelOf(operation: Operation): Tunnel | undefined {
  return "settings" in operation ? (operation.settings as DestinationSettings).tunnel : undefined;
}

function ofAny(errno: string): Explanation {
  switch (errno) {
    case "EPERM":
      return {
        cause: "Relevo is not permitted to change the IPVS table",
        cure: "it needs CAP_NET_ADMIN in the initial user namespace; a rootless container cannot have it",
      };
    case "ENOMEM":
    case "ENOBUFS":
      return { cause: "the kernel has no memory left for it", cure: "free some memory" };
    case "EINTR":
    case "EBUSY":
      return {
        cause: "the table is being changed by somebody else",
        cure: "look for keepalived, ldirectord or ipvsadm running beside Relevo",
      };
    default:
      return { cause: `the kernel answered ${errno}`, cure: "look at the kernel's log (dmesg)" };
  }
}
