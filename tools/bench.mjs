/** `npm run bench -- ARGS`: sets up what is missing, then runs the benchmarks. */
import { become } from "./lib/become.mjs";
import { EXIT, runTool, say, ToolFailure } from "./lib/failure.mjs";
import {
	ensureMachine,
	FOR_BUILDING,
	FOR_COMPARING,
	FOR_COMPARING_PEERS,
	FOR_COMPARING_WHOLE_HOSTS,
	FOR_TESTING,
} from "./lib/machine.mjs";
import { build, setUpMachine } from "./lib/setup.mjs";

await runTool(async () => {
	// bpftool tells the times of programs, even where nothing has to be built
	const hasPeers = process.argv.some((word) => word.includes("peers"));
	const peers = hasPeers ? FOR_COMPARING_PEERS : [];
	await setUpMachine([...FOR_BUILDING, ...FOR_TESTING, ...FOR_COMPARING, ...peers], "build and measure httpeek");
	if (hasPeers && process.arch === "x64") await setUpEmulation();
	build();
});
if (process.exitCode === undefined) await become("dist/bench/main.js", process.argv.slice(2));

/** Where it cannot be had, the benchmark leaves out what needs it, and says so once more. */
async function setUpEmulation() {
	try {
		await ensureMachine(FOR_COMPARING_WHOLE_HOSTS, "compare tools that watch a whole host, in an emulated machine");
	} catch (error) {
		if (!(error instanceof ToolFailure) || error.exitCode === EXIT.interrupted) throw error;
		say(error.message);
	}
}
