/** Tools that watch a whole host, and httpeek beside them, in a machine that has nothing but the benchmark. */
import { runEmulated } from "../emulated.js";
import type { LoadResult } from "../load.js";
import { median } from "../numbers.js";
import { type Row, ratioRow } from "../row.js";
import type { Scale } from "../scale.js";
import { type GuestResult, readGuestResult, type ToolResult } from "../vm/result.js";
import { GROUP, watchedRows } from "./peer-rows.js";

const GUEST = "dist/bench/vm/guest.js";

export async function* measureWholeHostPeers({ emulatedSeconds, emulatedRounds }: Scale): AsyncGenerator<Row> {
	const result = await runEmulated(GUEST, `${emulatedSeconds},${emulatedRounds}`, readGuestResult);
	if (result !== undefined) yield* wholeHostRows(result);
}

export function* wholeHostRows({ kernel, tools }: GuestResult): Generator<Row> {
	for (const tool of tools) {
		const name = `${tool.name}, whole host, in an emulated machine`;
		const { sent, counted, mostInFlight, cpuSeconds, peakBytes } = tool;
		const load = sumOf(tool.pairs.map(({ other }) => other));
		const alone = sumOf(tool.pairs.map(({ plain }) => plain));
		yield* watchedRows({ name, sent, counted, mostInFlight, load, usage: { cpuSeconds, peakBytes } }, alone);
		yield throughputRow(name, tool, kernel);
	}
}

function throughputRow(name: string, { pairs }: ToolResult, kernel: string): Row {
	const rate = ({ requests, seconds }: LoadResult): number => requests / seconds;
	const ratios = pairs.map(({ plain, other }) => rate(other) / rate(plain));
	const without = Math.round(median(pairs.map(({ plain }) => rate(plain))));
	const note = `${pairs.length} pairs; ${without}/s without; Linux ${kernel}`;
	return ratioRow({ group: GROUP, what: `throughput with / without: ${name}`, note }, ratios);
}

function sumOf(loads: readonly LoadResult[]): Pick<LoadResult, "requests" | "seconds"> {
	return {
		requests: loads.reduce((sum, { requests }) => sum + requests, 0),
		seconds: loads.reduce((sum, { seconds }) => sum + seconds, 0),
	};
}
