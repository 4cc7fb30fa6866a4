/**
 * Both objects into the kernel, with the verifier at work in several threads. It takes most of the time from start to
 * counting, nearly all of it for three programs, and would look at one after the other if one thread loaded them.
 */
import { HttpeekError } from "../base/errors.js";
import type { ObjectNames } from "../wire/object.js";
import { fillQueues, openPrograms, type ProgramOptions, type Programs, type TableSizes } from "./programs.js";
import type { Scope } from "./scope.js";
import { TlsKit } from "./tls-kit.js";

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
const SLOW: readonly (readonly ProgramName[])[] = [
	["traffic_in", "sock_released", ...FILLING],
	["traffic_out", "sock_state"],
];

/** In the kernel, attached nowhere yet. The caller closes them. */
export interface Loaded {
	readonly programs: Programs;
	/** What encrypted connections are read with, or why they cannot be; undefined where they are not to be. */
	readonly tls: TlsKit | HttpeekError | undefined;
}

/**
 * Loads all that counting takes, while this thread goes on.
 * @throws HttpeekError HTTPEEK_BUILD, HTTPEEK_NO_LIBBPF, HTTPEEK_PRIVILEGE, HTTPEEK_VERIFIER, HTTPEEK_BPF, unless it is only
 * about encrypted connections
 */
export async function loadAll(path: string, scope: Scope, sizes: TableSizes, options: ProgramOptions): Promise<Loaded> {
	const programs = openPrograms(sizes, options, path, QUICK);
	let kit: TlsKit | HttpeekError | undefined;
	try {
		programs.load();
		const slow = SLOW.map((names) => programs.openBeside(names));
		if (options.isTlsRead === true) kit = orProblem(() => new TlsKit(programs, sizes, options, scope));
		const tls = kit instanceof TlsKit ? kit : undefined;
		const loads = Promise.all([tls?.programs, ...slow].map((object) => object?.loadInBackground()));
		try {
			tls?.prepare();
		} finally {
			// whatever happens: nothing may be closed before
			await loads;
		}
		const [isTlsLoaded, ...areLoaded] = await loads;
		// what was refused is loaded again, in this thread: so libbpf can say what it was, and why
		for (const [i, names] of SLOW.entries()) if (areLoaded[i] === false) programs.openBeside(names).load();
		fillQueues(programs, sizes);
		if (isTlsLoaded === false) kit = orProblem(() => tls?.load());
		return { programs, tls: kit };
	} catch (error) {
		if (kit instanceof TlsKit) kit.close();
		programs.close();
		throw error;
	}
}

function orProblem<T>(work: () => T): T | HttpeekError {
	try {
		return work();
	} catch (error) {
		if (error instanceof HttpeekError) return error;
		throw error;
	}
}
