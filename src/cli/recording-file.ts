/** The file that `--record` makes, for all commands that record. */
import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";
import { HttpeekError } from "../base/errors.js";

/** A file that is made for the recording, readable by its owner only: routes and services are nobody else's business. */
export class RecordingFile {
	readonly #path: string;
	readonly #fd: number;

	/** @throws HttpeekError HTTPEEK_IO, as write() does */
	constructor(path: string) {
		this.#path = path;
		this.#fd = this.#attempt(() => openNew(path));
	}

	/** Appends whole lines. */
	write(lines: string): void {
		const bytes = Buffer.from(lines);
		this.#attempt(() => {
			for (let written = 0; written < bytes.length; ) written += writeSync(this.#fd, bytes, written);
		});
	}

	close(): void {
		closeSync(this.#fd);
	}

	#attempt<T>(action: () => T): T {
		try {
			return action();
		} catch (error) {
			throw recordingFileError(`write the recording ${this.#path}`, error);
		}
	}
}

/** Never overwrites a file; a pipe or a device that exists is what is meant. */
function openNew(path: string): number {
	try {
		return openSync(path, "wx", 0o600);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
		const fd = openSync(path, constants.O_WRONLY | constants.O_NOCTTY);
		if (!fstatSync(fd).isFile()) return fd;
		closeSync(fd);
		throw error;
	}
}

const REASONS: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
	ENOENT: ["there is no such file or folder", "check the path"],
	EEXIST: ["it exists", "name a new file, or remove that one"],
	EACCES: ["it is not allowed", "name a file that you may use"],
	EISDIR: ["it is a folder", "name a file"],
};

/** What is told of a recording that cannot be read or written. */
export function recordingFileError(what: string, error: unknown): HttpeekError {
	const { code = "", message = String(error) } = error as NodeJS.ErrnoException;
	const [reason, hint] = REASONS[code] ?? [message, "check the path and the disk"];
	return new HttpeekError("HTTPEEK_IO", `cannot ${what}: ${reason}`, { hint, cause: error });
}
