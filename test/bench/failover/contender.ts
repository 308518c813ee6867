/** What is compared: two directors of a kind on their hosts, started and ended as an operator or a mishap would. */

import { type ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Host, type Lan, run, until } from "../../net/namespace.ts";

const RELEVO = fileURLToPath(new URL("../../../src/cli/main.js", import.meta.url));

/** The floating address. */
export const VIP = "192.0.2.100";

/** One director's daemon. */
class Daemon {
  readonly host: Host;
  /** All that it has said. */
  log = "";
  readonly #command: readonly string[];
  #child: ChildProcess | undefined;

  constructor(host: Host, command: readonly string[]) {
    this.host = host;
    this.#command = command;
  }

  /** Starts it. */
  start(): void {
    const [program = "", ...rest] = this.#command;
    this.#child = this.host.spawn(program, ...rest);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (text: Buffer) => {
        this.log += text.toString();
      });
    }
  }

  /** SIGTERM, as an administrator's stop. */
  async stop(): Promise<void> {
    this.#child?.kill("SIGTERM");
    await this.#ended();
  }

  /** All its processes at once, as an accident would have it; none sees the end of another. */
  async kill(): Promise<void> {
    const pids = this.#processes();
    for (const signal of ["SIGSTOP", "SIGKILL"] as const) {
      for (const pid of pids) process.kill(pid, signal);
    }
    await this.#ended();
  }

  #processes(): readonly number[] {
    const parent = this.#child?.pid ?? -1;
    const children = run("ps", "-o", "pid=", "--ppid", `${parent}`).trim().split(/\s+/).map(Number);
    return [parent, ...children];
  }

  async #ended(): Promise<void> {
    await until(
      "the daemon has ended",
      () => this.#child?.exitCode !== null || this.#child.signalCode !== null,
    );
  }
}

/** A pair of a kind. */
export interface Contender {
  readonly name: string;
  /** The better one first: priority 150, the other has 100. */
  readonly daemons: readonly [Daemon, Daemon];
}

/** What of Relevo's configuration varies. */
export interface RelevoOptions {
  /** heartbeat.interval in milliseconds. */
  readonly interval: number;
  readonly takeover: boolean;
}

/** Relevo, with its heartbeat on both networks. */
export function relevo(lan: Lan, hosts: readonly [Host, Host], options: RelevoOptions): Contender {
  const file = (name: string): string => join(lan.directory, name);
  run(process.execPath, RELEVO, "keygen", "--output", file("heartbeat.key"));
  const [one, other] = hosts;
  writeFileSync(
    file("relevo.yaml"),
    `metrics: false
directors:
  lvs1: { priority: 150, addresses: { public: 192.0.2.${one.octet}, private: 198.51.100.${one.octet} } }
  lvs2: { priority: 100, addresses: { public: 192.0.2.${other.octet}, private: 198.51.100.${other.octet} } }
heartbeat: { interval: ${options.interval}ms, takeover: ${options.takeover}, key_file: ${file("heartbeat.key")} }
vrrp_instances:
  web: { interface: eth0, virtual_router_id: 51, version: 3, advert_int: 1, virtual_ipaddress: [${VIP}/24] }
`,
  );
  const daemon = (host: Host, node: string): Daemon => {
    const words = ["run", "--config", file("relevo.yaml"), "--node", node, "--run-dir", file(node)];
    return new Daemon(host, [process.execPath, RELEVO, ...words]);
  };
  return { name: "Relevo", daemons: [daemon(one, "lvs1"), daemon(other, "lvs2")] };
}

/** Debian's keepalived, with the same adverts. */
export function keepalived(lan: Lan, hosts: readonly [Host, Host]): Contender {
  const daemon = (host: Host, priority: number): Daemon => {
    const path = join(lan.directory, `keepalived-${host.octet}`);
    writeFileSync(
      `${path}.conf`,
      `vrrp_instance web {
        interface eth0
        virtual_router_id 51
        version 3
        priority ${priority}
        advert_int 1
        virtual_ipaddress {
          ${VIP}/24
        }
      }\n`,
    );
    const files = ["-f", `${path}.conf`, "-p", `${path}.pid`, "-r", `${path}.vrrp.pid`];
    return new Daemon(host, ["keepalived", "-P", "-n", "-l", ...files]);
  };
  return { name: "keepalived", daemons: [daemon(hosts[0], 150), daemon(hosts[1], 100)] };
}
