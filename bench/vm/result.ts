/** What comes out of the emulated machine. */
import type { Pair } from "../measure/throughput.js";

/** One tool, all its turns together. */
export interface ToolResult {
	readonly name: string;
	readonly counted: number;
	/** Answered while it counted, by all loads. */
	readonly sent: number;
	/** How many more may have been answered, by all loads: countedRatio(). */
	readonly mostInFlight: number;
	/** In the loads of the pairs: what its warm-up takes is left out. */
	readonly cpuSeconds: number;
	readonly peakBytes: number;
	/** The server's load without it and with it, in each round. */
	readonly pairs: readonly Pair[];
}

export interface GuestResult {
	/** What uname -r says there. */
	readonly kernel: string;
	readonly tools: readonly ToolResult[];
}

/** The machine's result; undefined when it was ended, or failed, before its one line was complete. */
export function readGuestResult(output: string): GuestResult | undefined {
	const line = /^\{.*\}\r?$/m.exec(output)?.[0];
	return line === undefined ? undefined : (JSON.parse(line) as GuestResult);
}
