/**
 * What the real servers of one virtual server say about one another and about it.
 */

import { isMark, type ServiceId, serviceFamily, withPort } from "../../core/balance/service.ts";
import type { Route } from "../../core/balance/model.ts";
import { familyOf, type IpAddress } from "../../core/units/ip-address.ts";
import type { Path } from "../diagnostic.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import type { RealServerContent, VirtualServerContent } from "../schema/file.ts";
import { rangeAddresses } from "../services.ts";

type VirtualServer = NonNullable<Loose<VirtualServerContent>>;
type RealServer = NonNullable<Loose<RealServerContent>>;

/** The rules for real servers and the sorry server. */
export function checkRealServers(
  path: Path,
  server: VirtualServer,
  services: readonly ServiceId[],
  findings: Findings,
): void {
  const first = new Map<string, Path>();
  for (const [index, real] of (server.real_servers ?? []).entries()) {
    if (real === undefined) continue;
    const place = [...path, "real_servers", index];
    const method = methodOf([...place, "lvs_method"], real.lvs_method, server, findings);
    checkPort(place, real.port, method, services, findings);
    checkFamily(place, real.address?.first, method, services, findings);
    checkThresholds(place, real, findings);
    checkChecks(place, real, services, findings);
    checkUnique(place, real, server, first, findings);
  }
  const { sorry_server: sorry } = server;
  if (sorry === undefined) {
    for (const key of ["sorry_server_inhibit", "sorry_server_lvs_method"] as const)
      if (server[key] !== undefined && server[key] !== false)
        findings.add(
          "no-sorry-server",
          [...path, key],
          "there is no sorry_server: add it, or leave this out",
        );
    return;
  }
  const place = [...path, "sorry_server"];
  const method = methodOf(
    [...path, "sorry_server_lvs_method"],
    server.sorry_server_lvs_method,
    server,
    findings,
  );
  checkPort(place, sorry.port, method, services, findings);
  checkFamily(place, sorry.address, method, services, findings);
  if (sorry.address !== undefined) {
    const name = nameOf(sorry.address, portOf(place, sorry.port, server, findings));
    tellDuplicate(place, name, first.get(name), findings);
  }
}

type Method = Route["method"];

function methodOf(
  place: Path,
  own: Loose<Route>,
  server: VirtualServer,
  findings: Findings,
): Method | undefined {
  return findings.touches(place) ? undefined : (own?.method ?? server.lvs_method?.method);
}

/** Neither direct routing nor a tunnel changes the packet: it arrives with the port it came with. */
function checkPort(
  place: Path,
  port: number | undefined,
  method: Method | undefined,
  services: readonly ServiceId[],
  findings: Findings,
): void {
  if (port === undefined || (method !== "dr" && method !== "tunnel")) return;
  for (const service of services) {
    if (isMark(service) || service.port === 0 || service.port === port) continue;
    const name = method === "dr" ? "DR" : "TUN";
    const message = `${port} is not the virtual server's ${service.port}, and ${name} cannot rewrite ports: leave it out, or use NAT`;
    findings.add("direct-routing-port", [...place, "port"], message);
    return;
  }
}

function checkFamily(
  place: Path,
  address: IpAddress | undefined,
  method: Method | undefined,
  services: readonly ServiceId[],
  findings: Findings,
): void {
  const [service] = services;
  if (address === undefined || service === undefined || method === undefined || method === "tunnel") return;
  if (familyOf(address) === serviceFamily(service)) return;
  const message = `${address} is not of the virtual server's family, IPv${serviceFamily(service)}: only lvs_method TUN leads from one to the other`;
  findings.add("other-family", [...place, "address"], message);
}

function checkThresholds(place: Path, real: RealServer, findings: Findings): void {
  const { uthreshold: upper = 0, lthreshold: lower = 0 } = real;
  if (lower <= upper) return;
  const message =
    upper === 0
      ? "says nothing without uthreshold: add it"
      : `${lower} is above uthreshold, ${upper}: choose a lower number`;
  findings.add("threshold", [...place, "lthreshold"], message);
}

/** A check of a real server that takes any port has to be told which one. */
function checkChecks(
  place: Path,
  real: RealServer,
  services: readonly ServiceId[],
  findings: Findings,
): void {
  const ports = new Set(services.map((service) => (isMark(service) ? 0 : service.port)));
  if ((real.port ?? 0) !== 0 || (ports.size === 1 && !ports.has(0))) return;
  for (const [index, check] of (real.checks ?? []).entries()) {
    const [type] = (["tcp", "send_expect"] as const).filter((name) => check?.[name] !== undefined);
    if (type === undefined || check?.[type]?.connect_port !== undefined) continue;
    if (findings.touches([...place, "checks", index]) || ports.size === 0) continue;
    const message = "this real server has no port of its own: say by connect_port which one is checked";
    findings.add("check-port", [...place, "checks", index, type], message);
  }
}

function checkUnique(
  place: Path,
  real: RealServer,
  server: VirtualServer,
  first: Map<string, Path>,
  findings: Findings,
): void {
  if (findings.touches([...place, "port"])) return;
  const port = portOf(place, real.port, server, findings);
  let told = false;
  for (const address of rangeAddresses(real.address)) {
    const name = nameOf(address, port);
    const other = first.get(name);
    if (other === undefined) first.set(name, place);
    else if (!told) told = tellDuplicate(place, name, other, findings);
  }
}

function tellDuplicate(place: Path, name: string, other: Path | undefined, findings: Findings): boolean {
  if (other === undefined) return false;
  findings.add("duplicate-real-server", place, `${name} is there already (line ${findings.line(other)})`);
  return true;
}

function portOf(
  place: Path,
  port: number | undefined,
  server: VirtualServer,
  findings: Findings,
): number | undefined {
  return findings.touches([...place, "port"]) ? undefined : (port ?? server.port);
}

function nameOf(address: IpAddress, port: number | undefined): string {
  return port === undefined ? address : withPort(address, port);
}
