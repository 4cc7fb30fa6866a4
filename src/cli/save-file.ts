/** Files that the live view saves: new ones, in the current folder, for their owner only. */
import { closeSync, openSync, writeFileSync } from "node:fs";
import { HttpeekError } from "../base/errors.js";

/** Names that are tried in one second. */
const MOST_NAMES = 100;

/** `20260102-030405`, by the clock on the wall here. */
function timeText(date: Date): string {
	const two = (value: number): string => String(value).padStart(2, "0");
	const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
	return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

/**
 * Writes a text to a file that did not exist, and returns its name: `httpeek-endpoints-20260102-030405.csv`.
 * @throws HttpeekError HTTPEEK_IO
 */
export function saveNew(stem: string, extension: string, text: string, now = new Date()): string {
	for (let attempt = 1; attempt <= MOST_NAMES; attempt += 1) {
		const name = `${stem}-${timeText(now)}${attempt === 1 ? "" : `-${attempt}`}.${extension}`;
		try {
			const fd = openSync(name, "wx", 0o600);
			try {
				writeFileSync(fd, text);
			} finally {
				closeSync(fd);
			}
			return name;
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
			const reason = error instanceof Error ? error.message : String(error);
			throw new HttpeekError("HTTPEEK_IO", `cannot save ${name}: ${reason}`, { cause: error });
		}
	}
	throw new HttpeekError("HTTPEEK_IO", `cannot save ${stem}: there are ${MOST_NAMES} files of this second already`);
}
