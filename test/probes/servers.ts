/** Servers that behave in one way each, on ports of their own. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { Endpoint } from "../../src/core/health/model.ts";
import type { Ipv4 } from "../../src/core/units/ipv4.ts";

/** A server on this machine. */
export interface TestServer {
  readonly endpoint: Endpoint;
  /** Connections that are open now. */
  open(): number;
  close(): Promise<void>;
}

/** Starts a server that treats each connection so. */
export function serve(treat: (socket: Socket) => void): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    treat(socket);
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const bound = server.address();
      if (bound === null || typeof bound === "string") throw new Error("no port");
      resolve({
        endpoint: { address: "127.0.0.1" as Ipv4, port: bound.port },
        open: () => sockets.size,
        close: () =>
          new Promise((closed) => {
            for (const socket of sockets) socket.destroy();
            server.close(() => closed());
          }),
      });
    });
  });
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<Endpoint> {
  const server = await serve(() => {});
  await server.close();
  return server.endpoint;
}

const DEAF = `
  const server = require("node:net").createServer();
  server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(server.address().port));
`;
/** More than a backlog of one lets in. */
const CALLERS = 4;

/** A port whose process is stopped and whose queue is full, so that the kernel answers nobody any more. */
export async function startDeafServer(): Promise<TestServer> {
  const child = spawn(process.execPath, ["-e", DEAF], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const port = Number(line.toString());
  child.kill("SIGSTOP");
  const callers = Array.from({ length: CALLERS }, () => connect(port, "127.0.0.1").on("error", () => {}));
  await Promise.all(callers.slice(0, 2).map((caller) => once(caller, "connect")));
  return {
    endpoint: { address: "127.0.0.1" as Ipv4, port },
    open: () => callers.length,
    async close() {
      for (const caller of callers) caller.destroy();
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}
