/** Goal: only an echo of our boot proves the peer's, and no former boot comes back. Method: one fact a test. */

import t from "tap";
import { nameId } from "../../../src/core/heartbeat/name-id.ts";
import {
  echoOf,
  isClaim,
  isRetired,
  onClaim,
  onProof,
  startSession,
} from "../../../src/core/heartbeat/session.ts";

t.test("a claim is echoed until one is proven", (t) => {
  const start = startSession(1n);
  t.equal(echoOf(start), 0n);
  const claimed = onClaim(start, 5n);
  t.equal(echoOf(claimed), 5n);
  t.equal(claimed.peer, undefined);
  t.equal(echoOf(onClaim(claimed, 6n)), 6n, "the latest");
  const proven = onProof(claimed, 6n);
  t.equal(echoOf(proven), 6n);
  t.equal(proven.peer, 6n);
  t.end();
});

t.test("a claim does not end a session", (t) => {
  const session = onClaim(onProof(startSession(1n), 5n), 9n);
  t.equal(echoOf(session), 5n);
  t.equal(session.peer, 5n);
  t.equal(isClaim(session, 9n), true, "but it may be asked");
  t.end();
});

t.test("a boot that was followed by another one never comes back", (t) => {
  const session = onProof(onProof(startSession(1n), 5n), 6n);
  t.equal(isRetired(session, 5n), true);
  t.equal(isClaim(session, 5n), false);
  t.equal(isRetired(session, 6n), false);
  t.equal(isClaim(session, 6n), false);
  t.equal(onProof(session, 6n), session);
  t.end();
});

t.test("1,024 former boots are remembered", (t) => {
  let session = startSession(1n);
  for (let boot = 2n; boot < 1_030n; boot += 1n) session = onProof(session, boot);
  // The present one is 1029; 5..1028 are 1,024.
  t.equal(isRetired(session, 1_028n), true);
  t.equal(isRetired(session, 5n), true);
  t.equal(isRetired(session, 4n), false);
  t.end();
});

t.test("names become FNV-1a's 32 bits", (t) => {
  // draft-eastlake-fnv: the vectors of the empty text, "a" and "foobar"
  t.same(
    ["", "a", "foobar"].map((name) => nameId(name).toString(16)),
    ["811c9dc5", "e40c292c", "bf9cf968"],
  );
  t.end();
});
