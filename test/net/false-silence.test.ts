/**
 * Goal: heartbeats that are lost on every path move no address while adverts get through, whoever outranks whom, and whoever
 * owns the addresses; a master that is dead is replaced all the same. Method: a pair with its link; a packet filter that drops
 * UDP; the witnesses are tcpdump on a third host, `ip monitor` and the kernels' addresses.
 *
 * Where a takeover is to come by heartbeat the adverts are 30 s apart, so that VRRP would take 90 s and more.
 */

import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { seconds } from "../../src/core/units/time.ts";
import type { VirtualRouter } from "../../src/core/vrrp/model.ts";
import { pathOf } from "./bfd-session.ts";
import { Capture, type Seen } from "./capture.ts";
import { type Director, web } from "./director.ts";
import { run, type Stage, until } from "./namespace.ts";
import { LinkedPair, SLOW } from "./pair-link.ts";
import { hasRoot } from "./root.ts";
import { addressesOn, neighbour, VMAC4, withVmac } from "./vmac.ts";

const VIP = "192.0.2.100";
/** Longer than the time after which a path is silent, and than three adverts of 100 ms. */
const A_WHILE_MS = 1_500;

/** What a host's kernel says of changes of the virtual address from now on. */
function moves({ host }: Director): () => readonly string[] {
  const monitor = host.spawn("ip", "monitor", "address");
  let text = "";
  monitor.stdout?.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  return () => text.split("\n").filter((line) => line.includes(VIP) && line.startsWith("Deleted"));
}

/** A director hears no heartbeat any more, on no path, and all else. */
function filterHeartbeats({ host }: Director): void {
  const nft = (command: string) => run("ip", ...host.inside(), "nft", command);
  nft("add table inet cut; add chain inet cut in { type filter hook input priority 0 ; }");
  nft("add rule inet cut in udp dport 539 drop");
}

function advertsOf(seen: readonly Seen[], address: string): readonly Seen[] {
  return seen.filter(({ kind, from }) => kind === "advert" && from === address);
}

/** `a` has priority 150, and is backup to `b`, which has 100 and was handed the addresses. */
async function lenientPair(t: Stage, changes: Partial<VirtualRouter> = {}): Promise<LinkedPair> {
  const pair = await new LinkedPair(t).start(changes);
  const { a, b } = pair;
  await a.stop();
  await b.reaches("master");
  a.restart();
  await pair.configure(a, [{ ...changes, preempt: false }]);
  await a.reaches("backup");
  await until("b hears the new a", () => b.named("peer-heard").length > 1);
  await until("a hears b", () => a.named("heartbeat-path-up").length > 3);
  return pair;
}

if (hasRoot(t, import.meta.url)) {
  t.jobs = 4;

  t.test("a lesser master that is not to be preempted is asked, answers, and stays", async (t) => {
    const pair = await lenientPair(t);
    const { a, b, lan } = pair;
    const before = [a.transitions, b.transitions];
    const lost = moves(b);
    const capture = await new Capture(lan, pair.probe).ready();
    filterHeartbeats(a);
    await until("its silence is given the lie", () => a.named("takeover-contradicted").length > 0);
    await sleep(A_WHILE_MS);
    t.same([a.transitions, b.transitions], before);
    t.equal(pair.holders(), "b");
    t.same(lost(), []);
    const seen = await capture.seen();
    const [question, ...others] = advertsOf(seen, "192.0.2.11");
    t.match(question, { priority: 1, checksum: "1", ttl: 255, complaint: "" });
    t.same(others, [], "one question, and no other advert");
    const answers = advertsOf(seen, "192.0.2.12").filter(({ time }) => time > Number(question?.time));
    t.ok(answers.length > 5, "b is master all the while");
    t.ok(answers.every(({ priority }) => priority === 100));
  });

  t.test("with use_vmac no switch learns the virtual hardware address from a question", async (t) => {
    const { link, addresses } = withVmac(web());
    const pair = await lenientPair(t, { link, sendsByLink: true, addresses });
    const { a, b, lan } = pair;
    const capture = await new Capture(lan, pair.probe).ready();
    filterHeartbeats(a);
    await until("its silence is given the lie", () => a.named("takeover-contradicted").length > 0);
    t.ok(addressesOn(b.host, "vrrp.51").includes(`${VIP}/24`));
    t.notOk(addressesOn(a.host, "vrrp.51").includes(`${VIP}/24`));
    const seen = await capture.seen();
    const [question] = advertsOf(seen, "192.0.2.11");
    t.equal(question?.priority, 1);
    t.not(question?.mac, VMAC4);
    t.ok(advertsOf(seen, "192.0.2.12").every(({ mac }) => mac === VMAC4));
  });

  t.test("a lesser master that is gone is replaced by one that does not preempt", async (t) => {
    const pair = await lenientPair(t, SLOW);
    const { a, b, lan } = pair;
    for (const name of ["eth0", "eth1"] as const) pathOf(lan, b.host, "cut", name);
    await a.reaches("master");
    t.equal(a.transitions.at(-1), "backup -> master (peer-silent)");
    t.ok(a.host.holdsVip());
  });

  t.test("an owner is asked, answers, and announces again", async (t) => {
    // Nothing but an answer comes from it in time; one that is late is given way to.
    const pair = await new LinkedPair(t).start(SLOW);
    const { a, b, lan } = pair;
    await pair.configure(a, [{ ...SLOW, priority: 255 }]);
    await until("a owns", () => a.instances[0]?.priority === 255);
    await sleep(300);
    const lost = moves(a);
    const capture = await new Capture(lan, pair.probe).ready();
    filterHeartbeats(b);
    await until("its silence is given the lie", () => b.named("takeover-contradicted").length > 0);
    await until("one holder", () => pair.holders() === "a" && b.state === "backup");
    t.same(lost(), []);
    t.equal(a.transitions.length, 2, "it has been master throughout");
    const seen = await capture.seen();
    const [question] = advertsOf(seen, "192.0.2.12");
    t.equal(question?.priority, 1);
    const after = seen.filter(({ time }) => time > Number(question?.time));
    t.match(advertsOf(after, "192.0.2.11"), [{ priority: 255 }], "it answers");
    t.same(a.named("vrrp-duplicate-owner"), [], "nobody else owns the address");
    t.ok(
      after.some(
        ({ gratuitous, announced, from }) => gratuitous && announced === VIP && from !== "192.0.2.12",
      ),
      "and announces",
    );
  });

  t.test("an owner that discards the adverts of others is not asked, and not replaced", async (t) => {
    const pair = await new LinkedPair(t).start({ ownerHeeds: "owners" });
    const { a, b, lan } = pair;
    await pair.configure(a, [{ priority: 255, ownerHeeds: "owners" }]);
    await until("a owns", () => a.instances[0]?.priority === 255);
    // The next heartbeat says so.
    await sleep(300);
    const before = b.transitions;
    const capture = await new Capture(lan, pair.probe).ready();
    filterHeartbeats(b);
    await until("the peer is silent", () => b.named("peer-silent").length > 0);
    await sleep(A_WHILE_MS);
    t.same(b.transitions, before);
    t.equal(pair.holders(), "a");
    t.same(advertsOf(await capture.seen(), "192.0.2.12"), [], "b says nothing");
    for (const name of ["eth0", "eth1"] as const) pathOf(lan, a.host, "cut", name);
    await b.reaches("master");
    t.equal(b.transitions.at(-1), "backup -> master (master-down)");
  });

  t.test("without a link clients find back to an owner when a partition is over", async (t) => {
    const pair = new LinkedPair(t);
    const { a, b, probe } = pair;
    const plain = { heartbeat: undefined };
    // Nothing is refreshed within the test.
    const announcing = { delay: seconds(60), repeat: 1, refresh: seconds(0), refreshRepeat: 1 };
    // A master that gives way says a last word, as it does unless told otherwise.
    const contention = { announceDelay: seconds(60), announceRepeat: 1, answer: true, lastWord: true };
    await pair.configure(a, [{ priority: 255, announcing, contention }], {}, undefined, plain);
    await a.reaches("master");
    await pair.configure(b, [{ announcing, contention }], {}, undefined, plain);
    await b.reaches("backup");
    run("ip", ...probe.inside(), "ping", "-c1", "-W1", VIP);
    const owners = neighbour(probe, VIP);
    pair.isolate("eth0", true);
    await b.reaches("master");
    await until("the client follows b", () => neighbour(probe, VIP) !== owners);
    // Linux keeps what it has just learnt for a second (locktime), whoever announces; nothing is repeated here.
    await sleep(A_WHILE_MS);
    pair.isolate("eth0", false);
    await b.reaches("backup");
    await until("the client follows the owner", () => neighbour(probe, VIP) === owners);
    await until("one holder", () => pair.holders() === "a");
    t.same(a.transitions, ["init -> master (owner)"]);
  });
}
