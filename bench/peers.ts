/** The tools that people use today, as they use them: in a network of the benchmark's own, of which they see every packet. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Child } from "./child.js";
import { parseUsage, type Usage } from "./process-tree.js";
import type { Network, Workplace } from "./workplace.js";

/** A tool that looks at packets until Ctrl-C. */
export interface Peer {
	readonly name: string;
	/** For one port, on the loopback interface. */
	readonly command: (port: number) => readonly [command: string, ...args: string[]];
	/** A line of its output that stands for a response: a basic regular expression. */
	readonly line: string;
}

/** It writes packets to a temporary file while it decodes them: that goes away with the benchmark's folder. */
export const TSHARK: Peer = {
	name: "tshark",
	command: (port) => [
		"tshark",
		...["-i", "lo", "-f", `tcp port ${port}`, "-d", `tcp.port==${port},http`],
		...["-Y", "http.response", "-T", "fields", "-e", "http.response.code"],
	],
	line: "^[0-9][0-9][0-9]$",
};

export const NGREP: Peer = {
	name: "ngrep",
	command: (port) => ["ngrep", "-q", "-d", "lo", "-W", "single", "^HTTP/1\\.[01] ", `tcp src port ${port}`],
	line: "HTTP/1\\.[01] [0-9][0-9][0-9] ",
};

const PATIENCE_SECONDS = 10;

export interface RunningPeer extends AsyncDisposable {
	readonly pid: number;
	/** Ends it as Ctrl-C does, with some patience if it has still to decode what it captured, and counts the responses. */
	readonly end: () => Promise<number>;
}

/** Starts it, its output in a file, and waits until it captures. */
export async function startPeer(
	workplace: Workplace,
	network: Network,
	peer: Peer,
	port: number,
): Promise<RunningPeer> {
	const folder = workplace.makeFolder(peer.name);
	const output = join(folder, "output");
	const args = ["-c", 'exec "$@" > "$0"', output, ...peer.command(port)];
	const child = workplace.start(peer.name, "/bin/sh", args, { network, env: { TMPDIR: folder } });
	await child.until(async () => isCapturing(child), "did not capture");
	return {
		pid: child.pid,
		async end() {
			child.kill("SIGINT");
			if (!(await child.hasEndedWithin(PATIENCE_SECONDS))) child.kill("SIGKILL");
			await child.hasEndedWithin(PATIENCE_SECONDS);
			// 1: there is no such line
			const counting = workplace.start("grep", "/bin/sh", [
				"-c",
				'grep -c "$0" "$1" || test $? = 1',
				peer.line,
				output,
			]);
			return Number(await counting.result());
		},
		[Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
	};
}

/** Whether somebody in its network has a packet socket: there is nobody else. */
function isCapturing({ pid }: Child): boolean {
	const [, ...sockets] = readFileSync(`/proc/${pid}/net/packet`, "latin1").trimEnd().split("\n");
	return sockets.length > 0;
}

/** What awk took itself is the last thing that it tells. */
const BY_STATUS = `
{ count[$9]++ }
END {
	for (status in count) print "status", status, count[status]
	while ((getline line < "/proc/self/status") > 0) print line
	getline line < "/proc/self/stat"
	print line
}`;

/** Counts the lines of an access log by status, with awk. */
export async function countLog(workplace: Workplace, path: string): Promise<{ counted: number; usage: Usage }> {
	const output = await workplace.start("awk", "awk", [BY_STATUS, path]).result();
	const counts = [...output.matchAll(/^status \d{3} (\d+)$/gm)].map(([, count]) => Number(count));
	const stat = output.trimEnd().split("\n").at(-1) ?? "";
	return { counted: counts.reduce((sum, count) => sum + count, 0), usage: parseUsage(stat, output) };
}
