/**
 * Reading a configuration in tests: a machine that is the same everywhere, and diagnostics as the lines an operator
 * would see, without the file's name and without the code.
 */

import { formatDiagnostic } from "../../src/config/diagnostic.ts";
import type { Config } from "../../src/config/config.ts";
import type { Environment } from "../../src/config/environment.ts";
import { type ReadOptions, type Reading, readConfig } from "../../src/config/read.ts";

/** A machine with eth0 and eth1, a few accounts, and a few programs. */
export const MACHINE: Environment = {
  user: (name) => {
    const uid = { root: 0, nobody: 65_534, checker: 1_001 }[name];
    return uid === undefined ? undefined : { name, uid, gid: uid };
  },
  program: (path) => {
    switch (path) {
      case "/usr/lib/relevo/check-web":
        return "ok";
      case "/etc":
        return "not-a-file";
      case "/etc/motd":
        return "not-executable";
      case "/root/secret":
        return "inaccessible";
      default:
        return "missing";
    }
  },
  keyFile: (path) => {
    switch (path) {
      case "/etc/relevo/heartbeat.key":
        return { state: "ok", key: { id: 1, key: new Uint8Array(32).fill(0x5e) } };
      case "/etc/relevo/next.key":
        return { state: "ok", key: { id: 2, key: new Uint8Array(32).fill(0x7a) } };
      case "/etc/relevo/open.key":
        return { state: "exposed", mode: 0o640 };
      case "/etc/relevo/foreign.key":
        return { state: "foreign", uid: 1_001 };
      case "/etc/relevo/torn.key":
        return { state: "malformed", fault: "its key is not random" };
      case "/etc/relevo":
        return { state: "not-a-file" };
      case "/root/secret":
        return { state: "inaccessible" };
      default:
        return { state: "missing" };
    }
  },
  interfaces: () => ["lo", "eth0", "eth1"],
};

/** Reads a text on that machine. */
export function read(text: string, options: Partial<ReadOptions> = {}): Reading {
  return readConfig(text, { hostname: "lvs1", environment: MACHINE, ...options });
}

/** The configuration that a text makes; throws when it makes none. */
export function configOf(text: string, options: Partial<ReadOptions> = {}): Config {
  const { config, diagnostics } = read(text, options);
  if (config === undefined) throw new Error(diagnostics.map((d) => formatDiagnostic("", d)).join("\n"));
  return config;
}

/** What is said about a text, a line each: `line:column: severity: path: message [code]`. */
export function complaints(text: string, options: Partial<ReadOptions> = {}): string[] {
  return read(text, options).diagnostics.map((diagnostic) => formatDiagnostic("", diagnostic).slice(1));
}

/** Line, column, severity and code of what is said about a text. */
export function codes(text: string, options: Partial<ReadOptions> = {}): string[] {
  return read(text, options).diagnostics.map(
    ({ line, column, severity, code }) => `${line}:${column} ${severity} ${code}`,
  );
}

/** An instance's keys, at two blanks' indent, with more of them or others. */
export function instance(keys: Readonly<Record<string, string>> = {}): string {
  const all = {
    interface: "eth0",
    virtual_router_id: "51",
    virtual_ipaddress: "[192.0.2.100/24]",
    ...keys,
  };
  const lines = Object.entries(all).map(([key, value]) => `    ${key}: ${value}\n`);
  return `vrrp_instances:\n  web:\n${lines.join("")}`;
}

/** A virtual server with one real server and these checks, covered by an instance. */
export function serverWithChecks(checks: string): string {
  return `${instance()}virtual_servers:
  - address: 192.0.2.100
    port: 80
    real_servers:
      - address: 198.51.100.21
        checks:
${checks.replaceAll(/^(?=.)/gm, "          ")}`;
}
