/** Goal: a tcp probe is content with a connection, and names what keeps it from one. Method: servers on this machine. */

import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import { milliseconds } from "../../src/core/units/time.ts";
import { probe } from "../../src/probes/tcp.ts";
import { closedPort, serve, startDeafServer } from "./servers.ts";

const never = new AbortController().signal;
const connectTimeout = milliseconds(10_000);

t.test("a connection is enough, and none stays open", async (t) => {
  const server = await serve(() => {});
  t.teardown(() => server.close());
  t.strictSame(await probe({ type: "tcp", endpoint: server.endpoint, connectTimeout }, never), {
    ok: true,
    detail: "connected",
  });
  while (server.open() > 0) await delay(10);
});

t.test("a closed port fails and says so", async (t) => {
  const result = await probe({ type: "tcp", endpoint: await closedPort(), connectTimeout }, never);
  t.match(result, { ok: false, detail: /^cannot connect: .*ECONNREFUSED/ });
});

t.test("no answer within the timeout is a failure", async (t) => {
  const deaf = await startDeafServer();
  t.teardown(() => deaf.close());
  const result = await probe(
    { type: "tcp", endpoint: deaf.endpoint, connectTimeout: milliseconds(300) },
    never,
  );
  t.strictSame(result, { ok: false, detail: "no connection within 0.3 s" });
});

t.test("an abort ends it at once", async (t) => {
  const server = await serve(() => {});
  t.teardown(() => server.close());
  const spec = { type: "tcp", endpoint: server.endpoint, connectTimeout } as const;
  const abort = new AbortController();
  const probing = probe(spec, abort.signal);
  abort.abort();
  t.strictSame(await probing, { ok: false, detail: "aborted" });
  t.strictSame(await probe(spec, abort.signal), { ok: false, detail: "aborted" });
});
