/**
 * What to say about a key that is none of ours: the nearest one that is, or, since most operators come from
 * keepalived, what has become of a keyword of keepalived's.
 */

/** keepalived's keywords that have another name here, and that name. */
const RENAMED: Readonly<Record<string, string>> = {
  lb_algo: "lvs_sched",
  lb_kind: "lvs_method",
  vrrp_instance: "vrrp_instances",
  vrrp_sync_group: "vrrp_sync_groups",
  virtual_server: "virtual_servers",
  virtual_server_group: "virtual_server_groups",
  vrrp_script: "vrrp_scripts",
  bfd_instance: "bfd_instances",
  neighbour_ip: "neighbor_ip",
  vrrp_track_file: "track_files",
  vrrp_track_process: "vrrp_track_processes",
  real_server: "real_servers",
  TCP_CHECK: "checks: [{ tcp: {} }]",
  MISC_CHECK: "checks: [{ script: … }]",
  misc_path: "command",
  misc_timeout: "timeout",
};

/** ldirectord's keywords that have another name here, and that name. */
const LDIRECTORD: Readonly<Record<string, string>> = {
  maintenancedir: "maintenance_directory in global_defs",
};

/** keepalived's keywords that nothing here corresponds to so far. */
const KEEPALIVED = new Set(
  `advert_int_ms auth_hmac bind_if bind_port bindto connection_rate debug default_interface
  digest dont_track_primary dynamic_interfaces enable_script_security enable_snmp_checker
  enable_snmp_vrrp garp_extra_if garp_interval gna_interval include
  kernel_rx_buf_size linkbeat_use_polling log_all_failures log_unknown_vrids
  lvs_flush lvs_flush_on_stop max_auto_priority mcast_dst_ip misc_dynamic
  native_ipv6 net_namespace no_virtual_ipaddress notification_email notification_email_from
  old_unicast_checksum
  router_id skip_check_adv_addr smtp_alert smtp_connect_timeout smtp_server
  snmp_name timer_expired_backup track_file track_group track_src_ip unicast_fault_no_peer
  use_vmac_addr vmac_addr_prefix
  virtualhost vrf vrrp_check_unicast_src
  vrrp_iptables vrrp_ipsets vrrp_no_swap vrrp_priority vrrp_rlimit_rttime
  vrrp_skip_check_adv_addr checker_priority checker_rt_priority
  DNS_CHECK HTTP_GET SSL_GET SMTP_CHECK UDP_CHECK PING_CHECK BFD_CHECK FILE_CHECK`.split(/\s+/),
);

/** What to say about the unknown key `key` where `known` ones would be in place. */
export function adviseOnKey(key: string, known: readonly string[]): string {
  const renamed = Object.hasOwn(RENAMED, key) ? RENAMED[key] : undefined;
  if (renamed !== undefined) return `unknown key: what keepalived calls by that name is ${renamed} here`;
  const theirs = Object.hasOwn(LDIRECTORD, key) ? LDIRECTORD[key] : undefined;
  if (theirs !== undefined) return `unknown key: what ldirectord calls by that name is ${theirs} here`;
  if (KEEPALIVED.has(key))
    return "unknown key: this keyword of keepalived's is not supported by this version";
  const meant = nearest(key, known);
  return meant === undefined
    ? `unknown key: known here are ${known.join(", ")}`
    : `unknown key: did you mean ${meant}?`;
}

/** The candidate most like `word`, unless none is like it at all. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const short = word.slice(0, 64).toLowerCase();
  const [best] = candidates
    .map((candidate) => ({ candidate, distance: editDistance(short, candidate.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance);
  if (best === undefined) return undefined;
  return best.distance <= Math.max(1, Math.floor(best.candidate.length / 3)) ? best.candidate : undefined;
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b` (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const substituted = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : substituted;
      row.push(Math.min(substituted, swapped, at(i - 1, j) + 1, at(i, j - 1) + 1));
    }
  }
  return at(a.length, b.length);
}
