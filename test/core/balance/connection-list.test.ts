/**
 * Goal: connections in the kernel's list count for the destination and the service that they are of, and for no other.
 * Method: lines as Linux 6.1 prints them, with what `ipvsadm -Lnc` made of them.
 */

import t from "tap";
import { ConnectionList, type CountedDestination } from "../../../src/core/balance/connection-list.ts";
import { type ServiceId, serviceKey, withPort } from "../../../src/core/balance/service.ts";
import { ip, WEB } from "./servers.ts";

const LINES = [
  "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData",
  "TCP C0000232 C7C6 C0000264 0050 C6336415 0050 ESTABLISHED     899",
  "TCP C0000232 C7BA C0000264 0050 C6336415 0050 ESTABLISHED     899",
  "TCP C0000232 C7E6 C0000264 0050 C6336415 0050 FIN_WAIT         98",
  "TCP C0000232 0000 C0000264 0050 C6336415 0050 NONE            298",
  "TCP C0000233 0000 C0000264 0000 C6336417 0000 NONE            298",
  "TCP C0000232 C7DE C0000264 01BB C6336415 01BB ESTABLISHED     899",
  "TCP C0000232 C7DF C0000264 0050 C6336416 0050 ESTABLISHED     899",
  "UDP C0000232 C7DF C0000264 0050 C6336415 0050 UDP             299",
  "IP  C0000232 0000 00000007 0000 C6336415 0000 NONE            298",
  "TCP 2001:0db8:0000:0000:0000:0000:0000:0032 C7DF 2001:0db8:0001:0000:0000:0000:0000:0100 0050 2001:0db8:0002:0000:0000:0000:0000:0021 0050 ESTABLISHED     899",
  "",
];

/** What the list says of one destination of one service. */
function counted(service: ServiceId, address: string, port: number): string {
  const id = { address: ip(address), port };
  const none: CountedDestination = { id, weight: 3, counts: { active: 99, inactive: 99, persistent: 99 } };
  const key = withPort(id.address, port);
  const list = new ConnectionList(new Map([[serviceKey(service), new Map([[key, none]])]]), [service]);
  for (const line of LINES) list.add(line);
  const found = list.table().get(serviceKey(service))?.get(key);
  const { active, inactive, persistent } = found?.counts ?? none.counts;
  return `${active} ${inactive} ${persistent} weight ${found?.weight}`;
}

t.test("a service by its address, protocol and port", async (t) => {
  t.equal(counted(WEB, "198.51.100.21", 80), "2 1 1 weight 3");
  t.equal(counted(WEB, "198.51.100.22", 80), "1 0 0 weight 3");
  t.equal(counted(WEB, "198.51.100.21", 81), "0 0 1 weight 3", "a template is for all ports");
  t.equal(counted({ ...WEB, port: 21 }, "198.51.100.23", 21), "0 0 1 weight 3", "FTP's is for all ports");
  t.equal(counted({ ...WEB, port: 443 }, "198.51.100.21", 443), "1 0 0 weight 3");
  t.equal(counted({ ...WEB, protocol: "udp" }, "198.51.100.21", 80), "0 1 0 weight 3");
  t.equal(counted({ ...WEB, address: ip("192.0.2.101") }, "198.51.100.21", 80), "0 0 0 weight 3");
  const web6 = { ...WEB, address: ip("2001:db8:1::100") };
  t.equal(counted(web6, "2001:db8:2::21", 80), "1 0 0 weight 3");
});

t.test("a service of all ports, and of a firewall mark", async (t) => {
  t.equal(counted({ ...WEB, port: 0 }, "198.51.100.21", 0), "3 1 1 weight 3");
  t.equal(counted({ fwmark: 7, family: 4 }, "198.51.100.21", 0), "3 2 1 weight 3");
  t.equal(counted({ fwmark: 7, family: 4 }, "198.51.100.21", 443), "1 0 1 weight 3");
});

t.test("what was not asked for stays as the kernel counted it", async (t) => {
  const id = { address: ip("198.51.100.21"), port: 80 };
  const one = { id, weight: 0, counts: { active: 5, inactive: 0, persistent: 0 } };
  const table = new Map([[serviceKey(WEB), new Map([["198.51.100.21:80", one]])]]);
  const list = new ConnectionList(table, []);
  for (const line of LINES) list.add(line);
  t.strictSame(list.table(), table);
});
