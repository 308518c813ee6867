/**
 * Authentication belongs to version 2, and is not worth much there.
 */

import type { Findings } from "../findings.ts";
import { familyOfInstance, versionOf } from "../schema/family.ts";
import type { LooseContent } from "../schema/file.ts";

/** The rules for `authentication`. */
export function checkAuthentication(content: LooseContent, findings: Findings): void {
  for (const [name, instance] of content.vrrp_instances ?? []) {
    if (instance?.authentication === undefined) continue;
    const path = ["vrrp_instances", name];
    const place = [...path, "authentication"];
    if (findings.touches([...path, "version"]) || findings.touches(["global_defs", "vrrp_version"])) continue;
    const version = versionOf(instance, content.global_defs?.vrrp_version);
    if (version === 3) {
      const message =
        familyOfInstance(instance) === 6
          ? "IPv6 has version 3 only, which has no authentication (RFC 9568 §9): leave it out"
          : "version 3 has no authentication (RFC 9568 §9): leave it out, or use version: 2";
      findings.add("auth-version", place, message, "key");
      continue;
    }
    const what = {
      pass: "PASS sends the password in the clear",
      ah: "AH is an MD5 code under a short password",
    };
    const { auth_type: type } = instance.authentication;
    if (type === undefined || findings.touches(place)) continue;
    const message = `${what[type]}: it keeps out a mistaken neighbour, not an attacker`;
    findings.add("auth-weak", place, message, "key");
  }
}
