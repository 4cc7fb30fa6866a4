/** Lines out of chunks of bytes, with a bound: a file without newlines must not fill the memory. */
import { HttpeekError } from "./errors.js";

/** A line, where it stands, and whether a newline ended it: without one, the writer may have been cut off. */
export interface Line {
	/** Without its newline. */
	readonly text: string;
	/** From 1 on. */
	readonly number: number;
	readonly isComplete: boolean;
}

const NEWLINE = 0x0a;

/**
 * The lines of a UTF-8 text that arrives in chunks. Empty lines are among them, nothing follows the last newline.
 *
 * @param what names the text in messages: `the recording minute.jsonl`
 * @throws HttpeekError HTTPEEK_RECORDING when a line is longer than `maxBytes`
 */
export async function* readLines(
	chunks: AsyncIterable<Uint8Array>,
	what: string,
	maxBytes: number,
): AsyncGenerator<Line, void, undefined> {
	let pending: Uint8Array[] = [];
	let pendingBytes = 0;
	let number = 1;
	const take = (last: Uint8Array): string => {
		const text = Buffer.concat([...pending, last]).toString("utf8");
		pending = [];
		pendingBytes = 0;
		return text;
	};
	const check = (bytes: number): void => {
		if (bytes <= maxBytes) return;
		throw new HttpeekError(
			"HTTPEEK_RECORDING",
			`cannot read ${what}: line ${number} is longer than ${maxBytes} bytes`,
			{
				hint: "give a file that httpeek wrote with --record",
			},
		);
	};
	for await (const chunk of chunks) {
		let from = 0;
		for (let to = chunk.indexOf(NEWLINE); to !== -1; to = chunk.indexOf(NEWLINE, from)) {
			check(pendingBytes + to - from);
			yield { text: take(chunk.subarray(from, to)), number, isComplete: true };
			number += 1;
			from = to + 1;
		}
		const rest = chunk.subarray(from);
		check(pendingBytes + rest.length);
		if (rest.length > 0) pending.push(rest);
		pendingBytes += rest.length;
	}
	if (pendingBytes > 0) yield { text: take(new Uint8Array()), number, isComplete: false };
}
