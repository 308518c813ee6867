/** Serves `/metrics` over HTTP, and nothing else. */

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { Registry } from "prom-client";

const REQUEST_TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 64;

/** Where metrics are served. */
export interface MetricsAddress {
  readonly address: string;
  readonly port: number;
}

/** The server, on whichever address it was last told; one that cannot be had leaves the rest of Relevo alone. */
export class MetricsServer {
  readonly #registry: Registry;
  #server: Server | undefined;
  #on: MetricsAddress | undefined;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Serves there from now on; undefined: nowhere. True when that is a change. Rejects when the address cannot be had. */
  async listen(on: MetricsAddress | undefined): Promise<boolean> {
    if (on?.address === this.#on?.address && on?.port === this.#on?.port) return false;
    await this.close();
    if (on === undefined) return true;
    const server = createServer((request, response) => {
      void this.#answer(request.method, request.url).then(({ status, type, body }) => {
        response
          .writeHead(status, { "content-type": type })
          .end(request.method === "HEAD" ? undefined : body);
      });
    });
    server.requestTimeout = REQUEST_TIMEOUT_MS;
    server.maxConnections = CONNECTIONS_MAX;
    server.listen(on.port, on.address);
    await once(server, "listening");
    server.on("error", () => {});
    this.#server = server;
    this.#on = on;
    return true;
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#on = undefined;
    if (server === undefined) return;
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  }

  async #answer(method: string | undefined, url: string | undefined): Promise<Answer> {
    const text = "text/plain; charset=utf-8";
    if (url?.split("?")[0] !== "/metrics")
      return { status: 404, type: text, body: "Metrics are at /metrics\n" };
    if (method !== "GET" && method !== "HEAD") return { status: 405, type: text, body: "Only GET\n" };
    return { status: 200, type: this.#registry.contentType, body: await this.#registry.metrics() };
  }
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}
