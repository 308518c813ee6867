/**
 * A plan in ipvsadm's vocabulary, one line an operation, as it stands in logs and tests: whoever reads it could type it.
 */

import type { Operation, Plan } from "./plan.ts";
import {
  destinationKey,
  type DestinationSettings,
  type Forwarding,
  type ServiceId,
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
      return `-A ${service} ${serviceSettingsText(operation.settings)}`;
    case "edit-service":
      return `-E ${service} ${serviceSettingsText(operation.settings)}`;
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
  return `${id.protocol === "tcp" ? "-t" : "-u"} ${id.address}:${id.port}`;
}

function serviceSettingsText(settings: ServiceSettings): string {
  return `-s ${settings.scheduler}`;
}

function settingsText(settings: DestinationSettings): string {
  const thresholds =
    settings.upperThreshold === 0 && settings.lowerThreshold === 0
      ? ""
      : ` -x ${settings.upperThreshold} -y ${settings.lowerThreshold}`;
  return `${METHODS[settings.method]} -w ${settings.weight}${thresholds}`;
}
