/** Going on as another program, in this very process: signals, terminal and exit code are that program's own. */
import { EXIT } from "./failure.mjs";
import { inRoot } from "./files.mjs";

const SAME_KEYPRESS_MS = 500;

/**
 * @param {string} program an ES module that runs when it is imported, from the checkout on
 * @param {string[]} args
 */
export async function become(program, args) {
	takeCtrlCOnce();
	process.argv = [process.execPath, inRoot(program), ...args];
	await import(inRoot(program));
}

/**
 * The terminal sends Ctrl-C to npm and to us, and npm passes its own on: the second one may come when the program has
 * already ended its work and no longer listens, and must not kill it then.
 */
function takeCtrlCOnce() {
	let lastMs = Number.NEGATIVE_INFINITY;
	process.on("SIGINT", () => {
		const isSameKeypress = performance.now() - lastMs < SAME_KEYPRESS_MS;
		lastMs = performance.now();
		const isOnlyListener = process.listenerCount("SIGINT") === 1;
		if (isOnlyListener && !isSameKeypress) process.exit(EXIT.interrupted);
	});
}
