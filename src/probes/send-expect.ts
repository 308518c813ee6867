/**
 * Connects, sends some bytes, and looks for a regular expression in all that comes back, each byte one character of
 * ISO 8859-1, in as many segments as it may come.
 */

import { connect } from "node:net";
import type { ProbeResult } from "../core/health/check.ts";
import type { SendExpectProbe } from "../core/health/model.ts";
import { toMilliseconds, toSeconds } from "../core/units/time.ts";
import { shown } from "../core/report/shown.ts";

/** Probes once. Never throws; an aborted probe fails. `spec.expect` must be a valid expression. */
export function probe(spec: SendExpectProbe, signal: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const expected = new RegExp(spec.expect);
    let received = "";
    const socket = connect({ host: spec.endpoint.address, port: spec.endpoint.port, noDelay: true });
    let timer = setTimeout(
      () => finish(false, `no connection within ${toSeconds(spec.connectTimeout)} s`),
      toMilliseconds(spec.connectTimeout),
    );
    const onAbort = (): void => finish(false, "aborted");

    function finish(ok: boolean, detail: string): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      // Nothing that comes from now on is looked at; a reset leaves neither side with a socket in TIME_WAIT.
      socket.removeAllListeners("data");
      socket.resetAndDestroy();
      resolve({ ok, detail });
    }

    socket.on("connect", () => {
      clearTimeout(timer);
      timer = setTimeout(
        () => finish(false, `no match within ${toSeconds(spec.timeout)} s; ${got(received)}`),
        toMilliseconds(spec.timeout),
      );
      if (spec.send.length > 0) socket.write(spec.send);
    });
    socket.on("data", (bytes) => {
      received += bytes.toString("latin1", 0, spec.maxBytes - received.length);
      if (expected.test(received)) finish(true, "matched");
      else if (received.length >= spec.maxBytes)
        finish(false, `no match in ${spec.maxBytes} bytes; ${got(received)}`);
    });
    socket.on("end", () => finish(false, `closed by the server before a match; ${got(received)}`));
    socket.on("error", (error) =>
      finish(
        false,
        socket.bytesRead > 0 || received !== ""
          ? `${error.message}; ${got(received)}`
          : `cannot connect or send: ${error.message}`,
      ),
    );
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
  });
}

function got(received: string): string {
  return received === "" ? "received nothing" : `received ${shown(received)}`;
}
