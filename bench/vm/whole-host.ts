/**
 * Tools that watch a whole host. They look into everything that runs on it, so they start nowhere but in an emulated machine
 * (tools/lib/vm.mjs), which has nothing but the benchmark.
 */
import { readFileSync } from "node:fs";
import { HttpeekError } from "../../src/base/errors.js";
import { isEmulated } from "../deadline.js";
import { Httpeek } from "../httpeek.js";
import { responsesIn } from "../measure/counted.js";
import type { RunningPeer } from "../peers.js";
import { inCheckout, type Workplace } from "../workplace.js";

export interface WholeHostTool {
	readonly name: string;
	/** Starts it, and waits until it counts. */
	readonly start: (workplace: Workplace) => Promise<RunningPeer>;
}

/**
 * What the command line of the kernel gives to the program that runs in an emulated machine.
 * @throws HttpeekError HTTPEEK_USAGE on any other machine
 */
export function machineArgument(commandLine = readFileSync("/proc/cmdline", "latin1")): string {
	const argument = /\bhttpeek\.argument=(\S+)/.exec(commandLine)?.[1];
	if (isEmulated(commandLine) && argument !== undefined) return argument;
	throw new HttpeekError("HTTPEEK_USAGE", "a whole host is only watched in an emulated machine", {
		hint: "npm run bench -- --peers starts one",
	});
}

export const HTTPEEK: WholeHostTool = {
	name: "httpeek",
	async start(workplace) {
		machineArgument();
		const httpeek = await Httpeek.start(workplace, ["stat", "-o", "json"], []);
		return {
			pid: httpeek.pid,
			end: async () => responsesIn(await httpeek.report()),
			[Symbol.asyncDispose]: () => httpeek[Symbol.asyncDispose](),
		};
	},
};

/** Where the kernel lists its probes: bpftrace says that it attaches one before it does. */
const PROBES = "/sys/kernel/debug/kprobes/list";

export const BPFTRACE: WholeHostTool = {
	name: "bpftrace script",
	async start(workplace) {
		machineArgument();
		const child = workplace.start("bpftrace", "bpftrace", [inCheckout("bench/vm/http-status.bt")]);
		await child.until(async () => isProbed(readFileSync(PROBES, "latin1")), "did not attach");
		return {
			pid: child.pid,
			async end() {
				child.kill("SIGINT");
				return countsOf(await child.result());
			},
			[Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
		};
	},
};

/** Whether that list has the script's probe, and it is armed. Functions may begin with an instruction that it stands behind. */
export function isProbed(list: string): boolean {
	return list.split("\n").some((line) => /\btcp_sendmsg\+0x[04]\b/.test(line) && !line.includes("[DISABLED]"));
}

/** The sum of the script's map, which bpftrace prints when it ends; its versions differ in whether a blank follows the status. */
export function countsOf(output: string): number {
	return [...output.matchAll(/^@status\[\d{3} ?\]: (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
}
