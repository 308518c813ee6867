/**
 * A site whose real servers echo lines with their names before them, and TCP streams of its client's through the virtual
 * address, on which a line is sent several times a second.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { HOSTS, Site, VIP } from "./site.ts";
import { until } from "./world.ts";

/** Echoes lines, each with its name before it. */
const ECHO = `
  const [name] = process.argv.slice(1);
  require("node:net").createServer((stream) => {
    stream.on("data", (line) => stream.write(name + " " + line));
    stream.on("error", () => {});
  }).listen(80, "::");
`;

/** Opens streams, sends a line on each several times a second, and prints one of JSON: how many are well, by who answers. */
const STREAMS = `
  const [address, count] = process.argv.slice(1);
  const streams = Array.from({ length: Number(count) }, () => {
    const stream = require("node:net").connect(80, address);
    const one = { stream, who: undefined, sent: 0, heard: 0, broken: false };
    stream.on("data", (text) => {
      one.who = String(text).split(" ")[0];
      one.heard += String(text).split("\\n").length - 1;
    });
    stream.on("error", () => (one.broken = true));
    stream.on("close", () => (one.broken = true));
    return one;
  });
  setInterval(() => {
    for (const one of streams) if (!one.broken) { one.stream.write("well\\n"); one.sent += 1; }
    const told = streams.map(({ who, heard, broken }) => ({ who, heard, broken }));
    console.log(JSON.stringify(told));
  }, 200);
  process.stdin.on("data", (who) => {
    for (const one of streams) if (one.who === String(who).trim()) one.stream.end();
  });
`;

interface Told {
  readonly who: string | undefined;
  readonly heard: number;
  readonly broken: boolean;
}

/** A client's streams. */
export class Streams {
  readonly child: ChildProcess;
  told: readonly Told[] = [];

  constructor(site: Site, count: number) {
    const program = [process.execPath, "-e", STREAMS, VIP, `${count}`];
    this.child = spawn("ip", ["netns", "exec", `${site.name}-client`, ...program], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    let rest = "";
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      const last = lines.at(-1);
      if (last !== undefined) this.told = JSON.parse(last) as Told[];
    });
  }

  /** Those that a real server answers. */
  of(who: string): readonly Told[] {
    return this.told.filter((one) => one.who === who);
  }

  /** Waits until each of them has been answered once more. */
  async flow(who: string): Promise<void> {
    const before = this.of(who).map(({ heard }) => heard);
    await until(`streams to ${who} flow`, () =>
      this.of(who).every(({ heard }, index) => heard > (before[index] ?? 0)),
    );
  }

  /** Ends those to one real server. */
  finish(who: string): void {
    this.child.stdin?.write(`${who}\n`);
  }
}

/** A site whose real servers echo on port 80: all of them, or those that are named. */
export async function openSite(
  t: { teardown(end: () => Promise<void>): void },
  hosts: readonly number[] = HOSTS,
): Promise<Site> {
  const site = new Site();
  t.teardown(() => site.close());
  for (const host of hosts) await startEcho(site, host);
  return site;
}

/** Has a real server echo. */
export async function startEcho(site: Site, host: number): Promise<void> {
  site.startOnReal(host, process.execPath, "-e", ECHO, `real${host}`);
  await until(`real server ${host}`, () => site.onReal(host, "ss", "-Htln").includes("*:80 "));
}
