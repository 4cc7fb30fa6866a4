/** A network of a test's own, in which addresses can be made unreachable or silent without touching the host's. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import type { TestContext } from "node:test";

export interface NetworkNamespace {
	/** What to put before a command, so that it runs there. */
	readonly prefix: readonly string[];
	/** Runs a command there to its good end. */
	readonly run: (command: string, ...args: string[]) => void;
}

/**
 * Makes a namespace with its loopback up: 10.9.0.1 is its own address, what goes to 10.9.1.1 is dropped, 10.9.2.1
 * has a blackhole for a route, 10.9.3.1 an unreachable one. A SYN is sent twice at most. Gone when the test ends.
 */
export function makeNetworkNamespace(context: TestContext): NetworkNamespace {
	const name = `httpeek-test-${randomBytes(4).toString("hex")}`;
	const ip = (...args: string[]): void => void execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
	ip("netns", "add", name);
	context.after(() => ip("netns", "delete", name));
	const prefix = ["ip", "netns", "exec", name];
	const run = (...command: string[]): void => ip(...prefix.slice(1), ...command);
	run("ip", "link", "set", "lo", "up");
	for (const address of ["10.9.0.1", "10.9.1.1"]) run("ip", "address", "add", `${address}/32`, "dev", "lo");
	run("ip", "route", "add", "blackhole", "10.9.2.1/32");
	run("ip", "route", "add", "unreachable", "10.9.3.1/32");
	run("nft", "add table inet test");
	run("nft", "add chain inet test in { type filter hook input priority 0; }");
	run("nft", "add rule inet test in ip daddr 10.9.1.1 tcp dport 80 drop");
	run("sysctl", "-q", "-w", "net.ipv4.tcp_syn_retries=1");
	return { prefix, run };
}
