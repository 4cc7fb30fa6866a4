/** The object file with the uprobes that read TLS: it shares the tables of the one that is loaded already. */
import type { BpfLink } from "../kernel/link.js";
import type { BpfMap } from "../kernel/map.js";
import { BpfObject, type ConfigValue } from "../kernel/object.js";
import type { TlsLibrary } from "../tls/libraries.js";
import type { MapName } from "../wire/object.js";
import { CONFIG_LAYOUT, type ObjectNames } from "../wire/tls-object.js";
import { objectPath, type Programs } from "./programs.js";
import type { AttachTls, TlsAttachment } from "./tls-reader.js";

/** An object file whose uprobes are in the kernel but attached nowhere yet. */
export type TlsPrograms = BpfObject<ObjectNames>;

/** All uprobes. */
export const TLS_PROGRAMS = [
	"go_close",
	"go_flush",
	"go_read",
	"go_write",
	"tls_end",
	"tls_free",
	"tls_handshake",
	"tls_read",
	"tls_read_early",
	"tls_read_ex",
	"tls_sendfile",
	"tls_write",
	"tls_write_ex",
	"tls_write_ex2",
] as const satisfies readonly ObjectNames["program"][];

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

/** Puts uprobes on one by one, which every kernel can do. */
export function attachOneByOne(programs: TlsPrograms): AttachTls {
	return (path: string, library: TlsLibrary, pid: number | undefined): TlsAttachment => {
		const links: BpfLink[] = [];
		const close = () => {
			for (const link of links.splice(0)) link.close();
		};
		try {
			for (const { program, offset, atReturn } of library.points) {
				const place = { path, offset, atReturn, ...(pid !== undefined && { pid }) };
				links.push(programs.program(program).attachUprobe(place));
			}
			return { close };
		} catch (error) {
			close();
			throw error;
		}
	};
}
