/** Whether a request costs the same however many endpoints, connections and CPUs there are. */
import { setTimeout as delay } from "node:timers/promises";
import { Disposables } from "../disposables.js";
import { Httpeek } from "../httpeek.js";
import { PairedClock } from "../kernel-clock.js";
import { CONNECTIONS, fullSpeed, type LoadOptions } from "../load.js";
import { type Nginx, startNginx } from "../nginx.js";
import { median } from "../numbers.js";
import { type Goal, type Row, ratioRow } from "../row.js";
import type { Scale } from "../scale.js";
import { freePort } from "../servers.js";
import type { Workplace } from "../workplace.js";

const FLAT: Goal = { atMost: 1.15 };
const GROUP = "scale";
/** Connecting, and whatever is registered at a first request, is over by then. */
const WARM_UP_MS = 1_000;
/** The window that is measured ends so long before the load does. */
const MARGIN_MS = 250;

const FEWEST_REQUESTS = 1_000;
const TRIES = 3;

/** Loads that run at the same time, and what they are called. */
interface Case {
	readonly what: string;
	readonly loads: readonly Partial<LoadOptions>[];
}

export async function* measureFlatness(workplace: Workplace, scale: Scale): AsyncGenerator<Row> {
	const { manyEndpoints } = scale;
	const connections = Math.min(scale.idleConnections, workplace.mostConnections);
	{
		await using nginx = await startNginx(workplace);
		yield* compare(workplace, scale, [nginx], { what: "1 endpoint", loads: [routes(1)] }, [
			{ what: `${manyEndpoints} endpoints`, loads: [routes(manyEndpoints)] },
		]);
		yield* compare(workplace, scale, [nginx], { what: "1 connection", loads: [{ ...routes(1), connections: 1 }] }, [
			{ what: `${CONNECTIONS} connections`, loads: [routes(1)] },
			{ what: `${connections} connections`, loads: [{ ...routes(1), connections }] },
		]);
	}
	yield* measureContention(workplace, scale);
}

/**
 * Two servers on two CPUs behind one port, so that they are one service, and a client on each CPU: if counting had a cache
 * line that CPUs fight for, one endpoint would cost more than two.
 */
async function* measureContention(workplace: Workplace, scale: Scale): AsyncGenerator<Row> {
	const [first, second] = [workplace.cpus[0], workplace.cpus.at(-1)];
	if (first === undefined || second === undefined || first === second) return;
	await using servers = new Disposables();
	const sharedPort = await freePort();
	const both: Nginx[] = [];
	for (const cpu of [first, second]) both.push(servers.use(await startNginx(workplace, { sharedPort, cpu })));
	const two = [
		{ ...routes(1), cpu: first },
		{ ...routes(1), firstRoute: 1, cpu: second },
	];
	const one = two.map((load) => ({ ...load, firstRoute: 0 }));
	yield* compare(workplace, scale, both, { what: "2 CPUs on 2 endpoints", loads: two }, [
		{ what: "2 CPUs on 1 endpoint", loads: one },
	]);
}

function routes(count: number): Partial<LoadOptions> {
	return { traffic: "routes", routes: count };
}

/** Kernel time a request of each case, in turn, as a ratio to that of the first one in the same round. */
async function* compare(
	workplace: Workplace,
	scale: Scale,
	servers: readonly Nginx[],
	base: Case,
	cases: readonly Case[],
): AsyncGenerator<Row> {
	await using httpeek = await Httpeek.startWithEndpoints(workplace, scale.manyEndpoints);
	using clock = new PairedClock(httpeek, workplace.scope);
	const costs = [base, ...cases].map(() => [] as number[]);
	for (let round = 0; round < scale.flatRounds; round++) {
		for (const [index, { loads }] of [base, ...cases].entries()) {
			costs[index]?.push(await nanosecondsEach(workplace, scale.flatSeconds, servers, loads, clock));
		}
	}
	const [baseCosts = [], ...others] = costs;
	for (const [index, { what }] of cases.entries()) {
		const ownCosts = others[index] ?? [];
		const row = {
			group: GROUP,
			what: `kernel time a request: ${what} / ${base.what}`,
			goal: FLAT,
			note: `${median(ownCosts).toFixed(0)} ns and ${median(baseCosts).toFixed(0)} ns, ${scale.flatRounds} rounds`,
		};
		yield ratioRow(
			row,
			ownCosts.map((cost, round) => cost / (baseCosts[round] ?? Number.NaN)),
		);
	}
}

/**
 * Within a load, after everybody has connected and before anybody stops; requests are those that the server has read. Again
 * if there were none: on a machine that is busy with something else it can take a while until wrk gets to send.
 */
async function nanosecondsEach(
	workplace: Workplace,
	seconds: number,
	servers: readonly Nginx[],
	loads: readonly Partial<LoadOptions>[],
	clock: PairedClock,
	tries = TRIES,
): Promise<number> {
	const port = servers[0]?.port ?? 0;
	const wholeSeconds = Math.ceil(seconds + (WARM_UP_MS + MARGIN_MS) / 1000);
	const running = Promise.all(loads.map((load) => fullSpeed(workplace, { port, seconds: wholeSeconds, ...load })));
	await delay(WARM_UP_MS);
	const before = await requestsOf(servers);
	const stop = clock.start();
	await delay(seconds * 1000);
	const { ns } = stop();
	const after = await requestsOf(servers);
	await running;
	if (after - before < FEWEST_REQUESTS && tries > 1) {
		return await nanosecondsEach(workplace, seconds + 1, servers, loads, clock, tries - 1);
	}
	return ns / (after - before);
}

async function requestsOf(servers: readonly Nginx[]): Promise<number> {
	const counts = await Promise.all(servers.map(({ requests }) => requests()));
	return counts.reduce((sum, count) => sum + count, 0);
}
