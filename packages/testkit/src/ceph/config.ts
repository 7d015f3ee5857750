export interface CephPaths {
  /** The state of this cluster. The path must be short: a Unix socket path has at most 107 bytes. */
  dir: string;
  /** The folder that contains `ceph/` and `rados-classes/`. */
  lib: string;
}

/**
 * The smallest cluster that works as an S3 server: one copy, objects in memory, two placement groups per pool. All
 * background work for large clusters is off.
 */
export function formatCephConf(paths: CephPaths, fsid: string, ports: { mon: number; rgw: number }): string {
  const { dir, lib } = paths;
  return `[global]
fsid = ${fsid}
mon_host = [v2:127.0.0.1:${ports.mon}]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv6 = false
ms_bind_msgr1 = false
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
ms_mon_client_mode = crc
mon_client_hunt_interval = 0.2
objecter_tick_interval = 0.2
keyring = ${dir}/keyring
run_dir = ${dir}
admin_socket = ${dir}/$name.asok
log_file = ${dir}/$name.log
log_to_stderr = false
err_to_stderr = true
mon_cluster_log_file = ${dir}/cluster.log
crash_dir = ${dir}
plugin_dir = ${lib}/ceph
erasure_code_dir = ${lib}/ceph/erasure-code
osd_class_dir = ${lib}/rados-classes
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 2
osd_pool_default_pgp_num = 2
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
[mon]
mon_data = ${dir}/mon
mon_data_avail_warn = 1
mon_data_avail_crit = 0
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
mon_osd_initial_require_min_compat_client = luminous
[osd]
osd_data = ${dir}/osd
osd_objectstore = memstore
memstore_device_bytes = 4294967296
osd_memory_target = 1073741824
osd_op_num_shards = 2
osd_op_num_threads_per_shard = 1
osd_min_pg_log_entries = 100
osd_max_pg_log_entries = 200
[client]
rgw_frontends = beast endpoint=127.0.0.1:${ports.rgw} tcp_nodelay=1
rgw_thread_pool_size = 32
rgw_enable_apis = s3, admin
rgw_run_sync_thread = false
rgw_dynamic_resharding = false
rgw_override_bucket_index_max_shards = 1
rgw_enable_quota_threads = false
rgw_enable_lc_threads = false
rgw_data_log_num_shards = 1
rgw_lc_max_objs = 1
rgw_gc_max_objs = 2
rgw_gc_obj_min_wait = 5
rgw_gc_processor_period = 5
rgw_gc_processor_max_time = 5
rgw_usage_max_shards = 1
rgw_usage_max_user_shards = 1
rgw_objexp_hints_num_shards = 1
rgw_md_log_max_shards = 1
rgw_multi_obj_del_max_aio = 16
`;
}
