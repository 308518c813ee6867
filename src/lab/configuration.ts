/** The one file that both directors of the lab read. */

import { floating, type Method, PORT, PRIORITY, REAL_SERVERS, realServerAddress, VIP } from "./plan.ts";

/** The virtual router's id on the public segment. */
const VRID = 51;

/** The configuration for that method, as text. */
export function configuration(method: Method): string {
  return `# Made by the lab (${method}).
directors:
  lvs1: { priority: ${PRIORITY.lvs1} }
  lvs2: { priority: ${PRIORITY.lvs2} }

vrrp_instances:
  web:
    interface: eth0
    virtual_router_id: ${VRID}
    version: 3
    advert_int: 1
    virtual_ipaddress:
${floating(method)
  .map(
    ({ address, segment }) =>
      `      - { address: ${address}/24, dev: ${segment === "public" ? "eth0" : "eth1"} }`,
  )
  .join("\n")}

virtual_servers:
  - address: ${VIP}
    port: ${PORT}
    protocol: TCP
    lvs_sched: rr
    lvs_method: ${method.toUpperCase()}
    delay_loop: 1
    retry: 1
    delay_before_retry: 0.5
    connect_timeout: 1
    warmup: 0
    inhibit_on_failure: true
    real_servers:
${REAL_SERVERS.map((name) => realServer(realServerAddress(method, name))).join("\n")}

metrics: { address: 127.0.0.1, port: 9165 }
`;
}

function realServer(address: string): string {
  const check =
    '{ send_expect: { send: "GET /health HTTP/1.0\\r\\n\\r\\n", expect: "^HTTP/1\\\\.[01] 200" } }';
  return `      - { address: ${address}, port: ${PORT}, weight: 1, checks: [${check}] }`;
}
