/**
 * Goal: without a word between the directors TCP streams live on through a takeover, where both send the same client and port
 * to the same real server (`mh` with `mh-port`) and take up connections in their midst (`sloppy_tcp`), with direct routing.
 * Method: a pair of whole Relevos without a sync daemon between a client and real servers; a client that counts its streams.
 */

import t from "tap";
import { hasIpvs } from "./guest.ts";
import { Streams } from "./streams.ts";

// In the guest it is far from quick, and tap's limit for a file started by hand is half a minute.
t.setTimeout(225_000);

const COUNT = 12;

if (hasIpvs(t, import.meta.url)) {
  t.test("a takeover without sync, and no stream is lost", async (t) => {
    const scene = new Streams(t, "DR", "hash");
    await scene.start();
    await scene.open(COUNT);
    t.equal(scene.realServers(scene.lvs1).size, 2, "both real servers have some");
    t.equal(scene.realServers(scene.lvs2).size, 0, "the backup knows none");
    await scene.lose();
    t.match(scene.standing, { open: COUNT, lost: 0 });
    t.equal(scene.realServers(scene.lvs2).size, 2, "and it has gone on with them");
  });
}
