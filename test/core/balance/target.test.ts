/** Goal: a word means the real servers that an operator would think of, and no others. Method: words by hand. */

import t from "tap";
import { isMeant, parseTarget, targetKey, targetName } from "../../../src/core/balance/target.ts";
import { ip } from "./servers.ts";

t.test("addresses with and without a port, of both families", async (t) => {
  const meant = (word: string) => {
    const target = parseTarget(word);
    return target && [target.address, target.port];
  };
  t.strictSame(meant("198.51.100.21:80"), ["198.51.100.21", 80]);
  t.strictSame(meant("198.51.100.21"), ["198.51.100.21", undefined]);
  t.strictSame(meant("[2001:DB8::21]:80"), ["2001:db8::21", 80]);
  t.strictSame(meant("[2001:db8::21]"), ["2001:db8::21", undefined]);
  t.strictSame(meant("2001:db8:0::21"), ["2001:db8::21", undefined]);
  t.strictSame(meant("2001:db8::21:80"), ["2001:db8::21:80", undefined], "no port: nobody could tell");
  t.strictSame(meant("198.51.100.21:0"), ["198.51.100.21", 0]);
});

t.test("what is none", async (t) => {
  const words = [
    "",
    "web1",
    "web1:80",
    "198.51.100.21:",
    "198.51.100.21:http",
    "198.51.100.21:65536",
    "198.51.100.256",
  ];
  for (const word of [
    ...words,
    "[198.51.100.21]:80",
    "[2001:db8::21",
    "2001:db8::21]:80",
    "[]:80",
    ":80",
    "198.51.100.21:80:80",
  ])
    t.equal(parseTarget(word), undefined, word);
});

t.test("names and keys", async (t) => {
  const target = { virtual: undefined, address: ip("2001:db8::21"), port: 80 };
  t.equal(targetName(target), "[2001:db8::21]:80");
  t.equal(targetName({ ...target, port: undefined }), "2001:db8::21");
  t.equal(targetKey(target), "* [2001:db8::21]:80");
  t.equal(targetKey({ ...target, virtual: "fwmark 7" }), "fwmark 7 [2001:db8::21]:80");
});

t.test("who is meant", async (t) => {
  const web = { name: "tcp 192.0.2.100:80" };
  const real = { address: ip("198.51.100.21"), port: 80 };
  const all = { virtual: undefined, address: ip("198.51.100.21"), port: undefined };
  t.ok(isMeant(all, web, real));
  t.ok(isMeant({ ...all, virtual: web.name, port: 80 }, web, real));
  t.notOk(isMeant({ ...all, virtual: "tcp 192.0.2.100:443" }, web, real));
  t.notOk(isMeant({ ...all, port: 81 }, web, real));
  t.notOk(isMeant({ ...all, address: ip("198.51.100.22") }, web, real));
  const portless = { ...real, port: undefined };
  t.ok(isMeant(all, web, portless));
  t.notOk(isMeant({ ...all, port: 80 }, web, portless), "it has no port of its own");
});
