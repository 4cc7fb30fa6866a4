// generated from httpeek-tls.bpf.o by tools/gen-layout.mjs: do not edit

/** Programs of the object. */
export type ProgramName =
	| "go_close"
	| "go_flush"
	| "go_flushed"
	| "go_read"
	| "go_write"
	| "process_executed"
	| "tls_any"
	| "tls_end"
	| "tls_free"
	| "tls_handshake"
	| "tls_read"
	| "tls_read_early"
	| "tls_read_ex"
	| "tls_sendfile"
	| "tls_uncork"
	| "tls_write"
	| "tls_write_ex"
	| "tls_write_ex2";

/** Maps of the object. */
export type MapName =
	| "cell_hints"
	| "cell_ids"
	| "cells"
	| "endpoint_hints"
	| "endpoint_ids"
	| "endpoints"
	| "events"
	| "free_cells"
	| "free_endpoints"
	| "free_other_cells"
	| "free_other_endpoints"
	| "free_owners"
	| "owners"
	| "starts"
	| "tls_calls"
	| "tls_candidates"
	| "tls_connections"
	| "tls_hellos"
	| "tls_nothing"
	| "tls_nowhere"
	| "tls_pipelines"
	| "tls_processes"
	| "tls_request_carries"
	| "tls_response_carries"
	| "tls_scope"
	| "tls_searches"
	| "tls_seen"
	| "tls_sent"
	| "tls_targets"
	| "tls_tasks"
	| "tls_writes"
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
