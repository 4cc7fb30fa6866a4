/** What to say where there is nothing to show: what was looked at, why nothing may have come, and how to see something. */
import { escapeText } from "../base/escape.js";
import { truncateToWidth } from "../base/width.js";
import type { Snapshot } from "../model/snapshot.js";

export interface QuietOptions {
	/** What is watched, as observe() describes it: `the whole host`. */
	readonly description?: string;
	/** Rows were asked for that fit something; others may have been left out. */
	readonly isFiltered?: boolean;
	/** A command was watched, and has ended. */
	readonly isCommand?: boolean;
}

/** Terminal columns of what is watched: a command can be a whole script. */
const LONGEST_DESCRIPTION = 60;

/** Nothing that was counted is in the snapshot, and no connection has failed. */
export function isQuiet({ endpoints, connections }: Snapshot): boolean {
	return endpoints.length === 0 && connections.length === 0;
}

/** A few lines for a quiet snapshot, escaped, without newlines, each at most 80 columns: the first says it all. */
export function quietLines(snapshot: Snapshot, options: QuietOptions = {}): string[] {
	const { description, isFiltered = false, isCommand = false } = options;
	const watched =
		description === undefined ? "" : ` of ${truncateToWidth(escapeText(description), LONGEST_DESCRIPTION)}`;
	return [
		isCommand ? "the command had no HTTP/1.x exchange" : `no HTTP/1.x exchange${watched} so far`,
		...reasons(snapshot, isFiltered),
		...(isCommand
			? ["requests inside of a container or a daemon are not the command's own"]
			: [
					"see it work:            httpeek demo",
					"watch a command's own:  httpeek run -- curl -s http://127.0.0.1:8080/",
				]),
	];
}

/** What the kernel's counters tell of why there is nothing. */
function reasons({ facts }: Snapshot, isFiltered: boolean): string[] {
	const { connections = 0, not_http: notHttp = 0 } = facts;
	if (isFiltered) {
		return ["only what fits the filters is shown: leave them out to see the rest"];
	}
	if (notHttp > 0) {
		return [`${notHttp} connections were not plain HTTP/1.x: HTTPS and HTTP/2 are not read`];
	}
	return [
		connections === 0 ? "no TCP connection has carried data" : `connections: ${connections}, none with a request`,
	];
}
