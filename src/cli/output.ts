/** Standard output and error as the commands write to them. A pipe whose reader has gone is an end, not an error. */
import { HttpeekError } from "../base/errors.js";

/** What is needed of process.stdout and process.stderr. */
export interface TextStream {
	readonly isTTY?: boolean | undefined;
	readonly columns?: number | undefined;
	readonly rows?: number | undefined;
	write(text: string, done: (error?: Error | null) => void): boolean;
	on(event: "error", listener: (error: Error) => void): unknown;
	on(event: "resize", listener: () => void): unknown;
	off(event: "resize", listener: () => void): unknown;
}

/** The reader has gone: EPIPE at the first write, the others at writes after that. */
const CLOSED_CODES = new Set(["EPIPE", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"]);

export class Output {
	readonly #stream: TextStream;
	#isClosed = false;

	constructor(stream: TextStream) {
		this.#stream = stream;
		// The same error reaches the callback of write(); without a listener it would end the process.
		stream.on("error", () => undefined);
	}

	get isTerminal(): boolean {
		return this.#stream.isTTY === true;
	}

	/** Terminal columns; undefined where there is no terminal, so no limit. */
	get columns(): number | undefined {
		return this.isTerminal ? this.#stream.columns : undefined;
	}

	get rows(): number | undefined {
		return this.isTerminal ? this.#stream.rows : undefined;
	}

	/** Calls back when a terminal has another size; the result ends that. */
	onResize(listener: () => void): () => void {
		this.#stream.on("resize", listener);
		return () => void this.#stream.off("resize", listener);
	}

	/**
	 * Writes and waits until it is written. Resolves to false when nobody reads any more.
	 * @throws HttpeekError HTTPEEK_IO for any other failure, such as a full disk.
	 */
	async write(text: string): Promise<boolean> {
		if (this.#isClosed || text === "") {
			return !this.#isClosed;
		}
		const error = await new Promise<Error | undefined>((resolve) => {
			this.#stream.write(text, (failure) => resolve(failure ?? undefined));
		});
		if (error === undefined) {
			return true;
		}
		if (!CLOSED_CODES.has((error as NodeJS.ErrnoException).code ?? "")) {
			throw new HttpeekError("HTTPEEK_IO", `cannot write the output: ${error.message}`, { cause: error });
		}
		this.#isClosed = true;
		return false;
	}

	/** Writes what is good to know but changes nothing when it cannot be told. */
	async tell(text: string): Promise<void> {
		try {
			await this.write(text);
		} catch {
			// This was the place to say so.
		}
	}
}
