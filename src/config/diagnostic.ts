/**
 * What is wrong with a configuration file, told to the operator: where, which place of the structure, and what to do.
 *
 * Each kind has a code from one closed vocabulary. A code is an error or a warning for good, and `docs/errors.md` has a
 * paragraph on every one; a test compares the two.
 */

/** How much a diagnostic weighs: an error refuses the file, a warning does not. */
export type Severity = "error" | "warning";

/** Every kind of diagnostic and its weight. */
export const DIAGNOSTICS = {
  // The file as such.
  "file-unreadable": "error",
  "file-too-large": "error",
  "file-not-utf8": "error",
  "file-empty": "error",
  "several-documents": "error",
  "yaml-syntax": "error",
  "duplicate-key": "error",
  // Keys and values on their own.
  "unknown-key": "error",
  "missing-key": "error",
  "wrong-type": "error",
  "out-of-range": "error",
  "unknown-value": "error",
  "bad-duration": "error",
  "bare-milliseconds": "error",
  "bad-address": "error",
  "bad-name": "error",
  "bad-text": "error",
  "bad-expression": "error",
  // Directors and priorities.
  "unknown-node": "error",
  "unused-node": "warning",
  "unknown-director": "error",
  "plain-priority": "warning",
  "equal-priorities": "warning",
  "unused-addresses": "warning",
  // The pair's own link.
  "heartbeat-pair": "error",
  "director-addresses": "error",
  "lonely-path": "warning",
  "unused-takeover": "warning",
  "name-collision": "error",
  "heartbeat-keys": "error",
  "key-missing": "error",
  "key-unsafe": "error",
  "key-malformed": "error",
  "key-mismatch": "error",
  "key-unreadable": "error",
  "key-unverified": "warning",
  // Instances and their addresses.
  "advert-interval": "error",
  "preempt-contradiction": "error",
  "accept-contradiction": "error",
  "owner-nopreempt": "warning",
  "state-hint": "warning",
  "unused-checksum": "warning",
  "not-strict": "error",
  "duplicate-vrid": "error",
  "mixed-families": "error",
  "ipv6-version": "error",
  "no-link-local": "warning",
  "peer-ttl": "error",
  "duplicate-peer": "error",
  "unused-delivery": "warning",
  "plain-source": "warning",
  "vmac-contradiction": "error",
  "vmac-unicast": "error",
  "unused-fifo-script": "warning",
  "two-fifo-scripts": "error",
  "unused-vmac": "warning",
  "duplicate-vmac": "error",
  "ipvlan-address": "error",
  "duplicate-address": "error",
  "address-option": "error",
  "auth-version": "error",
  "auth-weak": "warning",
  "route-family": "error",
  "route-way": "error",
  "rule-table": "error",
  "duplicate-route": "error",
  "interface-missing": "warning",
  "unknown-member": "error",
  "duplicate-member": "error",
  "lonely-member": "warning",
  "mixed-owners": "warning",
  "split-group": "error",
  // Tracked objects.
  "unknown-track": "error",
  "duplicate-track": "error",
  "unused-track": "warning",
  "owner-track": "warning",
  "sync-group-track": "error",
  "track-own-address": "error",
  "track-own-route": "error",
  "gateway-family": "error",
  "link-delay": "error",
  "file-path": "error",
  // BFD.
  "bfd-single-hop": "error",
  "bfd-interface": "error",
  "bfd-any-distance": "warning",
  "unused-bfd": "warning",
  "duplicate-bfd": "error",
  // Virtual servers, real servers, checks.
  "virtual-server-kind": "error",
  "unknown-group": "error",
  "unused-group": "warning",
  "group-entry": "error",
  "unused-port": "error",
  "unused-family": "warning",
  "port-zero": "error",
  "scheduler-flag": "error",
  "kernel-flag": "warning",
  "one-packet": "error",
  persistence: "error",
  "quorum-range": "error",
  "ha-suspend": "error",
  "no-sorry-server": "error",
  "duplicate-virtual-server": "error",
  "duplicate-real-server": "error",
  "uncovered-address": "warning",
  "direct-routing-port": "error",
  "other-family": "error",
  threshold: "error",
  "sync-instance": "error",
  "sync-family": "error",
  "active-only": "error",
  "unused-sysctl": "warning",
  "check-port": "error",
  "check-type": "error",
  "expect-not-ascii": "warning",
  "script-path": "error",
  "script-missing": "error",
  "script-not-executable": "error",
  "script-no-interpreter": "error",
  "script-unverified": "warning",
  "user-missing": "error",
  "user-root": "error",
  "nothing-to-do": "warning",
} as const satisfies Record<string, Severity>;

/** The kind of a diagnostic. */
export type DiagnosticCode = keyof typeof DIAGNOSTICS;

/** One thing wrong, or questionable, in a configuration file. */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  /** From 1; 1 also when the file as a whole is meant. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  /** The place in the structure, such as `vrrp_instances.web.virtual_ipaddress[0]`; empty for the whole file. */
  readonly path: string;
  /** What is wrong, with which value, and what to do. */
  readonly message: string;
}

/** A place in the structure: keys and list indexes from the root. */
export type Path = readonly (string | number)[];

/** A key whose value is a secret, wherever it stands in a line. */
export const SECRET_KEY = /auth_pass/;

/** The path as an operator reads it: `virtual_servers[0].port`; keys out of the ordinary in brackets and quotes. */
export function formatPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    // Without its colon the value is part of the key.
    else if (SECRET_KEY.test(step) && /[^\w-]/.test(step)) text += '["auth_pass…"]';
    else if (!/^[\w-]+$/.test(step)) text += `[${JSON.stringify(step)}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

/** One line: `file:line:column: severity: path: message [code]`, whatever characters the file put into it. */
export function formatDiagnostic(file: string, diagnostic: Diagnostic): string {
  const { line, column, severity, path, message, code } = diagnostic;
  const place = path === "" ? "" : `${path}: `;
  return escapeControls(`${file}:${line}:${column}: ${severity}: ${place}${message} [${code}]`);
}

/** A value of the file's, fit to stand in a message: quoted, and cut when long. */
export function quote(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}

/** A newline or an escape sequence out of the file must not reach a terminal or split a line of a report. */
function escapeControls(text: string): string {
  return text.replace(
    /[\p{Cc}\u2028\u2029]/gu,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
