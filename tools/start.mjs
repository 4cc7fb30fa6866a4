/**
 * `npm start -- ARGS`: sets up what is missing, then is `httpeek ARGS`. package.json starts it with `exec`: a shell in between
 * would die of Ctrl-C, and keep SIGTERM to itself.
 */
import { become } from "./lib/become.mjs";
import { runTool } from "./lib/failure.mjs";
import { build, setUpMachine } from "./lib/setup.mjs";

await runTool(async () => {
	await setUpMachine();
	build();
});
if (process.exitCode === undefined) await become("bin/httpeek", process.argv.slice(2));
