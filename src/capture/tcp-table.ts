/** The kernel's tables of TCP sockets, /proc/PID/net/tcp and tcp6: one pair for each network namespace. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * States (include/net/tcp_states.h) in which a socket can still carry an exchange: ESTABLISHED, SYN_SENT, SYN_RECV,
 * FIN_WAIT1 and FIN_WAIT2 (we sent all, the answer may come), CLOSE_WAIT (they sent all, the answer may go), LISTEN.
 */
const LIVE_STATES = new Set(["01", "02", "03", "04", "05", "08", "0A"]);
const STATE_FIELD = 3;
const INODE_FIELD = 9;

/** Inodes, as decimal text, of the sockets in a table that can carry exchanges. */
export function parseTcpInodes(table: string): string[] {
	const inodes: string[] = [];
	for (const line of table.split("\n").slice(1)) {
		const fields = line.trim().split(/\s+/, INODE_FIELD + 1);
		const inode = fields[INODE_FIELD];
		// Inode 0: no process holds it.
		if (inode !== undefined && inode !== "0" && LIVE_STATES.has(fields[STATE_FIELD] ?? "")) inodes.push(inode);
	}
	return inodes;
}

/** Inodes of the live TCP sockets in the network namespace of a process; none when it has gone. */
export function readTcpInodes(pid: number, procRoot = "/proc"): Set<string> {
	const inodes = new Set<string>();
	for (const name of ["tcp", "tcp6"]) {
		try {
			const table = readFileSync(join(procRoot, String(pid), "net", name), "utf8");
			for (const inode of parseTcpInodes(table)) inodes.add(inode);
		} catch {
			// The process has gone, or the kernel has no IPv6.
		}
	}
	return inodes;
}
