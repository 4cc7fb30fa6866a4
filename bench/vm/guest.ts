/**
 * What `npm run bench -- --peers` runs inside an emulated machine (bench/emulated.ts): tools that watch a whole host, in turns,
 * on the load of one server. The result is one line of JSON on stdout; what goes wrong is on stderr, the machine's console.
 */
import { execFileSync } from "node:child_process";
import { release } from "node:os";
import { CONNECTIONS, fullSpeed, type LoadResult } from "../load.js";
import { type Contender, type Pair, takeTurns } from "../measure/throughput.js";
import { startNginx } from "../nginx.js";
import type { RunningPeer } from "../peers.js";
import { treeUsage } from "../process-tree.js";
import { Workplace } from "../workplace.js";
import type { GuestResult, ToolResult } from "./result.js";
import { BPFTRACE, HTTPEEK, machineArgument, type WholeHostTool } from "./whole-host.js";

/** A tool's own code is compiled meanwhile, which is paid once. */
const WARM_UP_SECONDS = 3;

async function main(): Promise<GuestResult> {
	const [seconds = 1, rounds = 1] = machineArgument().split(",").map(Number);
	execFileSync("mount", ["-t", "debugfs", "debugfs", "/sys/kernel/debug"]);
	const workplace = Workplace.open();
	await using nginx = await startNginx(workplace);
	const { port } = nginx;
	const load = (ofSeconds: number): Promise<LoadResult> => fullSpeed(workplace, { port, seconds: ofSeconds });
	const plain: Contender = { name: "", port, everyRounds: 1 };
	const turns = [HTTPEEK, BPFTRACE].map((tool) => new Turns(workplace, tool, port, load));
	await load(WARM_UP_SECONDS);
	const pairs = await takeTurns(plain, turns, { turns: rounds, pairsInTurn: 1 }, (contender) =>
		contender instanceof Turns ? contender.measure(seconds) : load(seconds),
	);
	return { kernel: release(), tools: turns.map((turn) => turn.result(pairs.get(turn) ?? [])) };
}

/** One tool, started anew for each of its turns, and the sums of them. */
class Turns implements Contender {
	readonly everyRounds = 1;
	readonly name: string;
	readonly port: number;
	readonly #sums = { counted: 0, sent: 0, mostInFlight: 0, cpuSeconds: 0, peakBytes: 0 };
	readonly #workplace: Workplace;
	readonly #tool: WholeHostTool;
	readonly #load: (seconds: number) => Promise<LoadResult>;
	#running: RunningPeer | undefined;

	constructor(workplace: Workplace, tool: WholeHostTool, port: number, load: (seconds: number) => Promise<LoadResult>) {
		this.#workplace = workplace;
		this.#tool = tool;
		this.#load = load;
		this.name = tool.name;
		this.port = port;
	}

	async begin(): Promise<AsyncDisposable> {
		const running = await this.#tool.start(this.#workplace);
		this.#running = running;
		await this.#send(WARM_UP_SECONDS);
		return {
			[Symbol.asyncDispose]: async () => {
				this.#running = undefined;
				this.#sums.counted += await running.end();
			},
		};
	}

	async measure(seconds: number): Promise<LoadResult> {
		if (this.#running === undefined) throw new Error(`${this.name} was to be measured before it began`);
		const { pid } = this.#running;
		const before = treeUsage(pid);
		const sent = await this.#send(seconds);
		const after = treeUsage(pid);
		this.#sums.cpuSeconds += after.cpuSeconds - before.cpuSeconds;
		this.#sums.peakBytes = Math.max(this.#sums.peakBytes, after.peakBytes);
		return sent;
	}

	result(pairs: readonly Pair[]): ToolResult {
		return { name: this.name, ...this.#sums, pairs };
	}

	async #send(seconds: number): Promise<LoadResult> {
		const sent = await this.#load(seconds);
		this.#sums.sent += sent.requests;
		this.#sums.mostInFlight += CONNECTIONS;
		return sent;
	}
}

console.log(JSON.stringify(await main()));
process.exit(0);
