/** `npm run bench -- ARGS`: sets up what is missing, then runs the benchmarks. */
import { become } from "./lib/become.mjs";
import { runTool } from "./lib/failure.mjs";
import { FOR_BUILDING, FOR_COMPARING, FOR_COMPARING_PEERS, FOR_TESTING } from "./lib/machine.mjs";
import { build, setUpMachine } from "./lib/setup.mjs";

await runTool(async () => {
	// bpftool tells the times of programs, even where nothing has to be built
	const peers = process.argv.some((word) => word.includes("peers")) ? FOR_COMPARING_PEERS : [];
	await setUpMachine([...FOR_BUILDING, ...FOR_TESTING, ...FOR_COMPARING, ...peers], "build and measure httpeek");
	build();
});
if (process.exitCode === undefined) await become("dist/bench/main.js", process.argv.slice(2));
