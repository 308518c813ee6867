/**
 * Goal: TCP streams through the virtual address live on when it changes hands, by handover and by takeover, with direct routing.
 * Method: a pair of whole Relevos between a client and real servers; a client that counts its streams. A slice of what
 * `npm run bench:sync` does.
 */

import t from "tap";
import { hasIpvs } from "./guest.ts";
import { Streams } from "./streams.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(225_000);

const COUNT = 20;

if (hasIpvs(t, import.meta.url)) {
  t.test("a handover and a takeover, and no stream is lost", async (t) => {
    const scene = new Streams(t, "DR");
    await scene.start();
    await scene.open(COUNT);
    await scene.handOver();
    t.match(scene.standing, { open: COUNT, lost: 0 }, "after a handover");
    await scene.takeOver();
    t.match(scene.standing, { open: COUNT, lost: 0 }, "after a takeover");
  });
}
