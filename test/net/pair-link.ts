/** A pair with its own link on both networks, as the tests of this folder have it; and what befalls the ways between. */

import type { HeartbeatConfig, HeartbeatPath } from "../../src/core/heartbeat/model.ts";
import type { IpAddress } from "../../src/core/units/ip-address.ts";
import { type Instant, milliseconds, seconds } from "../../src/core/units/time.ts";
import type { FailoverConfig, VirtualRouter } from "../../src/core/vrrp/model.ts";
import { Director, web } from "./director.ts";
import { type Host, type InterfaceName, Lan, run, type Stage, until } from "./namespace.ts";

/** So long that nothing in a test comes to pass by it. */
export const SLOW = { advertInterval: seconds(30) };

/** The link as one host has it: `public` and `private`, 100 ms, dead after 4. */
function heartbeat(here: Host, there: Host, changes: Partial<HeartbeatConfig> = {}): HeartbeatConfig {
  const path = (name: string, network: string): HeartbeatPath => ({
    name,
    local: `${network}.${here.octet}` as IpAddress,
    remote: `${network}.${there.octet}` as IpAddress,
  });
  return {
    node: `lvs${here.octet}`,
    peer: `lvs${there.octet}`,
    paths: [path("public", "192.0.2"), path("private", "198.51.100")],
    port: 539,
    interval: milliseconds(100),
    deadAfter: 4,
    takeover: true,
    keys: [{ id: 1, key: new Uint8Array(32).fill(7) }],
    digest: "00000000000000aa",
    ...changes,
  };
}

/** Two directors and a witness, `a` the better one. */
export class LinkedPair {
  readonly lan: Lan;
  readonly probe: Host;
  readonly a: Director;
  readonly b: Director;

  constructor(stage: Stage) {
    this.lan = new Lan(stage);
    this.a = new Director(this.lan, this.lan.host("lvs1", 11));
    this.b = new Director(this.lan, this.lan.host("lvs2", 12));
    this.probe = this.lan.host("probe", 13);
  }

  /** Starts the two, with `web` unless other instances are given; `a` is master then, `b` backup, and they hear each other. */
  async start(
    changes: Partial<VirtualRouter> = {},
    link: Partial<HeartbeatConfig> = {},
    routers: readonly Partial<VirtualRouter>[] = [{}],
  ): Promise<this> {
    const all = routers.map((one) => ({ ...changes, ...one }));
    // Nobody waits for a slow master's first word.
    const fast = all.map((one) => ({ ...one, advertInterval: seconds(0.1) }));
    await this.configure(this.a, fast, link);
    await until("a is master", () => isAll(this.a, "master", all.length));
    await this.configure(this.a, all, link);
    await this.configure(this.b, all, link);
    await until("b is backup", () => isAll(this.b, "backup", all.length));
    await this.acquainted();
    return this;
  }

  /** Gives one of them its configuration: priority 150 is a's, 100 b's. */
  configure(
    director: Director,
    routers: readonly Partial<VirtualRouter>[],
    link: Partial<HeartbeatConfig> = {},
    diedAt?: Instant,
    changes: Partial<FailoverConfig> = {},
  ): Promise<void> {
    const isFirst = director === this.a;
    const other = isFirst ? this.b : this.a;
    const priority = isFirst ? 150 : 100;
    return director.configure(
      routers.map((one) => web({ priority, ...one })),
      diedAt,
      { heartbeat: heartbeat(director.host, other.host, link), ...changes },
    );
  }

  /** Waits until each of them has heard the other one on both paths since the call. */
  async acquainted(): Promise<void> {
    const both = [this.a, this.b];
    const paths = (one: Director) => new Set(one.named("heartbeat-path-up").map(({ path }) => path)).size;
    await until("they hear each other", () => both.every((one) => paths(one) === 2));
  }

  /** Who has the VIP on its interface. */
  holders(): string {
    const named = [this.a.host.holdsVip() ? "a" : "", this.b.host.holdsVip() ? "b" : ""];
    return named.join("");
  }

  /** The two do not reach each other on a network any more, or do again; everybody else reaches both. */
  isolate(name: InterfaceName, apart: boolean): void {
    for (const { host } of [this.a, this.b]) {
      const flag = ["isolated", apart ? "on" : "off"];
      run("bridge", "-n", this.lan.switchNamespace, "link", "set", "dev", host.port[name], ...flag);
    }
  }
}

function isAll(director: Director, state: string, count: number): boolean {
  const { instances } = director;
  return instances.length === count && instances.every((one) => one.state === state);
}
