/** `--record` and `--input` of `watch`: exchanges into a file, and out of one instead of the kernel. */
import { HttpeekError } from "../base/errors.js";
import { readLines } from "../base/lines.js";
import type { WatchBatch } from "../capture/watch.js";
import { exchangeFilter, type WatchFilter } from "../model/exchange.js";
import type { WatchedExchange } from "../model/snapshot.js";
import { shownTarget, type TargetOptions } from "../model/target.js";
import { formatExchangeJson, parseExchangeJson } from "../sinks/exchange-json.js";
import type { CliContext } from "./context.js";
import { RecordingFile } from "./recording-file.js";

/** A row has a few hundred bytes; a path is at most 240 of them, six each where they are escaped. */
const LONGEST_LINE_BYTES = 65_536;
const EXCHANGES_PER_BATCH = 1000;

export interface ReplayOptions extends TargetOptions {
	readonly filter: WatchFilter;
	readonly count?: number;
	readonly signal: AbortSignal;
}

/**
 * Yields what of a recording passes the filter, in batches without totals: nothing was counted.
 * @param path `-` is standard input
 * @throws HttpeekError HTTPEEK_RECORDING for a line that is no row of `watch -o json`, HTTPEEK_IO
 */
export async function* replay(
	path: string,
	{ readInput, stderr }: Pick<CliContext, "readInput" | "stderr">,
	options: ReplayOptions,
): AsyncGenerator<WatchBatch> {
	const what = path === "-" ? "standard input" : path;
	const isWanted = exchangeFilter(options.filter);
	let exchanges: WatchedExchange[] = [];
	let left = options.count ?? Number.POSITIVE_INFINITY;
	const batch = (): WatchBatch => ({ exchanges, skipped: 0, dropped: 0 });
	for await (const line of readLines(readInput(path), `the recording ${what}`, LONGEST_LINE_BYTES)) {
		if (!line.isComplete) await stderr.tell(`httpeek: the last line of ${what} is cut off: it is left out\n`);
		if (line.text === "" || !line.isComplete) continue;
		const exchange = read(line.text, `line ${line.number} of ${what}`, options);
		if (!isWanted(exchange)) continue;
		exchanges.push(exchange);
		left--;
		if (left === 0 || options.signal.aborted) break;
		if (exchanges.length === EXCHANGES_PER_BATCH) {
			yield batch();
			exchanges = [];
		}
	}
	yield batch();
}

function read(text: string, where: string, options: TargetOptions): WatchedExchange {
	try {
		const exchange = parseExchangeJson(text);
		return { ...exchange, path: shownTarget(exchange.path, options) };
	} catch (error) {
		if (!(error instanceof RangeError)) throw error;
		throw new HttpeekError("HTTPEEK_RECORDING", `cannot read ${where}: ${error.message}`, {
			hint: "give what httpeek watch -o json or --record wrote",
		});
	}
}

/** `--record`: what is shown, as rows of `watch -o json`. */
export class ExchangeRecording {
	readonly #path: string;
	#file: RecordingFile | undefined;

	constructor(path: string) {
		this.#path = path;
	}

	/** Not before counting has begun: what cannot count leaves no file behind. */
	open(): void {
		this.#file = new RecordingFile(this.#path);
	}

	write(exchanges: readonly WatchedExchange[]): void {
		this.#file?.write(exchanges.map(formatExchangeJson).join(""));
	}

	close(): void {
		this.#file?.close();
	}
}
