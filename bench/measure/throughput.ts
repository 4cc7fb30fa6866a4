/** What httpeek takes from a server that is driven to its limit, and what other ways to know its endpoints take. */
import { setTimeout as delay } from "node:timers/promises";
import { Disposables } from "../disposables.js";
import { startHaproxy } from "../haproxy.js";
import { Httpeek } from "../httpeek.js";
import { installInstrumentation, startInstrumented } from "../instrumented.js";
import { fullSpeed, type LoadResult } from "../load.js";
import { startNginx } from "../nginx.js";
import { median } from "../numbers.js";
import { attachPacketProgram, BOTH_WAYS } from "../packet-program.js";
import { type Goal, type Row, ratioRow } from "../row.js";
import type { Scale } from "../scale.js";
import { type Server, startNode } from "../servers.js";
import type { Workplace } from "../workplace.js";

/** Starting, and compiling what runs once a second, costs CPU time that belongs to other rows; by then it is over. */
const START_IS_OVER_MS = 3_000;
const P99_GOAL: Goal = { atMost: 1.03 };

interface Target {
	readonly what: string;
	readonly atLeast: number;
	readonly start: (workplace: Workplace) => Promise<Server>;
	readonly path: string;
	/** What is compared with the plain server besides httpeek; made once, gone with the stack. */
	readonly others?: (workplace: Workplace, server: Server, stack: Disposables) => Promise<Contender[]>;
}

const TARGETS: readonly Target[] = [
	{ what: "nginx, return 200", atLeast: 0.96, start: startNginx, path: "/" },
	{ what: "nginx, static file", atLeast: 0.975, start: startNginx, path: "/static.html" },
	{ what: "Node", atLeast: 0.98, start: (workplace) => startNode(workplace, "http"), path: "/", others: todaysWays },
];

/** A way to run a server: as it is, watched by httpeek, or by something else. */
export interface Contender {
	/** What stands behind "with / without". */
	readonly name: string;
	readonly port: number;
	readonly goals?: { readonly throughput: Goal; readonly p99: Goal };
	/** Makes it ready; what it returns is disposed of before another one's turn. */
	readonly begin?: () => Promise<AsyncDisposable>;
	/** Has a turn in every so many rounds: what is far from 1 needs few. */
	readonly everyRounds: number;
}

export async function* measureThroughput(workplace: Workplace, scale: Scale): AsyncGenerator<Row> {
	for (const target of TARGETS) {
		await using stack = new Disposables();
		const server = stack.use(await target.start(workplace));
		const plain: Contender = { name: "", port: server.port, everyRounds: 1 };
		const watched: Contender = {
			name: "",
			port: server.port,
			goals: { throughput: { atLeast: target.atLeast }, p99: P99_GOAL },
			begin: () => startWatching(workplace),
			everyRounds: 1,
		};
		const emptyProgram: Contender = {
			name: "an empty program",
			port: server.port,
			begin: async () => asAsync(attachPacketProgram(workplace.scope, "empty", BOTH_WAYS)),
			everyRounds: 1,
		};
		const others = (await target.others?.(workplace, server, stack)) ?? [];
		const load = ({ port }: Contender): Promise<LoadResult> =>
			fullSpeed(workplace, { port, seconds: scale.pairSeconds, path: target.path });
		// the first seconds of a server are not like the others
		for (const contender of [plain, ...others]) await load(contender);
		const results = await takeTurns(plain, [watched, emptyProgram, ...others], scale, load);
		for (const [contender, pairs] of results) yield* throughputRows(contender, pairs, target.what);
	}
}

/** The ways that people have today, in front of or within a Node server. */
async function todaysWays(workplace: Workplace, server: Server, stack: Disposables): Promise<Contender[]> {
	const everyRounds = 3;
	const nginx = stack.use(await startNginx(workplace, { proxyTo: server }));
	const haproxy = stack.use(await startHaproxy(workplace, server));
	const proxies: Contender[] = [
		{ name: "nginx in front", port: nginx.port, everyRounds },
		{ name: "haproxy in front", port: haproxy.port, everyRounds },
	];
	const folder = await installInstrumentation(workplace);
	if (folder === undefined) return proxies;
	const instrumented = stack.use(await startInstrumented(workplace, folder));
	return [{ name: "OpenTelemetry", port: instrumented.port, everyRounds }, ...proxies];
}

export async function startWatching(workplace: Workplace): Promise<AsyncDisposable> {
	const httpeek = await Httpeek.start(workplace);
	await delay(START_IS_OVER_MS);
	return httpeek;
}

/** A resource that goes at once, for those who would wait for it. */
function asAsync(resource: Disposable): AsyncDisposable {
	return { [Symbol.asyncDispose]: async () => resource[Symbol.dispose]() };
}

/** Two runs of one round: those of the same place in both turns. */
export interface Pair {
	readonly plain: LoadResult;
	readonly other: LoadResult;
}

/**
 * Rounds in which everybody has a turn of some runs, every other one backwards: a machine that gets slower or faster
 * favours nobody. Who ends a round begins the next one, and needs no second start.
 */
export async function takeTurns(
	plain: Contender,
	others: readonly Contender[],
	{ turns, pairsInTurn }: Pick<Scale, "turns" | "pairsInTurn">,
	load: (contender: Contender) => Promise<LoadResult>,
): Promise<Map<Contender, Pair[]>> {
	const pairs = new Map<Contender, Pair[]>(others.map((other) => [other, []]));
	let [current, running]: [Contender, AsyncDisposable | undefined] = [plain, undefined];
	try {
		for (let round = 0; round < turns; round++) {
			const order = [plain, ...others.filter(({ everyRounds }) => round % everyRounds === 0)];
			if (round % 2 === 1) order.reverse();
			const results = new Map<Contender, LoadResult[]>();
			for (const contender of order) {
				if (contender !== current) {
					await running?.[Symbol.asyncDispose]();
					running = undefined;
					current = contender;
					running = await contender.begin?.();
				}
				const runs: LoadResult[] = [];
				for (let run = 0; run < pairsInTurn; run++) runs.push(await load(contender));
				results.set(contender, runs);
			}
			const base = results.get(plain);
			for (const [contender, runs] of results) {
				for (const [run, other] of runs.entries()) {
					if (base?.[run] !== undefined) pairs.get(contender)?.push({ plain: base[run], other });
				}
			}
		}
	} finally {
		await running?.[Symbol.asyncDispose]();
	}
	return pairs;
}

/** Throughput and p99 of a contender against the plain server. */
export function* throughputRows({ name, goals }: Contender, pairs: readonly Pair[], target: string): Generator<Row> {
	const rate = ({ requests, seconds }: LoadResult): number => requests / seconds;
	const row = (what: string, value: (result: LoadResult) => number, goal: Goal | undefined, without: string): Row => {
		const label = { group: "throughput", what, note: `${pairs.length} pairs; ${without} without` };
		const ratios = pairs.map(({ plain, other }) => value(other) / value(plain));
		return ratioRow(goal === undefined ? label : { ...label, goal }, ratios);
	};
	const compared = `with / without${name === "" ? "" : ` ${name}`}: ${target}`;
	const plainRate = median(pairs.map(({ plain }) => rate(plain)));
	const plainP99Us = 1e6 * median(pairs.map(({ plain }) => plain.p99Seconds));
	yield row(`throughput ${compared}`, rate, goals?.throughput, `${Math.round(plainRate)}/s`);
	yield row(`p99 ${compared}`, (result) => result.p99Seconds, goals?.p99, `${Math.round(plainP99Us)} us`);
}
