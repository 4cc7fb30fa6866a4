/** What a tool tells its user when it cannot go on, and its exit codes. */

export const EXIT = { runtime: 1, usage: 2, notAllowed: 4, interrupted: 130 };

/** A failure that a person can act on; shown without a stack trace. */
export class ToolFailure extends Error {
	/**
	 * @param {string} message what failed: why
	 * @param {{ hint?: string, exitCode?: number }} [options]
	 */
	constructor(message, { hint, exitCode = EXIT.runtime } = {}) {
		super(message);
		this.hint = hint;
		this.exitCode = exitCode;
	}
}

/** One line of progress. Results go to stdout; this is stderr. @param {string} message */
export function say(message) {
	process.stderr.write(`httpeek setup: ${message}\n`);
}

/**
 * Runs the body of a tool: shows a ToolFailure as a message, sets the exit code. Other errors are defects: they keep
 * their stack trace.
 * @param {() => unknown} body returns an exit code or nothing
 */
export async function runTool(body) {
	try {
		const exitCode = await body();
		if (typeof exitCode === "number") process.exitCode = exitCode;
	} catch (error) {
		if (!(error instanceof ToolFailure)) throw error;
		process.stderr.write(`error: ${error.message}\n`);
		if (error.hint !== undefined) process.stderr.write(`hint: ${error.hint}\n`);
		process.exitCode = error.exitCode;
	}
}
