/** What httpeek costs in the kernel, by kind of traffic. */
import type { PacketDirection } from "../../src/kernel/program.js";
import { Httpeek } from "../httpeek.js";
import { costAlone, eachNs, KernelClock, type NetCost, netCost } from "../kernel-clock.js";
import { bulk, fullSpeed, pingPong } from "../load.js";
import { startNginx } from "../nginx.js";
import { median, spreadOf } from "../numbers.js";
import { BOTH_WAYS } from "../packet-program.js";
import { type Row, rowOf } from "../row.js";
import type { Scale } from "../scale.js";
import { startNode } from "../servers.js";
import type { Workplace } from "../workplace.js";
import { measureWarmWork } from "./warm-work.js";

interface Scenario {
	readonly what: string;
	readonly atMostNs?: number;
	/** Makes the traffic, and says how many requests there were; undefined: packets are what counts. */
	readonly run: (seconds: number) => Promise<number | undefined>;
	/** Also how much of it is the kernel's own: where each segment is looked at, as the program that says so does. */
	readonly hasFloor?: true;
	/** Only packets that go this way are meant. The program is attached by itself then, without the rest of httpeek. */
	readonly only?: PacketDirection;
}

export async function* measureKernelTime(workplace: Workplace, scale: Scale): AsyncGenerator<Row> {
	await using nginx = await startNginx(workplace);
	await using echo = await startNode(workplace, "echo");
	await using sink = await startNode(workplace, "sink");

	const http = async (seconds: number, options: Partial<Parameters<typeof fullSpeed>[1]>): Promise<number> => {
		const { requests } = await fullSpeed(workplace, { port: nginx.port, seconds, ...options });
		return requests;
	};
	const serversCpu = workplace.cpus[0] ?? 0;
	const scenarios: readonly Scenario[] = [
		{ what: "small GET", atMostNs: 350, run: (seconds) => http(seconds, {}), hasFloor: true },
		// over the loopback a packet comes in on its sender's CPU; a network card can be told to choose the receiver's
		{
			what: "small GET, client on the server's CPU",
			atMostNs: 350,
			run: (seconds) => http(seconds, { cpu: serversCpu }),
			hasFloor: true,
		},
		{
			what: "GET with 700 bytes of browser headers",
			atMostNs: 550,
			run: (seconds) => http(seconds, { traffic: "browser" }),
			hasFloor: true,
		},
		{
			what: "GET with 700 bytes of headers, no head like the one before",
			run: (seconds) => http(seconds, { traffic: "strangers" }),
		},
		{ what: "GET of 200 KB", atMostNs: 700, run: (seconds) => http(seconds, { path: "/large.bin" }) },
		{
			what: "a packet that is not HTTP",
			atMostNs: 40,
			run: async (seconds) => {
				await pingPong(echo.port, seconds);
				return undefined;
			},
		},
		{
			what: "a pure ACK",
			atMostNs: 15,
			run: async (seconds) => {
				await bulk(sink.port, seconds);
				return undefined;
			},
			only: "egress",
		},
	];
	const rounds: (readonly Measured[])[] = [];
	for (let round = 0; round < scale.kernelRounds; round++) {
		rounds.push(await timeRound(workplace, scenarios, scale.kernelSeconds));
	}
	for (const [index, { what, atMostNs }] of scenarios.entries()) {
		const measured = rounds.flatMap((round) => round[index] ?? []);
		const packets = median(measured.map(({ cost, requests }) => cost.runs / (requests ?? cost.runs)));
		const note = packets === 1 ? "" : `${packets.toFixed(2)} packets a request`;
		const row = { group: "kernel", what: `kernel time: ${what}`, unit: "ns", note } as const;
		const spread = spreadOf(measured.map(({ cost, requests }) => cost.ns / (requests ?? cost.runs)));
		yield rowOf({ ...row, ...(atMostNs !== undefined && { goal: { atMost: atMostNs } }) }, spread);
	}
	for (const [index, { what, hasFloor }] of scenarios.entries()) {
		if (hasFloor === undefined) continue;
		const note = "the kernel's functions that are called, by a program that does nothing else";
		const row = { group: "kernel", what: `of it the kernel's own: ${what}`, unit: "ns", note } as const;
		yield rowOf(row, spreadOf(rounds.flatMap((round) => round[index]?.floorNs ?? [])));
	}
	yield* measureWarmWork(scale);
}

interface Measured {
	readonly cost: NetCost;
	readonly requests: number | undefined;
	readonly floorNs: number | undefined;
}

/** Each scenario in turn: with the empty program alone, and then with the real one in its place. */
async function timeRound(
	workplace: Workplace,
	scenarios: readonly Scenario[],
	seconds: number,
): Promise<readonly Measured[]> {
	const { scope } = workplace;
	const emptyNs: number[] = [];
	const floorNs: number[] = [];
	for (const [index, { run, only, hasFloor }] of scenarios.entries()) {
		const nothing = eachNs(await costAlone(scope, "empty", waysOf(only), () => run(seconds / 2)));
		emptyNs[index] = nothing;
		if (hasFloor === undefined) continue;
		let requests: number | undefined;
		const ran = await costAlone(scope, "helpers", waysOf(only), async () => {
			requests = await run(seconds / 2);
		});
		floorNs[index] = netCost(ran, nothing).ns / (requests ?? ran.runs);
	}
	const measured: Measured[] = [];
	{
		await using httpeek = await Httpeek.start(workplace);
		using clock = new KernelClock(httpeek);
		for (const [index, { run, only }] of scenarios.entries()) {
			if (only !== undefined) continue;
			const stop = clock.start();
			const requests = await run(seconds);
			measured[index] = { cost: netCost(stop(), emptyNs[index] ?? 0), requests, floorNs: floorNs[index] };
		}
	}
	for (const [index, { run, only }] of scenarios.entries()) {
		if (only === undefined) continue;
		const ran = await costAlone(scope, "traffic", [only], () => run(seconds));
		measured[index] = { cost: netCost(ran, emptyNs[index] ?? 0), requests: undefined, floorNs: undefined };
	}
	return measured;
}

function waysOf(only: PacketDirection | undefined): readonly PacketDirection[] {
	return only === undefined ? BOTH_WAYS : [only];
}
