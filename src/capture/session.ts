/** Counting, from attaching the programs to taking them off: opened, read once an interval, closed. */
import { HttpeekError } from "../base/errors.js";
import { findCgroupRoot } from "../identity/cgroup-tree.js";
import { openForeignFd } from "../kernel/syscall.js";
import type { SampleOptions } from "../model/exchange.js";
import type { Snapshot } from "../model/snapshot.js";
import type { TargetOptions } from "../model/target.js";
import { Counter } from "../wire/layout.js";
import { Accumulator, type ServiceResolver } from "./accumulate.js";
import { attach, type CgroupHook, Cleanup } from "./attach.js";
import { ConnectionReader } from "./connections.js";
import { ExchangeDecoder } from "./exchange-events.js";
import { ExchangeRing, RecentExchanges } from "./exchange-ring.js";
import { kernelCost } from "./kernel-cost.js";
import { kitOf, type Loaded, loadAll } from "./load.js";
import { reportCounters } from "./losses.js";
import { mappedTables } from "./mapped-tables.js";
import {
	type CaptureLimits,
	objectPath,
	type ProgramOptions,
	type Programs,
	randomHashSeed,
	type TableSizes,
	tableSizes,
} from "./programs.js";
import { followDescendants, type Scope } from "./scope.js";
import { type ExistingSocket, existingSockets, type SeedSummary } from "./seed.js";
import { SocketOwners } from "./socket-owners.js";
import type { Tables } from "./tables.js";
import type { TlsReport } from "./tls-reader.js";
import type { TlsSource } from "./tls-source.js";
import { type KernelWatch, watchConfig } from "./watch-config.js";

export interface CaptureOptions {
	readonly scope: Scope;
	/** Names services: a ServiceNames. */
	readonly names: ServiceResolver;
	readonly limits?: CaptureLimits;
	/** Exchanges faster than this are not counted. */
	readonly minLatencySeconds?: number;
	/** Exchanges are sent one by one, besides being counted: see CaptureSession.exchanges. */
	readonly watch?: KernelWatch & TargetOptions;
	/** Snapshots hold the last exchanges that failed or were slow. Not together with `watch`. */
	readonly samples?: SampleOptions;
	/** Encrypted connections are read where it is known how, and this machine allows it. */
	readonly isTlsRead?: boolean;
	/** The object file; default: the one built for this architecture. */
	readonly objectPath?: string;
}

/** At 300 bytes an exchange: a tenth of a second of 130,000 exchanges a second. */
const WATCH_RING_BYTES = 4 * 1024 * 1024;
/** Some 200 of them, which is more than anybody looks at in an interval. */
const SAMPLE_RING_BYTES = 64 * 1024;
const SAMPLES = 100;

/*
 * The order of attaching. First what records the owners of new sockets, so that reading /proc for the older ones leaves no
 * gap. Packets come before the hooks that announce connections: a connection announced to programs that do not see its
 * packets yet would look like one with a hole in it, whereas one met in the middle is simply taken up. connect(2) comes
 * last: a call of which the SYN is not seen counts as unreachable. They are taken off in reverse order.
 */
const BEFORE_SEEDING: readonly CgroupHook[] = [{ program: "sock_created" }];
const AFTER_SEEDING: readonly CgroupHook[] = [
	{ program: "traffic", direction: "ingress" },
	{ program: "traffic", direction: "egress" },
	{ program: "sock_state" },
	{ program: "sock_released" },
	{ program: "connect_v4" },
	{ program: "connect_v6" },
];
const ALL_PROGRAMS = [...new Set([...BEFORE_SEEDING, ...AFTER_SEEDING].map(({ program }) => program))];

export class CaptureSession {
	/** What became of the sockets that existed at the start. */
	readonly seeding: SeedSummary;
	readonly #programs: Programs;
	readonly #tables: Tables;
	readonly #accumulator: Accumulator;
	readonly #connections: ConnectionReader;
	readonly #decoder: ExchangeDecoder;
	readonly #samples: RecentExchanges | undefined;
	/** Undefined where encrypted connections are not read. */
	readonly #tls: TlsSource | undefined;
	/** Why not, where they should be. */
	#tlsProblem: HttpeekError | undefined;
	#exchanges: ExchangeRing | undefined;
	/** The programs are on as long as this is not done. */
	readonly #attachments: Cleanup;
	readonly #cleanup: Cleanup;
	readonly #startedAt = new Date();
	readonly #startedMs = performance.now();
	#scope: Scope;

	private constructor(options: CaptureOptions, { programs, tls }: Loaded, sizes: TableSizes, cleanup: Cleanup) {
		this.#programs = programs;
		this.#cleanup = cleanup;
		this.#scope = options.scope;
		this.#tables = mappedTables(programs, sizes.stripes);
		this.#accumulator = new Accumulator(this.#tables, options.names);
		this.#connections = new ConnectionReader(programs.map("peers"), this.#tables, options.names);
		this.#decoder = new ExchangeDecoder(this.#tables, options.names, options.watch);
		const { samples } = options;
		this.#samples = samples && new RecentExchanges(this.exchanges, samples.most ?? SAMPLES);
		this.#attachments = new Cleanup();
		cleanup.defer(() => this.#attachments.run());
		for (const pid of options.scope.pids ?? []) this.#allow(pid);
		attach(programs, BEFORE_SEEDING, options.scope.cgroups, this.#attachments);
		this.seeding = seed(programs, options.scope);
		attach(programs, AFTER_SEEDING, options.scope.cgroups, this.#attachments);
		const note = (problem: HttpeekError) => {
			this.#tlsProblem = problem;
		};
		if (tls instanceof HttpeekError) note(tls);
		else if (tls !== undefined) {
			this.#tls = tls.openTlsSource(programs, tls.kit, this.#scope, note);
			this.#attachments.defer(() => this.#tls?.close());
		}
		this.#startedAt = new Date();
		this.#startedMs = performance.now();
	}

	/**
	 * Loads, attaches and begins to count. When it fails, everything done so far is undone.
	 *
	 * @throws HttpeekError HTTPEEK_PRIVILEGE, HTTPEEK_NO_LIBBPF, HTTPEEK_VERIFIER, HTTPEEK_BPF, HTTPEEK_BUILD, and
	 * HTTPEEK_SCOPE_NOT_FOUND when a cgroup is gone
	 */
	static async open(options: CaptureOptions): Promise<CaptureSession> {
		const cleanup = new Cleanup();
		try {
			const { minLatencySeconds = 0, isTlsRead = false, scope } = options;
			const sizes = tableSizes(options.limits);
			const programOptions = {
				...{ minLatencySeconds, isTlsRead, isScopedToPids: scope.pids !== undefined, hashSeed: randomHashSeed() },
				...watchOptions(options),
			};
			const loaded = await loadAll(options.objectPath ?? objectPath(), scope, sizes, programOptions);
			cleanup.defer(() => loaded.programs.close());
			cleanup.defer(() => kitOf(loaded.tls)?.close());
			return new CaptureSession(options, loaded, sizes, cleanup);
		} catch (error) {
			cleanup.run();
			throw error;
		}
	}

	/** The exchanges that are watched; empty without `watch`. */
	get exchanges(): ExchangeRing {
		this.#exchanges ??= new ExchangeRing(this.#programs.map("events").ring(), this.#decoder);
		return this.#exchanges;
	}

	/** What was counted so far. Takes well under a millisecond for a few hundred endpoints. */
	read(): Snapshot {
		if (this.#cleanup.isDone) throw new HttpeekError("HTTPEEK_INTERNAL", "cannot read a capture session: it is closed");
		this.#followScope();
		const endpoints = this.#accumulator.read();
		const { losses, facts } = reportCounters((counter) => this.#tables.counter(counter));
		const { seeded, refused, overLimit } = this.seeding;
		const cost = kernelCost(() => ALL_PROGRAMS.map((name) => this.#programs.program(name).statistics()));
		return Object.freeze({
			startedAt: this.#startedAt,
			takenAt: new Date(),
			durationSeconds: (performance.now() - this.#startedMs) / 1000,
			endpoints,
			...this.#connections.read(),
			...(this.#samples && { samples: this.#samples.read() }),
			losses,
			facts: {
				...facts,
				...{ sockets_seeded: seeded, sockets_not_seeded: refused + overLimit },
				tls_missed: this.#tls?.missed ?? 0,
			},
			...(cost === undefined ? {} : { cost }),
		});
	}

	/** What must not wait for the next read(): to be called about once a second. Costs much less. */
	keepUp(): void {
		this.#followScope();
		this.#accumulator.keepUp();
		this.#connections.read();
		this.#samples?.read();
	}

	/** Exchanges that were to be watched and found the ring full. */
	dropped(): number {
		return this.#tables.counter(Counter.WATCH_DROPPED);
	}

	/** Why nothing is read of encrypted connections, where it should be, for a person. Plain ones are counted all the same. */
	get tlsProblem(): string | undefined {
		const problem = this.#tlsProblem;
		if (problem === undefined) return undefined;
		return problem.hint === undefined ? problem.message : `${problem.message} (${problem.hint})`;
	}

	/** What is read of encrypted connections, and why something is not; undefined where it was not asked for. */
	tlsReport(): TlsReport | undefined {
		if (this.#tlsProblem !== undefined) return { libraries: [], problems: [this.#tlsProblem.message], pids: new Set() };
		return this.#tls?.report();
	}

	/** Takes the programs off: what they have counted and sent can still be read. */
	detach(): void {
		this.#attachments.run();
	}

	/** Takes the programs off and out of the kernel. The snapshots stay good. */
	close(): void {
		this.#cleanup.run();
	}

	[Symbol.dispose](): void {
		this.close();
	}

	/** Processes that those of the scope have started, or that are gone, since the last read. */
	#followScope(): void {
		const { scope, added, gone } = followDescendants(this.#scope);
		this.#scope = scope;
		this.#tls?.look(scope);
		for (const pid of added) this.#allow(pid);
		for (const pid of gone) this.#programs.map("scope_pids").delete(u32(pid));
	}

	#allow(pid: number): void {
		this.#programs.map("scope_pids").update(u32(pid), Uint8Array.of(1));
	}
}

function watchOptions({ watch, samples }: CaptureOptions): Pick<ProgramOptions, "watch" | "ringBytes"> {
	if (watch !== undefined) return { watch: watchConfig(watch), ringBytes: WATCH_RING_BYTES };
	if (samples === undefined) return {};
	const { slowSeconds } = samples;
	const failed = watchConfig({ errorsOnly: true, ...(slowSeconds !== undefined && { slowSeconds }) });
	return { watch: failed, ringBytes: SAMPLE_RING_BYTES };
}

/** Records the owners of the sockets that exist. A socket that cannot be recorded is counted, and named less well. */
function seed(programs: Programs, scope: Scope): SeedSummary {
	const owners = new SocketOwners({
		owners: programs.map("owners"),
		owner_ids: programs.map("owner_ids"),
		free_owners: programs.map("free_owners"),
		connections: programs.map("connections"),
	});
	const sockets = existingSockets(scope, findCgroupRoot(), { openForeignFd });
	let notRecorded = 0;
	for (let next = sockets.next(); ; next = sockets.next()) {
		if (next.done === true) {
			const { seeded, refused } = next.value;
			return { ...next.value, seeded: seeded - notRecorded, refused: refused + notRecorded };
		}
		if (!tryRecord(owners, next.value)) notRecorded++;
	}
}

function tryRecord(owners: SocketOwners, socket: ExistingSocket): boolean {
	try {
		owners.record(socket.fd, socket.owner);
		return true;
	} catch (error) {
		if (error instanceof HttpeekError && error.code === "HTTPEEK_BPF") return false;
		throw error;
	}
}

function u32(number: number): Uint8Array {
	return new Uint8Array(Uint32Array.of(number).buffer);
}
