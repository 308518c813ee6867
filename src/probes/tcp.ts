/** Connects to a port, and is content with that. */

import { connect } from "node:net";
import type { ProbeResult } from "../core/health/check.ts";
import type { TcpProbe } from "../core/health/model.ts";
import { toMilliseconds, toSeconds } from "../core/units/time.ts";

/** Probes once. Never throws; an aborted probe fails. */
export function probe(spec: TcpProbe, signal: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host: spec.endpoint.address, port: spec.endpoint.port });
    const timer = setTimeout(
      () => finish(false, `no connection within ${toSeconds(spec.connectTimeout)} s`),
      toMilliseconds(spec.connectTimeout),
    );
    const onAbort = (): void => finish(false, "aborted");
    function finish(ok: boolean, detail: string): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      // A reset leaves neither side with a socket in TIME_WAIT.
      socket.resetAndDestroy();
      resolve({ ok, detail });
    }
    socket.on("connect", () => finish(true, "connected"));
    socket.on("error", (error) => finish(false, `cannot connect: ${error.message}`));
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) onAbort();
  });
}
