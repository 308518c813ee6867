/**
 * `strict_mode`: what an instance must not ask for that is to keep to RFC 9568 (RFC 3768 for version 2) to the letter.
 */

import { ipvlanOf, vmacOf } from "../build/virtual-link.ts";
import type { Family } from "../../core/units/ip-address.ts";
import { ZERO } from "../../core/units/time.ts";
import { VRRP_GROUP, VRRP_GROUP6, VRRP_TTL } from "../../core/wire/vrrp.ts";
import type { Path } from "../diagnostic.ts";
import type { Findings } from "../findings.ts";
import type { Loose } from "../salvage.ts";
import { familyOfInstance, versionOf } from "../schema/family.ts";
import type { InstanceContent, LooseContent } from "../schema/file.ts";

type Instance = NonNullable<Loose<InstanceContent>>;
type Globals = NonNullable<LooseContent["global_defs"]>;

/** A setting that the RFC does not know: where it was made, and what the RFC says. */
type Deviation = Setting & { readonly deviates: boolean; readonly rule: string };

/** In the instance, in `global_defs`, or in either. */
type Setting =
  | { readonly own: keyof Instance; readonly general?: keyof Globals }
  | { readonly own?: undefined; readonly general: keyof Globals };

const NO_HOST = "in version 2 only the owner is a host at its addresses (RFC 3768 §6.4.3)";

/** The rules for strict instances. */
export function checkStrictness(content: LooseContent, findings: Findings): void {
  for (const [name, instance] of content.vrrp_instances ?? []) {
    if (instance === undefined || !(instance.strict_mode ?? content.global_defs?.vrrp_strict)) continue;
    for (const { deviates, rule, ...setting } of deviations(instance, content.global_defs ?? {})) {
      if (!deviates) continue;
      const path = placeOf(setting, name, instance);
      if (findings.touches(path)) continue;
      findings.add("not-strict", path, `${name} is strict, and ${rule}: leave it out, or strict_mode`, "key");
    }
  }
}

function placeOf({ own, general }: Setting, name: string, instance: Instance): Path {
  if (own === undefined) return ["global_defs", general];
  if (instance[own] === undefined && general !== undefined) return ["global_defs", general];
  return ["vrrp_instances", name, own];
}

function deviations(instance: Instance, globals: Globals): readonly Deviation[] {
  const version = versionOf(instance, globals.vrrp_version);
  const family = familyOfInstance(instance);
  return [
    ...delivery(instance, globals, family),
    {
      own: "down_timer_adverts",
      general: "vrrp_down_timer_adverts",
      deviates: (instance.down_timer_adverts ?? globals.vrrp_down_timer_adverts ?? 3) !== 3,
      rule: "a backup waits for 3 adverts (RFC 9568 §6.1)",
    },
    {
      own: "preempt_delay",
      deviates: (instance.preempt_delay ?? ZERO) !== ZERO,
      rule: "a backup that preempts does not wait (RFC 9568 §6.4.2)",
    },
    {
      own: "lower_prio_no_advert",
      general: "vrrp_lower_prio_no_advert",
      // RFC 3768 §6.4.3 has its advert discarded, and no more.
      deviates:
        version === 3 && (instance.lower_prio_no_advert ?? globals.vrrp_lower_prio_no_advert) === true,
      rule: "a lesser master is answered at once (RFC 9568 §6.4.3)",
    },
    {
      own: "higher_prio_send_advert",
      general: "vrrp_higher_prio_send_advert",
      deviates: (instance.higher_prio_send_advert ?? globals.vrrp_higher_prio_send_advert) === true,
      rule: "a master that gives way is silent (RFC 9568 §6.4.3)",
    },
    { own: "accept", deviates: version === 2 && instance.accept === true, rule: NO_HOST },
    { own: "no_accept", deviates: version === 2 && instance.no_accept === false, rule: NO_HOST },
    {
      own: "authentication",
      // In version 3 it is an error for everybody: rules/authentication.ts.
      deviates: instance.authentication !== undefined && version === 2,
      rule: "there is no authentication (RFC 3768 §10)",
    },
    {
      own: "virtual_ipaddress_excluded",
      deviates: (instance.virtual_ipaddress_excluded ?? []).length > 0,
      rule: "adverts name every address (RFC 9568 §5.2.9)",
    },
    {
      own: "vmac_xmit_base",
      deviates: instance.vmac_xmit_base === true,
      rule: "adverts come from the virtual hardware address (RFC 9568 §7.2)",
    },
    {
      own: "use_vmac",
      deviates: vmacOf(instance)?.mac !== undefined,
      rule: "the virtual hardware address follows from the virtual_router_id (RFC 9568 §7.3)",
    },
    {
      own: "use_ipvlan",
      deviates: ipvlanOf(instance) !== undefined,
      rule: "adverts come from the virtual hardware address (RFC 9568 §7.2)",
    },
    {
      own: "v3_checksum_as_v2",
      deviates: version === 3 && family === 4 && instance.v3_checksum_as_v2 === false,
      rule: "the checksum covers the message alone (RFC 9568 §5.2.8)",
    },
  ];
}

/** Adverts go to the RFC's group, and no router passes them on. */
function delivery(
  { unicast_peer: peers, unicast_ttl: ttl }: Instance,
  { vrrp_mcast_group4: group4, vrrp_mcast_group6: group6 }: Globals,
  family: Family | undefined,
): readonly Deviation[] {
  const toGroup = peers === undefined;
  return [
    {
      own: "unicast_peer",
      deviates: !toGroup,
      rule: "adverts go to a multicast group (RFC 9568 §5.1.1.2)",
    },
    {
      own: "unicast_ttl",
      deviates: ttl !== undefined && ttl !== VRRP_TTL,
      rule: `adverts have a TTL of ${VRRP_TTL} (RFC 9568 §5.1.1.3)`,
    },
    {
      general: "vrrp_mcast_group4",
      deviates: toGroup && family === 4 && group4 !== undefined && group4 !== VRRP_GROUP,
      rule: `adverts go to ${VRRP_GROUP} (RFC 9568 §5.1.1.2)`,
    },
    {
      general: "vrrp_mcast_group6",
      deviates: toGroup && family === 6 && group6 !== undefined && group6 !== VRRP_GROUP6,
      rule: `adverts go to ${VRRP_GROUP6} (RFC 9568 §5.1.2.2)`,
    },
  ];
}
