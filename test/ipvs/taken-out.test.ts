/**
 * Goal: with the settings that are the default nobody is left with a server that is not to serve: a sorry server's keep-alive
 * client when the quorum returns, those that a drained real server has left at its deadline, a client with persistence whose
 * real server goes into maintenance or was a sorry server. And a restart ends no connection.
 * Method: configuration files, the balancer process, a client with an open TCP stream or one that comes again.
 */

import t from "tap";
import { parseTarget, type RealServerTarget } from "../../src/core/balance/target.ts";
import { seconds } from "../../src/core/units/time.ts";
import { configOf, instance } from "../config/reading.ts";
import { openSite, startEcho, Streams } from "./echo-site.ts";
import { hasIpvs } from "./guest.ts";
import { Site, VIP } from "./site.ts";
import { kill, until } from "./world.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(225_000);

const REAL_21 = "address: 198.51.100.21";
const CHECKED = "checks: [{ tcp: {} }]";
const SORRY = "sorry_server: { address: 198.51.100.22 }";

function configuration(keys: string, reals: string) {
  const rhythm = "delay_loop: 300ms, retry: 0, warmup: 100ms, alpha: true";
  const server = `{ address: ${VIP}, port: 80, lvs_sched: rr, ${rhythm}, ${keys}, real_servers: [${reals}] }`;
  return configOf(`${instance()}virtual_servers: [${server}]\n`).balancer;
}

/** A stream of the client's that is answered. */
async function openStream(
  t: { teardown(end: () => Promise<void>): void },
  site: Site,
  who: string,
): Promise<Streams> {
  const streams = new Streams(site, 1);
  t.teardown(() => kill(streams.child));
  await until(`a stream to ${who}`, () => streams.of(who).length === 1);
  return streams;
}

async function broken(what: string, streams: Streams): Promise<void> {
  await until(what, () => streams.told.every((stream) => stream.broken));
}

if (hasIpvs(t, import.meta.url)) {
  t.test(
    "streams are told when their server is taken out, and of a restart they notice nothing",
    async (t) => {
      const site = await openSite(t, [22]);
      const balancer = site.forkBalancer();
      const config = configuration(`inhibit_on_failure: true, ${SORRY}`, `{ ${REAL_21}, ${CHECKED} }`);
      await balancer.configure(config);
      const sorry = await openStream(t, site, "real22");
      await startEcho(site, 21);
      await balancer.heard("quorum-gained");
      await broken("the sorry server's stream ends", sorry);
      const work = await openStream(t, site, "real21");

      t.comment("a restart, and the address is away meanwhile");
      site.run("ip", "addr", "del", `${VIP}/32`, "dev", "eth0");
      await balancer.stop();
      t.strictSame(site.table(), []);
      const next = site.forkBalancer();
      await next.configure(config);
      await until("the real server is up", () => next.report?.realServers?.[0]?.up === true);
      site.run("ip", "addr", "add", `${VIP}/32`, "dev", "eth0");
      await work.flow("real21");
      t.notOk(work.told[0]?.broken);

      t.comment("a drain with a deadline");
      const target = parseTarget("198.51.100.21") as RealServerTarget;
      await next.call({ type: "drain", target, order: { deadline: seconds(3), end: "remove" } });
      t.match((await next.heard("drain-deadline")).fields, { left: 1 });
      await broken("the drained one's stream ends", work);
      await next.stop();
    },
  );

  t.test("a client with persistence leaves whoever has weight 0 at its next connection", async (t) => {
    const site = new Site();
    t.teardown(() => site.close());
    await site.serve(80);
    const ask = (): string | undefined => site.ask(`http://${VIP}/`, 1)[0];
    const balancer = site.forkBalancer();
    const persistent = "persistence_timeout: 300";
    await balancer.configure(configuration(persistent, "{ address: 198.51.100.21-22 }"));
    const first = ask() ?? "";
    t.match(first, /^real2[12]$/);
    t.strictSame([ask(), ask()], [first, first], "persistence holds");
    balancer.maintain(`198.51.100.${first.slice(-2)}`);
    await until("the kernel knows", () => site.table().some((line) => line.endsWith(" -w 0")));
    t.equal(ask(), first === "real21" ? "real22" : "real21");
    await balancer.heard("drain-done");

    t.comment("a sorry server that stays in the table");
    balancer.maintain();
    const sorry = `${SORRY}, sorry_server_inhibit: true, ${persistent}`;
    const away = "checks: [{ tcp: { connect_port: 81 } }]";
    await balancer.configure(configuration(sorry, `{ ${REAL_21}, ${away} }`));
    await until("the quorum is lost", () => balancer.report?.virtualServers[0]?.hasQuorum === false);
    t.equal(ask(), "real22", "it answers while the quorum is lost");
    await balancer.configure(configuration(sorry, `{ ${REAL_21}, ${CHECKED} }`));
    await balancer.heard("quorum-gained");
    await until("the kernel knows", () => site.table().some((line) => line.includes("22:80 -m -w 0")));
    t.equal(ask(), "real21", "and is left when it returns");
    await balancer.stop();
  });
}
