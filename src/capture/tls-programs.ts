/** The object file with the uprobes that read TLS: it shares the tables of the one that is loaded already. */
import { release } from "node:os";
import { HttpeekError } from "../base/errors.js";
import type { Attachment } from "../kernel/link.js";
import type { BpfMap } from "../kernel/map.js";
import { BpfObject, type ConfigValue } from "../kernel/object.js";
import type { HookProgram } from "../tls/hooks.js";
import type { HookPoint, TlsLibrary } from "../tls/libraries.js";
import { TlsHook } from "../wire/layout.js";
import type { MapName } from "../wire/object.js";
import { CONFIG_LAYOUT, type ObjectNames } from "../wire/tls-object.js";
import { isKernelSince, objectPath, type Programs } from "./programs.js";
import type { AttachTls, TlsAttachment } from "./tls-reader.js";

/** An object file whose uprobes are in the kernel but attached nowhere yet. */
export type TlsPrograms = BpfObject<ObjectNames>;

/** Programs that libraries are hooked with, and the cookies that stand for them. */
const HOOKS = {
	go_close: TlsHook.GO_CLOSE,
	go_flush: TlsHook.GO_FLUSH,
	go_flushed: TlsHook.GO_FLUSHED,
	go_read: TlsHook.GO_READ,
	go_write: TlsHook.GO_WRITE,
	tls_end: TlsHook.END,
	tls_free: TlsHook.FREE,
	tls_handshake: TlsHook.HANDSHAKE,
	tls_read: TlsHook.READ,
	tls_read_early: TlsHook.READ_EARLY,
	tls_read_ex: TlsHook.READ_EX,
	tls_sendfile: TlsHook.SENDFILE,
	tls_uncork: TlsHook.UNCORK,
	tls_write: TlsHook.WRITE,
	tls_write_ex: TlsHook.WRITE_EX,
	tls_write_ex2: TlsHook.WRITE_EX2,
} as const satisfies Record<HookProgram, TlsHook>;

/**
 * One link can have many uprobes since 6.6, and since 6.10 only in one process. Attaching so is faster, taking off much
 * faster (since 6.12 each link waits for all CPUs: 25 ms for many uprobes, or for one), and it does not take CAP_SYS_ADMIN.
 */
const MANY_UPROBES_SINCE = [6, 12] as const;

/** Calls of TLS libraries in progress at the same time. */
const CALLS = 16_384;
/** Objects of TLS libraries whose socket is looked for at the same time. */
const SEARCHES = 2048;
/** Those of Go's that are written to meanwhile, or of which one thing speaks for a socket and another may still be against it. */
const GO_OBJECTS = 512;

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
	"tls_hellos",
	"tls_nothing",
	"tls_pipelines",
	"tls_processes",
	"tls_request_carries",
	"tls_response_carries",
	"tls_sent",
	"tls_targets",
	"tls_tasks",
] as const satisfies readonly (MapName & ObjectNames["map"])[];

/** Whether this kernel can attach many uprobes by one link. */
export function hasManyUprobes(kernelRelease = release()): boolean {
	return isKernelSince(MANY_UPROBES_SINCE, kernelRelease);
}

export interface LoadTlsOptions {
	/** As programConfig() says it. */
	readonly config: Partial<Record<keyof typeof CONFIG_LAYOUT, ConfigValue>>;
	readonly workspaces: number;
	readonly isMany: boolean;
	/** With the tracepoint that tells of programs being executed. */
	readonly withExecutions: boolean;
}

/**
 * Loads the uprobes beside the programs that are loaded, with the same configuration.
 * @throws HttpeekError HTTPEEK_BUILD, HTTPEEK_PRIVILEGE, HTTPEEK_VERIFIER, HTTPEEK_BPF
 */
export function loadTlsPrograms(programs: Programs, options: LoadTlsOptions): TlsPrograms {
	const tls = openTlsPrograms(programs, options);
	try {
		tls.load();
		return tls;
	} catch (error) {
		tls.close();
		throw error;
	}
}

/** The same, but for the loading. @throws HttpeekError HTTPEEK_BUILD, HTTPEEK_BPF */
export function openTlsPrograms(programs: Programs, options: LoadTlsOptions): TlsPrograms {
	const { config, workspaces, isMany, withExecutions } = options;
	const sharedMaps: Partial<Record<MapName | ".bss", BpfMap>> = { ".bss": programs.map(".bss") };
	for (const name of SHARED) sharedMaps[name] = programs.map(name);
	return BpfObject.open<ObjectNames>(objectPath("httpeek-tls"), {
		configLayout: CONFIG_LAYOUT,
		config,
		sharedMaps,
		mapSizes: {
			tls_calls: CALLS,
			tls_searches: SEARCHES,
			tls_candidates: GO_OBJECTS,
			tls_writes: GO_OBJECTS,
			workspaces,
		},
		optionalPrograms: [...hookPrograms(isMany), ...(withExecutions ? (["process_executed"] as const) : [])],
		forManyUprobes: isMany ? ["tls_any"] : [],
	});
}

function hookPrograms(isMany: boolean): ObjectNames["program"][] {
	return isMany ? ["tls_any"] : (Object.keys(HOOKS) as HookProgram[]);
}

/** Calls that were not read because the kernel could not run a uprobe's program for them. */
export function missedCalls(programs: TlsPrograms, isMany: boolean): number {
	return hookPrograms(isMany).reduce((sum, name) => sum + programs.program(name).statistics().recursionMisses, 0);
}

/** How hooks are put on with these programs. */
export function attaching(programs: TlsPrograms, isMany: boolean): AttachTls {
	return (path, library, pid) => {
		const done: Attachment[] = [];
		const close = (): void => {
			for (const link of done.splice(0)) link.closeInBackground();
		};
		try {
			const links = isMany ? togetherAt(programs, path, library, pid) : oneByOneAt(programs, path, library, pid);
			for (const link of links) done.push(link);
			return { close } satisfies TlsAttachment;
		} catch (error) {
			close();
			throw error;
		}
	};
}

type Where = [programs: TlsPrograms, path: string, library: TlsLibrary, pid: number | undefined];

/**
 * Ends of calls before their beginnings: hooks are put on one after another while the program runs, and an end without a
 * beginning is passed over, but what a call had that began and was not seen to end would be missing in its stream.
 */
function endsFirst({ points }: TlsLibrary): HookPoint[] {
	const rank = ({ program }: HookPoint): number => (program === "tls_end" ? 0 : 1);
	return [...points].sort((a, b) => rank(a) - rank(b));
}

/** Two links: one for where functions return; one for where they begin, and Go's return instructions. */
function* togetherAt(...[programs, path, library, pid]: Where): Generator<Attachment> {
	const where = { path, ...(pid !== undefined && { pid }) };
	for (const atReturn of [true, false]) {
		const places = endsFirst(library)
			.filter((point) => point.atReturn === atReturn)
			.map(({ program, offset }) => ({ offset, cookie: HOOKS[program] }));
		if (places.length > 0) yield programs.program("tls_any").attachUprobes({ ...where, atReturn }, places);
	}
}

function* oneByOneAt(...[programs, path, library, pid]: Where): Generator<Attachment> {
	for (const { program, offset, atReturn } of endsFirst(library)) {
		const place = { path, offset, atReturn, ...(pid !== undefined && { pid }) };
		yield programs.program(program).attachUprobe(place);
	}
}

/** The tracepoint that tells of executed programs; undefined where it was not loaded or is refused. */
export function attachExecutions(programs: TlsPrograms, cgroupIds: readonly bigint[]): Disposable | undefined {
	try {
		for (const id of cgroupIds) {
			programs.map("tls_scope").update(new Uint8Array(BigUint64Array.of(id).buffer), Uint8Array.of(1));
		}
		return programs.program("process_executed").attachRawTracepoint("sched_process_exec");
	} catch (error) {
		if (error instanceof HttpeekError) return undefined;
		throw error;
	}
}
