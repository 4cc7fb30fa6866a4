/** What people use today, on the same load: how much of it they count, and what that takes. */
import { setTimeout as delay } from "node:timers/promises";
import { Httpeek } from "../httpeek.js";
import { CONNECTIONS, fullSpeed, type LoadResult } from "../load.js";
import { type Nginx, startNginx } from "../nginx.js";
import { countLog, NGREP, type Peer, startPeer, TSHARK } from "../peers.js";
import { treeUsage, type Usage } from "../process-tree.js";
import type { Row } from "../row.js";
import type { Scale } from "../scale.js";
import type { Network, Workplace } from "../workplace.js";
import { responsesIn } from "./counted.js";
import { watchedRows } from "./peer-rows.js";
import { measureWholeHostPeers } from "./whole-host-peers.js";

/** Who is behind when the load ends may go on for so long. */
const CATCH_UP_MS = 3_000;

/** What one tool made of one load. */
interface Result {
	readonly sent: LoadResult;
	readonly counted: number;
	readonly usage: Usage;
}

export async function* measurePeers(workplace: Workplace, scale: Scale): AsyncGenerator<Row> {
	yield* measureInNetwork(workplace, scale);
	yield* measureWholeHostPeers(scale);
}

async function* measureInNetwork(workplace: Workplace, scale: Scale): AsyncGenerator<Row> {
	const network = workplace.makeNetwork();
	await using nginx = await startNginx(workplace, { network });
	const load = (port: number): Promise<LoadResult> =>
		fullSpeed(workplace, { port, seconds: scale.peerSeconds, network });
	// the first seconds of a server are not like the others
	await load(nginx.port);
	const alone = await load(nginx.port);
	yield* rowsOf("httpeek", await watchWithHttpeek(workplace, () => load(nginx.port)), alone);
	for (const peer of [TSHARK, NGREP]) {
		yield* rowsOf(peer.name, await watch(workplace, network, nginx, peer, () => load(nginx.port)), alone);
	}
	yield* rowsOf("access log, awk", await watchLog(workplace, network, load), alone);
}

async function watchWithHttpeek(workplace: Workplace, load: () => Promise<LoadResult>): Promise<Result> {
	await using httpeek = await Httpeek.start(workplace);
	const before = treeUsage(httpeek.pid);
	const sent = await load();
	const usage = treeUsage(httpeek.pid);
	const counted = responsesIn(await httpeek.report());
	return { sent, counted, usage: { ...usage, cpuSeconds: usage.cpuSeconds - before.cpuSeconds } };
}

async function watch(
	workplace: Workplace,
	network: Network,
	{ port }: Nginx,
	peer: Peer,
	load: () => Promise<LoadResult>,
): Promise<Result> {
	await using program = await startPeer(workplace, network, peer, port);
	const before = treeUsage(program.pid);
	const sent = await load();
	await delay(CATCH_UP_MS);
	const usage = treeUsage(program.pid);
	const counted = await program.end();
	return { sent, counted, usage: { ...usage, cpuSeconds: usage.cpuSeconds - before.cpuSeconds } };
}

/** The log is read when it is complete; what nginx takes to write it shows in its rate. */
async function watchLog(
	workplace: Workplace,
	network: Network,
	load: (port: number) => Promise<LoadResult>,
): Promise<Result> {
	const accessLog = `${workplace.makeFolder("log")}/access.log`;
	await using nginx = await startNginx(workplace, { network, accessLog });
	const sent = await load(nginx.port);
	await nginx[Symbol.asyncDispose]();
	return { sent, ...(await countLog(workplace, accessLog)) };
}

function* rowsOf(name: string, { sent, counted, usage }: Result, alone: LoadResult): Generator<Row> {
	yield* watchedRows({ name, counted, usage, sent: sent.requests, mostInFlight: CONNECTIONS, load: sent }, alone);
}
