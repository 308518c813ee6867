/**
 * The lab's auditors, on records made by hand: each is shown to pass what is right, to go red for what is wrong, and to
 * refuse a record in which nothing put its rule to the test.
 */

import t from "tap";
import { auditAnnounced } from "../../src/lab/audit/announced.ts";
import { auditGoneBeforeTold } from "../../src/lab/audit/gone-before-told.ts";
import { auditKernelTruth } from "../../src/lab/audit/kernel-truth.ts";
import { auditOneHolder } from "../../src/lab/audit/one-holder.ts";
import { auditReplyPath } from "../../src/lab/audit/reply-path.ts";
import { auditSomebodyHolds } from "../../src/lab/audit/somebody-holds.ts";
import type { Observation } from "../../src/lab/observation.ts";
import { announces, at, deed, gains, loses, ms, replies, saysFarewell, VIP } from "./record.ts";

const END = at(60_000);

t.test("rule 1, one holder", async (t) => {
  const audit = (...seen: Observation[]) => auditOneHolder(seen, [VIP], ms(50), END).breaches;

  t.same(audit(gains("lvs1", 0), loses("lvs1", 1000), gains("lvs2", 1000)), [], "one after the other");
  t.same(audit(gains("lvs1", 0), gains("lvs2", 1000), loses("lvs1", 1050)), [], "50 ms in passing");
  t.same(
    audit(gains("lvs1", 0), gains("lvs2", 1000), loses("lvs1", 1051)),
    [`${VIP} was held twice for 51 ms, from 1.000 s`],
    "51 ms are too long",
  );
  t.same(
    audit(gains("lvs1", 0), gains("lvs2", 59_000)),
    [`${VIP} was held twice for 1000 ms, from 59.000 s`],
    "both hold it to the end",
  );
  t.same(
    audit(gains("lvs1", 0), gains("lvs1", 900), gains("lvs2", 1000), loses("lvs1", 1200)).length,
    1,
    "a renewed lease is the same holding",
  );
  t.same(
    audit(gains("lvs1", 0), deed("lvs1", "killed", 1000), gains("lvs2", 4000), deed("lvs1", "booted", 9000)),
    [],
    "what is left on a dead machine does not count, and is gone when it boots",
  );
  t.same(
    audit(gains("lvs1", 0), gains("lvs2", 500), deed("lvs1", "killed", 1000), deed("lvs1", "booted", 9000))
      .length,
    1,
    "what it held twice before it died does",
  );
  t.match(audit()[0], "nothing was seen");
});

t.test("rule 2, somebody holds", async (t) => {
  const bounds = { afterFault: ms(4600), afterStart: ms(9000), inPassing: ms(50) };
  const audit = (...seen: Observation[]) => auditSomebodyHolds(seen, [VIP], bounds, END).breaches;
  const start = deed("lvs1", "started", 0);
  const up = [start, deed("lvs2", "started", 10), gains("lvs1", 8000)];

  t.same(audit(...up, deed("lvs1", "killed", 20_000), gains("lvs2", 24_600)), [], "taken over in time");
  t.match(
    audit(...up, deed("lvs1", "killed", 20_000), gains("lvs2", 24_700)),
    [`nobody held ${VIP} for 4700 ms, from 20.000 s: 100 ms too long`],
    "taken over late",
  );
  t.equal(audit(...up, deed("lvs1", "killed", 20_000)).length, 1, "never taken over");
  t.equal(
    audit(...up, deed("lvs1", "killed", 20_000), deed("lvs1", "started", 24_000), gains("lvs2", 26_000))
      .length,
    1,
    "the start of the second director excuses nothing",
  );
  t.same(audit(...up, deed("lvs1", "stopping", 20_000), loses("lvs1", 20_010), gains("lvs2", 20_700)), []);
  t.equal(
    audit(...up, deed("lvs1", "stopping", 20_000), loses("lvs1", 20_010), gains("lvs2", 24_700)).length,
    1,
    "after a stop too",
  );
  const fault = [deed("lvs2", "killed", 20_000), deed("lvs2", "booted", 21_000)];
  t.same(audit(...up, ...fault, loses("lvs1", 30_000), gains("lvs2", 30_050)), [], "50 ms in passing");
  t.equal(
    audit(...up, ...fault, loses("lvs1", 30_000), gains("lvs2", 30_060)).length,
    1,
    "60 ms without a fault",
  );
  t.equal(audit(start, deed("lvs1", "stopping", 50_000), gains("lvs1", 9100)).length, 1, "a late election");
  t.match(audit(...up)[0], "nothing was seen", "no fault, no proof");
  t.match(audit(gains("lvs1", 0))[0], "nothing was seen", "no start, no proof");
});

t.test("rule 5, claimed means announced", async (t) => {
  const bounds = { within: ms(200), secondAfter: ms(5000) };
  const floating = [{ address: VIP, segment: "public" as const }];
  const audit = (...seen: Observation[]) => auditAnnounced(seen, floating, bounds, END).breaches;
  const good = [gains("lvs1", 1000), announces("lvs1", 1010), announces("lvs1", 5990)];

  t.same(audit(...good), []);
  t.match(
    audit(gains("lvs1", 1000), announces("lvs1", 1300), announces("lvs1", 6000)),
    [`lvs1 claimed ${VIP} at 1.000 s and did not announce it within 200 ms (heard after: 300 ms, 5000 ms)`],
    "late",
  );
  t.match(audit(gains("lvs1", 1000), announces("lvs1", 1010)), [/again after 5000 ms/], "only once");
  t.match(
    audit(gains("lvs1", 1000), announces("lvs1", 1010), announces("lvs1", 4000)),
    [/again/],
    "again too early",
  );
  t.equal(audit(gains("lvs1", 1000), announces("lvs2", 1010)).length, 3, "by the wrong one");
  t.same(audit(...good, gains("lvs2", 20_000), loses("lvs2", 20_100)), [], "too short to be announced");
  t.same(
    audit(...good, gains("lvs2", 20_000), announces("lvs2", 20_010), loses("lvs2", 23_000)),
    [],
    "too short to be announced again",
  );
  t.match(
    audit(...good, announces("lvs2", 30_000)),
    [`lvs2 announced ${VIP} at 30.000 s and did not have it`],
    "what it does not have",
  );
  t.same(audit(...good, loses("lvs1", 8000), announces("lvs1", 8000.2)), [], "sent before, arrived after");
  t.equal(audit(...good, loses("lvs1", 8000), announces("lvs1", 8300)).length, 1, "sent after");
  t.match(audit(gains("lvs1", 1000), announces("lvs1", 1010), loses("lvs1", 2000))[0], "nothing was seen");
});

t.test("rule 6, gone before told", async (t) => {
  const audit = (...seen: Observation[]) => auditGoneBeforeTold(seen, [VIP], END).breaches;

  t.same(audit(gains("lvs1", 0), loses("lvs1", 1000), saysFarewell("lvs1", 1000.1)), []);
  t.same(audit(gains("lvs1", 0), loses("lvs1", 1000), gains("lvs2", 1005), saysFarewell("lvs1", 1010)), []);
  t.same(
    audit(gains("lvs1", 0), saysFarewell("lvs1", 1000), loses("lvs1", 1001)),
    [`lvs1 let go at 1.000 s and had ${VIP} for 1 ms more`],
    "told a millisecond before it was gone",
  );
  t.equal(audit(gains("lvs1", 0), saysFarewell("lvs1", 1000)).length, 1, "never gone");
  t.match(audit(gains("lvs1", 0), loses("lvs1", 1000))[0], "nothing was seen");
});

t.test("rule 7, the kernel is the truth", async (t) => {
  const service = "-A -t 192.0.2.100:80 -s rr";
  const foreign = "-A -t 203.0.113.7:8080 -s wlc";
  const look = (found: readonly string[]) => ({
    at: at(1000),
    director: "lvs1" as const,
    moment: "at rest",
    expected: [service, foreign],
    found,
  });
  const audit = (found: readonly string[]) => auditKernelTruth([look(found)]).breaches;

  t.same(audit([foreign, service]), [], "in any order");
  t.same(audit([service]), [`lvs1 at 1.000 s (at rest) lacks: ${foreign}`], "somebody else's was flushed");
  t.same(audit([foreign, service, "eth0 192.0.2.100/24"]), [
    "lvs1 at 1.000 s (at rest) has: eth0 192.0.2.100/24",
  ]);
  t.match(auditKernelTruth([]).breaches[0], "nothing was seen");
});

t.test("replies come through the director, or around it", async (t) => {
  const seen = [replies("rs1", 1), replies("rs2", 2), replies("lvs1", 3_000), replies("lvs1", 4_000)];
  t.same(auditReplyPath("dr", seen.slice(0, 2), END).breaches, []);
  t.same(auditReplyPath("tun", seen, END).breaches, ["2 replies came from lvs1, the first at 3.000 s"]);
  t.same(auditReplyPath("nat", seen.slice(2), END).breaches, []);
  t.same(auditReplyPath("nat", [...seen.slice(2), replies("rs3", 5_000)], END).breaches, [
    "1 replies came from rs3, the first at 5.000 s",
  ]);
  t.match(auditReplyPath("dr", [], END).breaches[0], "nothing was seen");
});
