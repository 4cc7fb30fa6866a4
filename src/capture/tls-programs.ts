/** The object file with the uprobes that read TLS: it shares the tables of the one that is loaded already. */
import type { BpfMap } from "../kernel/map.js";
import { BpfObject, type ConfigValue } from "../kernel/object.js";
import type { MapName } from "../wire/object.js";
import { CONFIG_LAYOUT, type ObjectNames } from "../wire/tls-object.js";
import { objectPath, type Programs } from "./programs.js";

/** An object file whose uprobes are in the kernel but attached nowhere yet. */
export type TlsPrograms = BpfObject<ObjectNames>;

/** Calls of TLS libraries in progress at the same time. */
const CALLS = 16_384;

/** Maps of both objects: whatever the uprobes count in, the packet hooks and user space read. */
const SHARED = [
	"cell_hints",
	"cell_ids",
	"cells",
	"endpoint_hints",
	"endpoint_ids",
	"endpoints",
	"events",
	"free_cells",
	"free_endpoints",
	"free_other_cells",
	"free_other_endpoints",
	"owners",
	"starts",
	"tls_connections",
	"tls_nothing",
	"tls_pipelines",
	"tls_request_carries",
	"tls_response_carries",
	"tls_targets",
	"tls_tasks",
] as const satisfies readonly (MapName & ObjectNames["map"])[];

/**
 * Loads the uprobes beside the programs that are loaded, with the same configuration.
 * @throws HttpeekError HTTPEEK_BUILD, HTTPEEK_PRIVILEGE, HTTPEEK_VERIFIER, HTTPEEK_BPF
 */
export function loadTlsPrograms(
	programs: Programs,
	config: Partial<Record<keyof typeof CONFIG_LAYOUT, ConfigValue>>,
	workspaces: number,
	path = objectPath("httpeek-tls"),
): TlsPrograms {
	const sharedMaps: Partial<Record<MapName | ".bss", BpfMap>> = { ".bss": programs.map(".bss") };
	for (const name of SHARED) sharedMaps[name] = programs.map(name);
	const tls = BpfObject.open<ObjectNames>(path, {
		configLayout: CONFIG_LAYOUT,
		config,
		sharedMaps,
		mapSizes: { tls_calls: CALLS, workspaces },
	});
	try {
		tls.load();
		return tls;
	} catch (error) {
		tls.close();
		throw error;
	}
}
