/**
 * The connection sync daemons of the IPVS family: one that tells of connections (master) and one that hears of them
 * (backup), each with settings of its own. All constants are those of linux/ip_vs.h.
 *
 * The port is in host order here, unlike everywhere else in the family. Kernels before 4.3 know interface and id only.
 */

import { AF_INET, AF_INET6, message, topAttributes, type WireAddress } from "./ipvs.ts";
import {
  attribute,
  nested,
  readNested,
  readText,
  readU16,
  readU32,
  readU8,
  text,
  u16,
  u32,
  u8,
} from "./netlink.ts";

/** enum { IPVS_CMD_… } */
const IPVS_CMD_NEW_DAEMON = 9;
const IPVS_CMD_DEL_DAEMON = 10;
const IPVS_CMD_GET_DAEMON = 11;

/** enum { IPVS_CMD_ATTR_… } */
const IPVS_CMD_ATTR_DAEMON = 3;

/** enum { IPVS_DAEMON_ATTR_… } */
const IPVS_DAEMON_ATTR_STATE = 1;
const IPVS_DAEMON_ATTR_MCAST_IFN = 2;
const IPVS_DAEMON_ATTR_SYNC_ID = 3;
const IPVS_DAEMON_ATTR_SYNC_MAXLEN = 4;
const IPVS_DAEMON_ATTR_MCAST_GROUP = 5;
const IPVS_DAEMON_ATTR_MCAST_GROUP6 = 6;
const IPVS_DAEMON_ATTR_MCAST_PORT = 7;
const IPVS_DAEMON_ATTR_MCAST_TTL = 8;

/** IP_VS_STATE_MASTER and IP_VS_STATE_BACKUP */
const STATES = { master: 1, backup: 2 } as const;

/** Which of the two. */
export type DaemonState = keyof typeof STATES;

/** A daemon to be started. */
export interface WireDaemon {
  readonly state: DaemonState;
  readonly interface: string;
  /** 0..255; a backup with 0 takes what anybody sends. */
  readonly id: number;
  /** The most bytes in a datagram after its headers; undefined for what the interface's MTU allows. */
  readonly maxlen: number | undefined;
  readonly group: WireAddress;
  /** UDP. */
  readonly port: number;
  readonly ttl: number;
}

/** A daemon that runs; undefined what an old kernel does not tell. */
export type RunningDaemon = Pick<WireDaemon, "state" | "interface" | "id"> & {
  readonly [Name in "maxlen" | "group" | "port" | "ttl"]: WireDaemon[Name] | undefined;
};

/** Starts a daemon. */
export function encodeNewDaemon(daemon: WireDaemon): Uint8Array {
  const { group, maxlen } = daemon;
  const groupType = group.family === AF_INET ? IPVS_DAEMON_ATTR_MCAST_GROUP : IPVS_DAEMON_ATTR_MCAST_GROUP6;
  return message(
    IPVS_CMD_NEW_DAEMON,
    nested(
      IPVS_CMD_ATTR_DAEMON,
      u32(IPVS_DAEMON_ATTR_STATE, STATES[daemon.state]),
      text(IPVS_DAEMON_ATTR_MCAST_IFN, daemon.interface),
      u32(IPVS_DAEMON_ATTR_SYNC_ID, daemon.id),
      ...(maxlen === undefined ? [] : [u16(IPVS_DAEMON_ATTR_SYNC_MAXLEN, maxlen)]),
      attribute(groupType, group.bytes),
      u16(IPVS_DAEMON_ATTR_MCAST_PORT, daemon.port),
      u8(IPVS_DAEMON_ATTR_MCAST_TTL, daemon.ttl),
    ),
  );
}

/** Stops a daemon. */
export function encodeDelDaemon(state: DaemonState): Uint8Array {
  return message(
    IPVS_CMD_DEL_DAEMON,
    nested(IPVS_CMD_ATTR_DAEMON, u32(IPVS_DAEMON_ATTR_STATE, STATES[state])),
  );
}

/** Asks for the daemons that run; as a dump. */
export function encodeGetDaemons(): Uint8Array {
  return message(IPVS_CMD_GET_DAEMON);
}

/** The daemon that a part of a dump describes; undefined when it does not. */
export function decodeDaemon(part: Uint8Array): RunningDaemon | undefined {
  const values = readNested(topAttributes(part)?.get(IPVS_CMD_ATTR_DAEMON));
  const number = readU32(values?.get(IPVS_DAEMON_ATTR_STATE));
  const state = (Object.keys(STATES) as DaemonState[]).find((name) => STATES[name] === number);
  const name = readText(values?.get(IPVS_DAEMON_ATTR_MCAST_IFN));
  const id = readU32(values?.get(IPVS_DAEMON_ATTR_SYNC_ID));
  if (state === undefined || name === undefined || id === undefined) return undefined;
  const group4 = values?.get(IPVS_DAEMON_ATTR_MCAST_GROUP);
  const group6 = values?.get(IPVS_DAEMON_ATTR_MCAST_GROUP6);
  return {
    state,
    interface: name,
    id,
    maxlen: readU16(values?.get(IPVS_DAEMON_ATTR_SYNC_MAXLEN)),
    group: readGroup(AF_INET, group4, 4) ?? readGroup(AF_INET6, group6, 16),
    port: readU16(values?.get(IPVS_DAEMON_ATTR_MCAST_PORT)),
    ttl: readU8(values?.get(IPVS_DAEMON_ATTR_MCAST_TTL)),
  };
}

function readGroup(family: number, bytes: Uint8Array | undefined, length: number): WireAddress | undefined {
  return bytes?.length === length ? { family, bytes } : undefined;
}
