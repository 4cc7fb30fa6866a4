/**
 * Both objects into the kernel, with the verifier at work in several threads. It takes most of the time from start to
 * counting, nearly all of it for two programs, and would look at one after the other if one thread loaded them.
 */
import { HttpeekError } from "../base/errors.js";
import type { ObjectNames } from "../wire/object.js";
import { fillQueues, openPrograms, type ProgramOptions, type Programs, type TableSizes } from "./programs.js";
import type { Scope } from "./scope.js";
import type { TlsKit } from "./tls-kit.js";

type ProgramName = ObjectNames["program"];

/** Loaded at once, with the maps: they take the verifier no time. */
const QUICK: readonly ProgramName[] = ["sock_created", "connect_v4", "connect_v6"];
const FILLING: readonly ProgramName[] = [
	"fill_other_endpoints",
	"fill_endpoints",
	"fill_other_cells",
	"fill_cells",
	"fill_owners",
];
/** Each row in a thread of its own. */
const SLOW: readonly (readonly ProgramName[])[] = [["traffic"], ["sock_state", "sock_released", ...FILLING]];

/** Imported while the verifier is at work: some thirty files, which not everybody needs. */
type TlsModules = typeof import("./tls-kit.js") & typeof import("./tls-source.js");

/** What encrypted connections are read with, and how. */
export interface LoadedTls {
	readonly kit: TlsKit;
	readonly openTlsSource: TlsModules["openTlsSource"];
	/** False when the kernel has refused it. */
	readonly isLoaded: boolean;
}

/** In the kernel, attached nowhere yet. The caller closes them. */
export interface Loaded {
	readonly programs: Programs;
	/** Or why they cannot be read; undefined where they are not to be. */
	readonly tls: LoadedTls | HttpeekError | undefined;
}

/** What has to be closed of it. */
export function kitOf(tls: Loaded["tls"]): TlsKit | undefined {
	return tls instanceof HttpeekError ? undefined : tls?.kit;
}

/**
 * Loads all that counting takes, while this thread goes on.
 * @throws HttpeekError HTTPEEK_BUILD, HTTPEEK_NO_LIBBPF, HTTPEEK_PRIVILEGE, HTTPEEK_VERIFIER, HTTPEEK_BPF, unless it is only
 * about encrypted connections
 */
export async function loadAll(path: string, scope: Scope, sizes: TableSizes, options: ProgramOptions): Promise<Loaded> {
	const programs = openPrograms(sizes, options, path, QUICK);
	let tls: LoadedTls | HttpeekError | undefined;
	try {
		programs.load();
		const slow = SLOW.map((names) => programs.openBeside(names));
		const loads = slow.map((object) => object.loadInBackground());
		try {
			// while the verifier is at work
			if (options.isTlsRead === true) tls = await orProblem(() => loadTls(programs, scope, sizes, options));
		} finally {
			// whatever happens: nothing may be closed before
			await Promise.all(loads);
		}
		// what was refused is loaded again, in this thread: so libbpf can say what it was, and why
		for (const [i, names] of SLOW.entries()) if ((await loads[i]) === false) programs.openBeside(names).load();
		fillQueues(programs, sizes);
		if (tls !== undefined && !(tls instanceof HttpeekError) && !tls.isLoaded) {
			const { kit } = tls;
			const loaded = await orProblem(async () => kit.load());
			if (loaded instanceof HttpeekError) tls = loaded;
		}
		return { programs, tls };
	} catch (error) {
		kitOf(tls)?.close();
		programs.close();
		throw error;
	}
}

async function loadTls(
	programs: Programs,
	scope: Scope,
	sizes: TableSizes,
	options: ProgramOptions,
): Promise<LoadedTls> {
	const { TlsKit } = await import("./tls-kit.js");
	const kit = new TlsKit(programs, sizes, options, scope);
	const load = kit.programs.loadInBackground();
	try {
		const { openTlsSource } = await import("./tls-source.js");
		kit.prepare();
		return { kit, openTlsSource, isLoaded: await load };
	} catch (error) {
		await load;
		kit.close();
		throw error;
	}
}

async function orProblem<T>(work: () => Promise<T>): Promise<T | HttpeekError> {
	try {
		return await work();
	} catch (error) {
		if (error instanceof HttpeekError) return error;
		throw error;
	}
}
