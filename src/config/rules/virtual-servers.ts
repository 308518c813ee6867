/**
 * What virtual and real servers say about one another and about the instances' addresses.
 */

import type { Path } from "../diagnostic.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import type { LooseContent, RealServerContent, VirtualServerContent } from "../schema/file.ts";
import { addressesOf } from "./mastership.ts";

type VirtualServer = NonNullable<Loose<VirtualServerContent>>;
type RealServer = NonNullable<Loose<RealServerContent>>;

/** The rules for virtual servers and their real servers. */
export function checkVirtualServers(content: LooseContent, findings: Findings): void {
  const first = new Map<string, Path>();
  for (const [index, server] of (content.virtual_servers ?? []).entries()) {
    if (server === undefined) continue;
    const path = ["virtual_servers", index];
    checkUnique(path, server, first, findings);
    checkCovered(path, server, content, findings);
    checkRealServers(path, server, findings);
  }
}

function checkUnique(path: Path, server: VirtualServer, first: Map<string, Path>, findings: Findings): void {
  const { protocol, address, port } = server;
  if (protocol === undefined || address === undefined || port === undefined) return;
  const name = `${protocol} ${address}:${port}`;
  const other = first.get(name);
  if (other === undefined) first.set(name, path);
  else
    findings.add("duplicate-virtual-server", path, `${name} is there already (line ${findings.line(other)})`);
}

/** Without the address on an interface the kernel never sees a packet for it. */
function checkCovered(path: Path, server: VirtualServer, content: LooseContent, findings: Findings): void {
  const { address } = server;
  if (address === undefined || findings.touches(["vrrp_instances"])) return;
  for (const instance of content.vrrp_instances?.values() ?? []) {
    for (const { entry } of addressesOf(instance)) if (entry?.address?.address === address) return;
  }
  const message = `no instance has ${address} in its virtual_ipaddress: somebody else has to keep it on an interface`;
  findings.add("uncovered-address", [...path, "address"], message);
}

function checkRealServers(path: Path, server: VirtualServer, findings: Findings): void {
  const first = new Map<string, Path>();
  for (const [index, real] of (server.real_servers ?? []).entries()) {
    if (real === undefined) continue;
    const place = [...path, "real_servers", index];
    checkPort(place, real, server, findings);
    const port = findings.touches([...place, "port"]) ? undefined : (real.port ?? server.port);
    if (real.address === undefined || port === undefined) continue;
    const name = `${real.address}:${port}`;
    const other = first.get(name);
    if (other === undefined) first.set(name, place);
    else
      findings.add("duplicate-real-server", place, `${name} is there already (line ${findings.line(other)})`);
  }
}

/** Direct routing changes the frame's destination only; the packet arrives with the port it came with. */
function checkPort(path: Path, real: RealServer, server: VirtualServer, findings: Findings): void {
  if (findings.touches([...path, "lvs_method"])) return;
  if ((real.lvs_method ?? server.lvs_method) !== "dr") return;
  if (real.port === undefined || server.port === undefined || real.port === server.port) return;
  const message = `${real.port} is not the virtual server's ${server.port}, and DR cannot rewrite ports: leave it out, or use NAT`;
  findings.add("direct-routing-port", [...path, "port"], message);
}
