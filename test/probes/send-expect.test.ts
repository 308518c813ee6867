/**
 * Goal: a send_expect probe finds its expression in whatever pieces it comes, gives up in time and in size, and tells
 * the operator what it got instead.
 * Method: servers on this machine that behave in one way each.
 */

import { setTimeout as delay } from "node:timers/promises";
import t from "tap";
import type { Endpoint, SendExpectProbe } from "../../src/core/health/model.ts";
import { milliseconds } from "../../src/core/units/time.ts";
import { probe } from "../../src/probes/send-expect.ts";
import { closedPort, serve } from "./servers.ts";

const never = new AbortController().signal;

function spec(endpoint: Endpoint, expect: string, given: Partial<SendExpectProbe> = {}): SendExpectProbe {
  return {
    type: "send_expect",
    endpoint,
    connectTimeout: milliseconds(10_000),
    send: new Uint8Array(),
    expect,
    timeout: milliseconds(10_000),
    maxBytes: 1_024,
    ...given,
  };
}

t.test("what is sent arrives, and the answer matches across segments", async (t) => {
  const server = await serve((socket) => {
    socket.setNoDelay(true);
    socket.once("data", (bytes) => {
      const pieces = [`got ${bytes.toString("latin1")}`, "HTTP/1.1 2", "00 O", "K\r\n"];
      pieces.forEach((piece, index) => setTimeout(() => socket.write(piece, "latin1"), 20 * index));
    });
  });
  t.teardown(() => server.close());
  const send = Uint8Array.of(0x47, 0x00, 0xff);
  const result = await probe(spec(server.endpoint, "^got G\\x00\\xffHTTP/1\\.1 200 OK", { send }), never);
  t.strictSame(result, { ok: true, detail: "matched" });
  while (server.open() > 0) await delay(10);
});

t.test("a server that speaks first needs nothing sent", async (t) => {
  const server = await serve((socket) => socket.write("220 mail ESMTP\r\n"));
  t.teardown(() => server.close());
  t.ok((await probe(spec(server.endpoint, "^220 "), never)).ok);
});

t.test(
  "a server that closes before a match has failed, and what it said is shown without harm",
  async (t) => {
    const server = await serve((socket) => socket.end(`\u001b[31m503 ${"x".repeat(200)}`));
    t.teardown(() => server.close());
    t.strictSame(await probe(spec(server.endpoint, "^200"), never), {
      ok: false,
      detail: `closed by the server before a match; received "\\u001b[31m503 ${"x".repeat(111)}" and 89 more`,
    });
  },
);

t.test("a server that says nothing is given up in time", async (t) => {
  const server = await serve(() => {});
  t.teardown(() => server.close());
  t.strictSame(await probe(spec(server.endpoint, "^200", { timeout: milliseconds(50) }), never), {
    ok: false,
    detail: "no match within 0.05 s; received nothing",
  });
});

t.test("a server that never ends is given up in size, and nothing beyond it counts", async (t) => {
  const server = await serve((socket) => socket.write(`${"a".repeat(100)}b${"a".repeat(100_000)}`));
  t.teardown(() => server.close());
  t.match(await probe(spec(server.endpoint, "b", { maxBytes: 100 }), never), {
    ok: false,
    detail: /^no match in 100 bytes; received "aaa/,
  });
  t.ok((await probe(spec(server.endpoint, "b", { maxBytes: 101 }), never)).ok);
});

t.test("a reset and a refusal are told apart", async (t) => {
  const server = await serve((socket) => {
    socket.write("hello", () => setTimeout(() => socket.resetAndDestroy(), 50));
  });
  t.teardown(() => server.close());
  t.match(await probe(spec(server.endpoint, "^200"), never), {
    ok: false,
    detail: /ECONNRESET; received "hello"/,
  });
  t.match(await probe(spec(await closedPort(), "^200"), never), {
    ok: false,
    detail: /^cannot connect or send: .*ECONNREFUSED/,
  });
});

t.test("an abort ends it at once", async (t) => {
  const server = await serve(() => {});
  t.teardown(() => server.close());
  const abort = new AbortController();
  const probing = probe(spec(server.endpoint, "x"), abort.signal);
  setTimeout(() => abort.abort(), 20);
  t.strictSame(await probing, { ok: false, detail: "aborted" });
});
