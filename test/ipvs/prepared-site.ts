/** A site whose real servers make themselves ready by `relevo realserver`, from the directors' file. */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { instance } from "../config/reading.ts";
import { HOSTS, Site } from "./site.ts";

const CLI = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
/** With them come interfaces in every namespace, which stay. */
const MODULES = ["ipip", "sit", "ip_gre", "ip6_gre", "ip6_tunnel", "fou", "fou6", "dummy"];

/** What the command said. */
export interface Said {
  readonly status: number | null;
  readonly lines: readonly string[];
}

/** The site. */
export class PreparedSite extends Site {
  readonly #file = join(this.runDir, "relevo.yaml");
  text = "";

  /** `servers` are the items of virtual_servers. */
  constructor(servers: string) {
    super();
    this.write(servers);
    for (const module of MODULES) this.loadModule(module);
    for (const host of HOSTS) {
      // The way to the client that is not through the director.
      this.onReal(host, "ip", "route", "add", "192.0.2.0/24", "dev", "eth0");
      this.onReal(host, "ip", "-6", "route", "add", "2001:db8:1::/64", "dev", "eth0");
      // A distribution's default, which drops what is unwrapped unless it is told otherwise.
      this.onReal(host, "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1");
    }
  }

  /** The file has these virtual servers from now on. */
  write(servers: string): void {
    this.text = `${instance()}virtual_servers:\n${servers}`;
    writeFileSync(this.#file, this.text);
  }

  /** Runs `relevo realserver` on a real server. */
  realserver(host: number, action: "apply" | "check" | "remove"): Said {
    const file = action === "remove" ? [] : ["--config", this.#file];
    const runDir = join(this.runDir, `real${host}`);
    const program = [process.execPath, CLI, "realserver", action, ...file, "--run-dir", runDir];
    const { status, stdout, stderr } = spawnSync(
      "ip",
      ["netns", "exec", `${this.name}-real${host}`, ...program],
      { encoding: "utf8" },
    );
    return { status, lines: `${stdout}${stderr}`.split("\n").filter((line) => line !== "") };
  }

  /** What a real server has: interfaces, addresses, routes, ports for GUE and all settings. */
  state(host: number): string {
    return [
      this.onReal(host, "ip", "-j", "address"),
      this.onReal(host, "ip", "route", "show", "table", "all"),
      this.onReal(host, "ip", "-6", "route", "show", "table", "all"),
      this.onReal(host, "ip", "fou", "show"),
      this.onReal(host, "sh", "-c", "sysctl -a 2> /dev/null | grep ^net"),
    ].join("\n");
  }

  /** The hardware addresses of those who answer the client's ARP for an address. */
  whoAnswersArp(address: string): readonly string[] {
    const command = ["arping", "-c", "3", "-w", "5", "-I", "eth0", address];
    const { stdout } = spawnSync("ip", ["netns", "exec", `${this.name}-client`, ...command], {
      encoding: "utf8",
    });
    return [...new Set(stdout.toLowerCase().match(/([0-9a-f]{2}:){5}[0-9a-f]{2}/g))];
  }
}
