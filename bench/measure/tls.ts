/** What reading TLS costs: throughput with and without httpeek, and how often a program is stopped at a hook. */
import { enableStatistics } from "../../src/kernel/program.js";
import { Disposables } from "../disposables.js";
import { Httpeek, type RunCounts } from "../httpeek.js";
import { fullSpeed, type LoadResult } from "../load.js";
import { startNginx } from "../nginx.js";
import { median, spreadOf } from "../numbers.js";
import { treeUsage } from "../process-tree.js";
import { type Row, rowOf } from "../row.js";
import type { Scale } from "../scale.js";
import { type Certificate, makeCertificate, NGINX, NODE, OTHERS, type TlsServer } from "../tls-servers.js";
import type { Workplace } from "../workplace.js";
import { type Contender, startWatching, takeTurns, throughputRows } from "./throughput.js";

/** Two entries and two returns: a read and a write. */
const MOST_HITS = 4;
const CURL_REQUESTS = 2000;
/** Programs that are attached to functions, whichever way: bpf/tls.bpf.c. */
const HOOK = /^(?:tls|go)_/;

export async function* measureTls(workplace: Workplace, scale: Scale): AsyncGenerator<Row> {
	const certificate = makeCertificate(workplace);
	for (const server of [NGINX, NODE]) yield* throughput(workplace, scale, server, certificate);
	for (const server of [NGINX, NODE, ...OTHERS]) yield* hits(workplace, scale, server, certificate);
	yield* curlsHits(workplace, certificate);
}

/** Without httpeek, with it, and with it but without TLS: then packets are still looked at. */
async function* throughput(
	workplace: Workplace,
	scale: Scale,
	{ name, start }: TlsServer,
	certificate: Certificate,
): AsyncGenerator<Row> {
	await using server = await start(workplace, certificate);
	const { port } = server;
	const plain: Contender = { name: "", port, everyRounds: 1 };
	const watched: Contender = { name: "", port, begin: () => startWatching(workplace), everyRounds: 1 };
	const cpuNs = new Map<LoadResult, number>();
	const load = async (): Promise<LoadResult> => {
		const before = treeUsage(server.pid).cpuSeconds;
		const result = await fullSpeed(workplace, { port, seconds: scale.pairSeconds, isTls: true });
		cpuNs.set(result, (1e9 * (treeUsage(server.pid).cpuSeconds - before)) / result.requests);
		return result;
	};
	await load();
	const results = await takeTurns(plain, [watched], { ...scale, turns: Math.ceil(scale.turns / 2) }, load);
	for (const [contender, pairs] of results) {
		for (const row of throughputRows(contender, pairs, `${name} over TLS`)) yield { ...row, group: "tls" };
		const of = (result: LoadResult): number => cpuNs.get(result) ?? Number.NaN;
		const extra = pairs.map(({ plain: without, other }) => of(other) - of(without));
		const base = median(pairs.map(({ plain: without }) => of(without)));
		const what = `CPU time of the server an exchange costs: ${name} over TLS`;
		const note = `in the same pairs: hooks, traps and packets; ${base.toFixed(0)} ns without`;
		yield rowOf({ group: "tls", what, unit: "ns", note }, spreadOf(extra));
	}
}

async function* hits(
	workplace: Workplace,
	scale: Scale,
	{ name, start }: TlsServer,
	certificate: Certificate,
): AsyncGenerator<Row> {
	await using server = await start(workplace, certificate);
	await using httpeek = await Httpeek.start(workplace);
	const load = (): Promise<LoadResult> =>
		fullSpeed(workplace, { port: server.port, seconds: scale.kernelSeconds, isTls: true });
	await load();
	using _statistics = enableStatistics();
	const before = hooksOf(httpeek);
	const { requests } = await load();
	yield* hitRows(name, before, hooksOf(httpeek), requests);
}

/** A client that is watched, of a server that is not. */
async function* curlsHits(workplace: Workplace, certificate: Certificate): AsyncGenerator<Row> {
	await using stack = new Disposables();
	const server = stack.use(await startNginx(workplace, { certificate, isWatched: false }));
	const httpeek = stack.use(await Httpeek.start(workplace));
	using _statistics = enableStatistics();
	const before = hooksOf(httpeek);
	const url = `https://127.0.0.1:${server.port}/users/[1-${CURL_REQUESTS}]`;
	await workplace
		.startServer("curl", "curl", ["-sf", "--cacert", certificate.chain, url, "-o", "/dev/null"])
		.result(60);
	yield* hitRows("curl", before, hooksOf(httpeek), CURL_REQUESTS);
}

function hooksOf(httpeek: Httpeek): RunCounts {
	const hooks = [...httpeek.programs()].filter(([name]) => HOOK.test(name)).map(([, counts]) => counts);
	return {
		runs: hooks.reduce((sum, { runs }) => sum + runs, 0),
		runTimeNs: hooks.reduce((sum, { runTimeNs }) => sum + runTimeNs, 0),
	};
}

function* hitRows(name: string, before: RunCounts, after: RunCounts, requests: number): Generator<Row> {
	const runs = after.runs - before.runs;
	const ns = (after.runTimeNs - before.runTimeNs) / runs;
	yield {
		...{ group: "tls", what: `hooks met in an exchange: ${name}`, unit: "hits", measured: runs / requests },
		...{ goal: { atMost: MOST_HITS }, note: `${ns.toFixed(0)} ns each in our programs, and a trap` },
	};
}
