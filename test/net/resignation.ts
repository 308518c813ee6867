/**
 * A witness inside the kernel of what a host still held at the moment that it resigned: nftables counts each advert of
 * priority 0 on its way out by whether 192.0.2.100 was a local address just then.
 *
 * The only question that nftables can ask about addresses is about those of the packet at hand. So the packet is given
 * the VIP as its source for the length of one rule.
 */

import { spawnSync } from "node:child_process";
import { type Host, run } from "./namespace.ts";

/** How many resignations left while the VIP was still held, and how many after it was gone. */
export interface Resignations {
  readonly held: number;
  readonly gone: number;
}

/** Starts to count on a host; call the result to read. */
export function watchResignations(host: Host): () => Resignations {
  const rules = `
    table ip witness {
      counter held {}
      counter gone {}
      chain look {
        fib saddr type local counter name held return
        counter name gone
      }
      chain output {
        type filter hook output priority 0;
        ip protocol 112 @th,16,8 0 ip saddr set 192.0.2.100 jump look
        ip protocol 112 @th,16,8 0 ip saddr set 192.0.2.${host.octet}
      }
    }`;
  const { status, stderr } = spawnSync("ip", [...host.inside(), "nft", "-f", "-"], {
    input: rules,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`nft: ${stderr}`);
  const packets = (counter: string) => {
    const text = run("ip", ...host.inside(), "nft", "list", "counter", "ip", "witness", counter);
    return Number(/packets (\d+)/.exec(text)?.[1]);
  };
  return () => ({ held: packets("held"), gone: packets("gone") });
}
