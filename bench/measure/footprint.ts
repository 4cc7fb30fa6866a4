/** What httpeek takes for itself: CPU time and memory of its process, and its tables in the kernel. */
import { setTimeout as delay } from "node:timers/promises";
import { Httpeek } from "../httpeek.js";
import { fullSpeed, steady } from "../load.js";
import { startNginx } from "../nginx.js";
import type { Goal, Row } from "../row.js";
import type { Scale } from "../scale.js";
import type { Server } from "../servers.js";
import type { Workplace } from "../workplace.js";

const CPU_GOAL: Goal = { atMost: 1 };
const MEMORY_GOAL: Goal = { atMost: 70 };
const SLOW_PER_SECOND = 400;
/** Compiling its code is over by then; it is paid once and not per second. */
const WARM_UP_MS = 2_000;
const BYTES_PER_MB = 1_000_000;

export async function* measureFootprint(workplace: Workplace, { cpuSeconds }: Scale): AsyncGenerator<Row> {
	await using nginx = await startNginx(workplace);
	const full = (): Promise<number> => requestsAtFullSpeed(workplace, nginx, cpuSeconds);
	const slow = (): Promise<number> => steady(nginx.port, SLOW_PER_SECOND, cpuSeconds);
	yield* measure("stat", ["stat", "-o", "json"], "at full speed", full, workplace);
	yield* measure("stat", ["stat", "-o", "json"], `at ${SLOW_PER_SECOND}/s`, slow, workplace);
	yield* measure("top off a terminal", ["top"], "at full speed", full, workplace);
}

async function requestsAtFullSpeed(workplace: Workplace, { port }: Server, seconds: number): Promise<number> {
	const { requests } = await fullSpeed(workplace, { port, seconds });
	return requests;
}

async function* measure(
	name: string,
	command: readonly string[],
	when: string,
	load: () => Promise<number>,
	workplace: Workplace,
): AsyncGenerator<Row> {
	await using httpeek = await Httpeek.start(workplace, command);
	await delay(WARM_UP_MS);
	const [cpuBefore, startMs] = [httpeek.cpuSeconds(), performance.now()];
	const requests = await load();
	const seconds = (performance.now() - startMs) / 1000;
	const group = "footprint";
	yield {
		group,
		what: `CPU of ${name} ${when}`,
		unit: "% of a core",
		measured: (100 * (httpeek.cpuSeconds() - cpuBefore)) / seconds,
		goal: CPU_GOAL,
		note: `${Math.round(requests / seconds)}/s for ${seconds.toFixed(0)} s, a tick is ${(1 / seconds).toFixed(2)} %`,
	};
	yield {
		group,
		what: `resident memory of ${name} ${when}`,
		unit: "MB",
		measured: httpeek.peakResidentBytes() / BYTES_PER_MB,
		goal: MEMORY_GOAL,
		note: `peak; tables in the kernel: ${(httpeek.tableBytes() / BYTES_PER_MB).toFixed(1)} MB`,
	};
}
