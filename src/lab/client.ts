/**
 * The lab's client, a process of its own: asks the VIP again and again, each time on a new connection, and says on
 * stdout how it went, one line for each request:
 *
 *     SENT-MICROSECONDS TOOK-MICROSECONDS NAME|-WHY
 *
 * Arguments: address, port, milliseconds from one request to the next, milliseconds until one is given up. A request is
 * sent on time whether or not the ones before it have been answered; when too many wait, as on a machine that cannot
 * keep up, the next are left out.
 */

import { connect } from "node:net";

const [address = "", port, interval, patience] = process.argv.slice(2);
const MAX_WAITING = 50;
let waiting = 0;

function ask(): void {
  if (waiting >= MAX_WAITING) return;
  waiting += 1;
  const sent = performance.now();
  const socket = connect({ host: address, port: Number(port) });
  let answer = "";
  let failure = "-no-answer";
  const timer = setTimeout(() => {
    failure = "-timeout";
    socket.destroy();
  }, Number(patience));
  socket.setEncoding("utf8");
  socket.on("connect", () => socket.write(`GET / HTTP/1.0\r\nHost: ${address}\r\n\r\n`));
  socket.on("data", (text: string) => {
    answer += text;
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    failure = `-${error.code}`;
  });
  socket.on("close", () => {
    clearTimeout(timer);
    waiting -= 1;
    const who = /^HTTP\/1\.[01] 200 [^]*\r\n\r\n(\S+)\n$/.exec(answer)?.[1] ?? failure;
    process.stdout.write(
      `${micros(performance.timeOrigin + sent)} ${micros(performance.now() - sent)} ${who}\n`,
    );
  });
}

function micros(milliseconds: number): number {
  return Math.round(milliseconds * 1000);
}

process.stdout.on("error", () => process.exit(1));
setInterval(ask, Number(interval));
