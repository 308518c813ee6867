/**
 * Goal: ten thousand real servers in two hundred services are programmed, and a reload that changes one of them is one
 * request to the kernel.
 * Method: the balancer process; `ipvsadm` is the witness of the table, and a netlink monitor (nlmon) of what is asked of the
 * kernel, its frames taken apart by hand (linux/netlink.h, linux/genetlink.h).
 */

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { BalancerConfig } from "../../src/core/balance/model.ts";
import { balancerConfig, ip, realServer, virtualServer, WEB } from "../core/balance/servers.ts";
import { hasIpvs } from "./guest.ts";
import { kill, until, World } from "./world.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(225_000);

const SERVICES = 200;
const SERVERS = 50;
/** IPVS_CMD_…: those that change something, and GET_SERVICE and GET_DEST. */
const CHANGES = [1, 2, 3, 5, 6, 7];
const SET_DEST = 6;
/** Before each frame in the file, and of the file itself. */
const [FILE_HEADER, FRAME_HEADER, COOKED_HEADER, MESSAGE_HEADER] = [24, 16, 16, 16] as const;
const NETLINK_GENERIC = 16;
const NLM_F_REQUEST = 1;
/** Message types below are the controller's and netlink's own. */
const FIRST_FAMILY = 0x11;

function configuration(weight: number): BalancerConfig {
  const virtuals = Array.from({ length: SERVICES }, (_, index) =>
    virtualServer(
      { ...WEB, address: ip(`192.0.2.${index}`) },
      Array.from({ length: SERVERS }, (__, host) =>
        realServer(1, {
          address: ip(`10.${index}.0.${host + 1}`),
          method: "dr",
          weight: index === 77 && host === 7 ? weight : 1,
        }),
      ),
    ),
  );
  return balancerConfig(...virtuals);
}

/** The commands of all requests to generic netlink families in a capture. */
function commands(file: string): number[] {
  const bytes = readFileSync(file);
  const found: number[] = [];
  for (let offset = FILE_HEADER; offset + FRAME_HEADER <= bytes.length; ) {
    const length = bytes.readUInt32LE(offset + 8);
    const frame = bytes.subarray(offset + FRAME_HEADER, offset + FRAME_HEADER + length);
    offset += FRAME_HEADER + length;
    if (frame.length < COOKED_HEADER || frame.readUInt16BE(14) !== NETLINK_GENERIC) continue;
    for (let at = COOKED_HEADER; at + MESSAGE_HEADER < frame.length; ) {
      const [size, type, flags] = [
        frame.readUInt32LE(at),
        frame.readUInt16LE(at + 4),
        frame.readUInt16LE(at + 6),
      ];
      if (type >= FIRST_FAMILY && (flags & NLM_F_REQUEST) !== 0) found.push(frame[at + MESSAGE_HEADER] ?? 0);
      at += Math.ceil(Math.max(size, MESSAGE_HEADER) / 4) * 4;
    }
  }
  return found;
}

if (hasIpvs(t, import.meta.url)) {
  t.test("ten thousand real servers, and a change of one", async (t) => {
    const world = new World();
    t.teardown(() => world.close());
    const balancer = world.forkBalancer();
    await balancer.configure(configuration(1));
    const table = world.run("sh", "-c", "ipvsadm -Sn | wc -l");
    t.equal(Number(table), SERVICES * (SERVERS + 1));
    await until("a report", () => balancer.count("ipvs_changes") === SERVICES * (SERVERS + 1));

    world.run("ip", "link", "add", "nlmon0", "type", "nlmon");
    world.run("ip", "link", "set", "nlmon0", "up");
    const capture = join(world.runDir, "netlink.pcap");
    const tcpdump = spawn(
      "ip",
      ["netns", "exec", world.name, ..."tcpdump -Z root -U -s 256 -i nlmon0 -w".split(" "), capture],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    t.teardown(() => kill(tcpdump));
    let said = "";
    tcpdump.stderr.on("data", (text: Buffer) => (said += String(text)));
    await until("a capture", () => said.includes("listening"));
    await balancer.configure(configuration(9));
    t.match(world.run("sh", "-c", "ipvsadm -Sn | grep 10.77.0.8:"), /10\.77\.0\.8:80 -g -w 9/);
    await until("it is captured", () => commands(capture).includes(SET_DEST));
    await kill(tcpdump);
    t.strictSame(
      commands(capture).filter((command) => CHANGES.includes(command)),
      [SET_DEST],
    );
    await balancer.stop();
    t.strictSame(world.table(), []);
  });
}
