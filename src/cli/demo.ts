/** `httpeek demo`: small servers and clients of its own, shown as `top` shows the real ones. */
import { fileURLToPath } from "node:url";
import { systemClock } from "../base/clock.js";
import { type ExitCode, HttpeekError } from "../base/errors.js";
import { type Child, startChild } from "./child.js";
import type { CliContext } from "./context.js";
import { type Flags, observeOptions } from "./settings.js";
import { live } from "./top.js";

const TRAFFIC_PROGRAM = fileURLToPath(new URL("./demo-traffic.js", import.meta.url));
/** How long the traffic may take to end when it is asked to. */
const END_SECONDS = 2;

/** Runs the command. */
export async function demo(flags: Flags, context: CliContext, trafficProgram = TRAFFIC_PROGRAM): Promise<ExitCode> {
	const cgroup = await context.createCgroup("demo");
	const interruption = context.interruption();
	let child: Child | undefined;
	let failure: HttpeekError | undefined;
	const startTraffic = (): void => {
		// A process group of its own: a Ctrl-C is for httpeek, which ends the traffic when it has shown the last of it.
		const options = { stdio: ["ignore", "ignore", "inherit"], detached: true } as const;
		child = startChild(cgroup.wrap(process.execPath, [trafficProgram]), { ...options, stdio: [...options.stdio] });
		child.ended.then(
			({ code, signal }) => {
				failure = new HttpeekError("HTTPEEK_INTERNAL", `the demo's traffic ended early: ${signal ?? `code ${code}`}`);
				interruption.end();
			},
			(error: HttpeekError) => {
				failure = error;
				interruption.end();
			},
		);
	};
	try {
		const observe = { ...observeOptions(flags), scope: { cgroups: [cgroup.path] } };
		const exitCode = await live(flags, withStart(context, startTraffic), observe, interruption, "the demo");
		if (failure !== undefined) {
			throw failure;
		}
		return exitCode;
	} finally {
		await endTraffic(child);
		interruption.dispose();
		cgroup.close();
	}
}

/** The context, with something to be done when counting has begun. */
function withStart(context: CliContext, start: () => void): CliContext {
	return {
		...context,
		observe: (options) =>
			context.observe({
				...options,
				onCounting: (info) => {
					options.onCounting?.(info);
					start();
				},
			}),
	};
}

async function endTraffic(child: Child | undefined): Promise<void> {
	if (child?.isRunning() !== true) {
		return;
	}
	const given = new AbortController();
	const ended = child.ended.finally(() => given.abort()).catch(() => undefined);
	child.kill("SIGTERM");
	await systemClock.sleepUntil(systemClock.nowSeconds() + END_SECONDS, given.signal);
	child.kill("SIGKILL");
	await ended;
}
