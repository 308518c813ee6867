/**
 * A real server of the lab, a process of its own: answers every request with its name, given as the argument, and so
 * /health with 200 as well.
 */

import { createServer } from "node:http";
import { PORT } from "./plan.ts";

const [name = ""] = process.argv.slice(2);

createServer((_request, response) => {
  response.writeHead(200, { "content-type": "text/plain", connection: "close" });
  response.end(`${name}\n`);
}).listen(PORT, "0.0.0.0");
