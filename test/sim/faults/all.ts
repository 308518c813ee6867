/** The registry of faults: what is not named here does not strike. */

import type { Fault } from "../fault.ts";
import { foreignRouter, fromAfar, garbage, otherVersion, wrongChecksum } from "./forgery.ts";
import { addressAdded, addressRefused, addressRemoved, unsendable } from "./kernel.ts";
import {
  allInterfacesDown,
  corruption,
  delay,
  duplication,
  interfaceDown,
  interfaceFlap,
  interfaceMute,
  loss,
  oneWayCut,
  partition,
  reordering,
} from "./network.ts";
import {
  addressesChanged,
  announcingChanged,
  intervalChanged,
  preemptionChanged,
  priorityChanged,
  reload,
} from "./operator.ts";
import { kill, lateness, pause, powerLoss, stop } from "./process.ts";

export const FAULTS: readonly Fault[] = [
  loss,
  delay,
  duplication,
  reordering,
  corruption,
  oneWayCut,
  partition,
  interfaceDown,
  interfaceFlap,
  interfaceMute,
  allInterfacesDown,
  kill,
  powerLoss,
  pause,
  lateness,
  stop,
  addressRefused,
  unsendable,
  addressRemoved,
  addressAdded,
  priorityChanged,
  intervalChanged,
  announcingChanged,
  preemptionChanged,
  addressesChanged,
  reload,
  foreignRouter,
  fromAfar,
  wrongChecksum,
  otherVersion,
  garbage,
];
