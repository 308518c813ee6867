/** `ipvs_sysctls`: settings below net.ipv4.vs, under the kernel's names and with its values. */

import { z } from "zod";
import { leaf, type Reading, refuse, textLeaf, whole } from "./leaf.ts";

const INT_MAX = 0x7fffffff;

/** NR_CPUS of the largest kernels. */
const CPUS_MAX = 8_192;

/** A number within the kernel's range, as the text that it has there. */
function number(min: number, max: number): z.ZodType<string> {
  return whole(min, max).transform(String) as z.ZodType<string>;
}

/** A strategy that the kernel uses never, when memory runs short, or always; 2 is what it makes of 1 by itself. */
function strategy(): z.ZodType<string> {
  return leaf<string>("0 (never), 1 (when memory is short) or 3 (always)", (value) => {
    if (typeof value !== "number") return undefined;
    if ([0, 1, 3].includes(value)) return { value: String(value) };
    const why = value === 2 ? "is what the kernel makes of 1 while it is at work" : "is no strategy";
    return refuse("out-of-range", `${value} ${why}: write 0, 1 (when memory is short) or 3 (always)`);
  });
}

/** `sync_threshold`: the packet of each period that is told of, and the period's length; 0 for no period. */
function syncThreshold(): z.ZodType<string> {
  return textLeaf<string>('two numbers such as "3 50"', (text): Reading<string> => {
    const [, first = "", period = ""] = /^(\d{1,9})[ \t]+(\d{1,9})$/.exec(text) ?? [];
    const [packet, length] = [Number(first), Number(period)];
    if (first === "" || (length !== 0 && packet >= length))
      return refuse(
        "out-of-range",
        `${JSON.stringify(text)} is no threshold: write two numbers, the first below the second, or the second 0`,
      );
    return { value: `${packet} ${length}` };
  });
}

/** `est_cpulist`: processors by number and range, as the kernel shows them: in their order, neighbours as a range. */
function cpuList(): z.ZodType<string> {
  return leaf<string>('processors such as "0-3,8"', (value) => {
    if (typeof value !== "string" && typeof value !== "number") return undefined;
    const ranges = String(value).split(",").map(cpuRange);
    if (!ranges.includes(undefined))
      return { value: cpuListText(ranges.filter((range) => range !== undefined)) };
    return refuse(
      "out-of-range",
      `${JSON.stringify(value)} is no list of processors: write numbers below ${CPUS_MAX} and ranges, such as "0-3,8"`,
    );
  });
}

type CpuRange = readonly [first: number, last: number];

function cpuRange(text: string): CpuRange | undefined {
  const [, from, to = from] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(text.trim()) ?? [];
  const [first, last] = [Number(from), Number(to)];
  return first <= last && last < CPUS_MAX ? [first, last] : undefined;
}

function cpuListText(ranges: readonly CpuRange[]): string {
  const merged: CpuRange[] = [];
  for (const [first, last] of ranges.toSorted(([one], [other]) => one - other)) {
    const before = merged.at(-1);
    if (before === undefined || first > before[1] + 1) merged.push([first, last]);
    else merged[merged.length - 1] = [before[0], Math.max(before[1], last)];
  }
  return merged.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

/** The settings; what is left out stays as it is, but for the few that have a default here (build/ipvs.ts). */
export const ipvsSysctlsSchema = z.strictObject({
  am_droprate: number(1, INT_MAX).optional(),
  amemthresh: number(0, INT_MAX).optional(),
  backup_only: number(0, 1).optional(),
  cache_bypass: number(0, 1).optional(),
  conn_reuse_mode: number(0, 3).optional(),
  conntrack: number(0, 1).optional(),
  drop_entry: strategy().optional(),
  drop_packet: strategy().optional(),
  est_cpulist: cpuList().optional(),
  est_nice: number(-20, 19).optional(),
  expire_nodest_conn: number(0, 1).optional(),
  expire_quiescent_template: number(0, 1).optional(),
  ignore_tunneled: number(0, 1).optional(),
  nat_icmp_send: number(0, 1).optional(),
  pmtu_disc: number(0, 1).optional(),
  run_estimation: number(0, 1).optional(),
  schedule_icmp: number(0, 1).optional(),
  secure_tcp: strategy().optional(),
  sloppy_sctp: number(0, 1).optional(),
  sloppy_tcp: number(0, 1).optional(),
  snat_reroute: number(0, 1).optional(),
  sync_persist_mode: number(0, 3).optional(),
  sync_ports: number(1, 64).optional(),
  sync_qlen_max: number(0, INT_MAX).optional(),
  sync_refresh_period: number(0, 86_400).optional(),
  sync_retries: number(0, 3).optional(),
  sync_sock_size: number(0, INT_MAX).optional(),
  sync_threshold: syncThreshold().optional(),
  sync_version: number(0, 1).optional(),
});
