/**
 * `npm start -- ARGS`: sets up what is missing, then is `httpeek ARGS`, in this very process: signals, terminal and exit
 * code are httpeek's own.
 */
import { runTool } from "./lib/failure.mjs";
import { inRoot } from "./lib/files.mjs";
import { build, setUpMachine } from "./lib/setup.mjs";

const SAME_KEYPRESS_MS = 500;

await runTool(async () => {
	await setUpMachine();
	build();
});
if (process.exitCode === undefined) {
	takeCtrlCOnce();
	process.argv = [process.execPath, inRoot("bin/httpeek"), ...process.argv.slice(2)];
	await import(inRoot("bin/httpeek"));
}

/**
 * The terminal sends Ctrl-C to npm and to us, and npm passes its own on: the second one may come when httpeek has already
 * ended its work and no longer listens, and must not kill it then.
 */
function takeCtrlCOnce() {
	let lastMs = Number.NEGATIVE_INFINITY;
	process.on("SIGINT", () => {
		const isSameKeypress = performance.now() - lastMs < SAME_KEYPRESS_MS;
		lastMs = performance.now();
		const isOnlyListener = process.listenerCount("SIGINT") === 1;
		if (isOnlyListener && !isSameKeypress) process.exit(130);
	});
}
