/**
 * A plan in ipvsadm's vocabulary, one line an operation, as it stands in logs and tests: whoever reads it could type it.
 */

import type { Tunnel } from "./model.ts";
import type { Operation, Plan } from "./plan.ts";
import { isMark, type Protocol, type ServiceId, serviceFamily, withPort } from "./service.ts";
import {
  destinationKey,
  type DestinationSettings,
  type Forwarding,
  ONE_PACKET_FLAG,
  PERSISTENT_FLAG,
  type ServiceSettings,
} from "./table.ts";

const METHODS: Readonly<Record<Forwarding, string>> = {
  nat: "-m",
  dr: "-g",
  tunnel: "-i",
  // ipvsadm has no words for these two, and none of ours are.
  local: "(local)",
  bypass: "(bypass)",
};

const PROTOCOLS: Readonly<Record<Protocol, string>> = { tcp: "-t", udp: "-u", sctp: "--sctp-service" };

/** The plan's lines, such as `-A -t 192.0.2.100:80 -s wlc`. */
export function planText(plan: Plan): readonly string[] {
  return plan.map(operationText);
}

/** The first lines of a plan, and how many more there are: for a log line about a plan of any length. */
export function planSummary(plan: Plan, linesMax: number): readonly string[] {
  const lines = planText(plan.slice(0, linesMax));
  return plan.length <= linesMax ? lines : [...lines, `… and ${plan.length - linesMax} more`];
}

/** One operation, such as `-a -t 192.0.2.100:80 -r 198.51.100.21:80 -m -w 1`. */
export function operationText(operation: Operation): string {
  const service = serviceText(operation.service);
  switch (operation.type) {
    case "add-service":
      return `-A ${service} ${serviceSettingsText(operation.settings, operation.service)}`;
    case "edit-service":
      return `-E ${service} ${serviceSettingsText(operation.settings, operation.service)}`;
    case "delete-service":
      return `-D ${service}`;
    case "add-destination":
      return `-a ${service} -r ${destinationKey(operation.destination)} ${settingsText(operation.settings)}`;
    case "edit-destination":
      return `-e ${service} -r ${destinationKey(operation.destination)} ${settingsText(operation.settings)}`;
    case "delete-destination":
      return `-d ${service} -r ${destinationKey(operation.destination)}`;
  }
}

function serviceText(id: ServiceId): string {
  if (isMark(id)) return `-f ${id.fwmark}${id.family === 6 ? " -6" : ""}`;
  return `${PROTOCOLS[id.protocol]} ${withPort(id.address, id.port)}`;
}

function serviceSettingsText(settings: ServiceSettings, id: ServiceId): string {
  const { scheduler, flags, timeout, engine } = settings;
  const persistence = (flags & PERSISTENT_FLAG) === 0 ? "" : ` -p ${timeout}${granularityText(settings, id)}`;
  const engineText = engine === "" ? "" : ` --pe ${engine}`;
  const onePacket = (flags & ONE_PACKET_FLAG) === 0 ? "" : " -o";
  return `-s ${scheduler}${schedulerFlagsText(flags)}${persistence}${engineText}${onePacket}`;
}

function schedulerFlagsText(flags: number): string {
  const names = [1, 2, 3].filter((flag) => (flags & (0x4 << flag)) !== 0).map((flag) => `flag-${flag}`);
  return names.length === 0 ? "" : ` -b ${names.join(",")}`;
}

function granularityText({ netmask }: ServiceSettings, id: ServiceId): string {
  if (serviceFamily(id) === 6) return netmask === 128 ? "" : ` -M ${netmask}`;
  if (netmask === 0xffffffff) return "";
  return ` -M ${[24, 16, 8, 0].map((shift) => (netmask >>> shift) & 0xff).join(".")}`;
}

function settingsText(settings: DestinationSettings): string {
  const { method, tunnel, weight, upperThreshold, lowerThreshold } = settings;
  const thresholds =
    upperThreshold === 0 && lowerThreshold === 0 ? "" : ` -x ${upperThreshold} -y ${lowerThreshold}`;
  return `${METHODS[method]}${tunnelText(tunnel)} -w ${weight}${thresholds}`;
}

/** Plain IPIP is what `-i` means by itself. */
function tunnelText(tunnel: Tunnel | undefined): string {
  if (tunnel === undefined || (tunnel.type === "ipip" && tunnel.checksum === "nocsum")) return "";
  const port = tunnel.type === "gue" ? ` --tun-port ${tunnel.port}` : "";
  return ` --tun-type ${tunnel.type}${port} --tun-${tunnel.checksum}`;
}
