// generated from httpeek.bpf.o by tools/gen-layout.mjs: do not edit

/** Programs of the object. */
export type ProgramName =
	| "connect_v4"
	| "connect_v6"
	| "empty"
	| "fill_cells"
	| "fill_endpoints"
	| "fill_other_cells"
	| "fill_other_endpoints"
	| "fill_owners"
	| "helpers"
	| "sock_created"
	| "sock_released"
	| "sock_state"
	| "traffic";

/** Maps of the object. */
export type MapName =
	| "cell_hints"
	| "cell_ids"
	| "cells"
	| "connections"
	| "early_requests"
	| "endpoint_hints"
	| "endpoint_ids"
	| "endpoints"
	| "events"
	| "free_cells"
	| "free_endpoints"
	| "free_other_cells"
	| "free_other_endpoints"
	| "free_owners"
	| "owner_ids"
	| "owners"
	| "peers"
	| "pipelines"
	| "request_carries"
	| "response_carries"
	| "scope_pids"
	| "starts"
	| "targets"
	| "tls_connections"
	| "tls_hellos"
	| "tls_nothing"
	| "tls_pipelines"
	| "tls_processes"
	| "tls_request_carries"
	| "tls_response_carries"
	| "tls_seen"
	| "tls_sent"
	| "tls_targets"
	| "tls_tasks"
	| "workspaces";

/** Places, in bytes, of the variables in `.rodata` that are set before loading. */
export const CONFIG_LAYOUT = {
	cfg_hash_seed: { offset: 0, size: 8 },
	cfg_min_latency_ns: { offset: 8, size: 8 },
	cfg_stripe_mask: { offset: 16, size: 4 },
	cfg_endpoints: { offset: 20, size: 4 },
	cfg_hint_mask: { offset: 24, size: 4 },
	cfg_owner_endpoints: { offset: 28, size: 4 },
	cfg_scope_pids: { offset: 32, size: 1 },
	cfg_tls: { offset: 33, size: 1 },
	cfg_packet_process: { offset: 34, size: 1 },
	cfg_watch: { offset: 35, size: 1 },
	cfg_watch_query: { offset: 36, size: 1 },
	cfg_watch_all_ports: { offset: 37, size: 1 },
	cfg_watch_roles: { offset: 38, size: 1 },
	cfg_watch_methods: { offset: 40, size: 2 },
	cfg_watch_share: { offset: 44, size: 4 },
	cfg_watch_min_ns: { offset: 48, size: 8 },
	cfg_watch_slow_ns: { offset: 56, size: 8 },
	cfg_watch_statuses: { offset: 64, size: 256 },
	cfg_watch_ports: { offset: 320, size: 8192 },
} as const;

/** Where `counters` begins in `.bss`, in bytes. */
export const COUNTERS_OFFSET = 0;

/** For BpfObject: every name that may be asked for. */
export interface ObjectNames {
	readonly program: ProgramName;
	readonly map: MapName;
	readonly config: keyof typeof CONFIG_LAYOUT;
}
