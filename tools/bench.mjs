/** `npm run bench -- ARGS`: sets up what is missing, then runs the benchmarks. */
import { become } from "./lib/become.mjs";
import { runTool } from "./lib/failure.mjs";
import { FOR_TESTING } from "./lib/machine.mjs";
import { build, setUpMachine } from "./lib/setup.mjs";

await runTool(async () => {
	await setUpMachine(FOR_TESTING, "build and measure httpeek");
	build();
});
if (process.exitCode === undefined) await become("dist/bench/main.js", process.argv.slice(2));
