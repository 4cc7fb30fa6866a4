/**
 * The Node server with OpenTelemetry's auto-instrumentation, HTTP alone, as its documentation says to start it: spans and
 * metrics go to a collector over OTLP. It is installed when it is first measured, into a folder of its own: neither httpeek
 * nor its development depends on it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readIfThere, type Server, startNode } from "./servers.js";
import { inCheckout, type Workplace } from "./workplace.js";

/** The last ones that run on Node 20. */
const PACKAGES = ["@opentelemetry/auto-instrumentations-node@0.81.2", "@opentelemetry/api@1.9.0"];
const REGISTER = "node_modules/@opentelemetry/auto-instrumentations-node/build/src/register.js";
/** Without it nothing is instrumented in a program of ES modules, as the server is one. */
const MODULE_HOOK = "node_modules/@opentelemetry/instrumentation/hook.mjs";
const LONGEST_INSTALLATION_SECONDS = 300;

/** @returns the folder it is in; undefined where it cannot be installed, which is told on standard error */
export async function installInstrumentation(workplace: Workplace): Promise<string | undefined> {
	const folder = inCheckout("build/bench/opentelemetry");
	const stamp = join(folder, "installed");
	if (readIfThere(stamp) === PACKAGES.join("\n")) return folder;
	mkdirSync(folder, { recursive: true });
	process.stderr.write(`bench: installing ${PACKAGES.join(" and ")}, for comparison\n`);
	const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"];
	try {
		const npm = workplace.start("npm", "npm", ["install", "--prefix", folder, ...quiet, ...PACKAGES]);
		await npm.result(LONGEST_INSTALLATION_SECONDS);
	} catch (error) {
		const reason = error instanceof Error ? error.message : String(error);
		process.stderr.write(`bench: left out: OpenTelemetry: ${reason}\n`);
		return undefined;
	}
	writeFileSync(stamp, PACKAGES.join("\n"));
	return folder;
}

/** Starts it in the scope; its collector, which forgets everything, stands outside. */
export async function startInstrumented(workplace: Workplace, folder: string): Promise<Server> {
	const collector = workplace.startClient("the collector", process.execPath, [
		inCheckout("dist/bench/node-server.js"),
		"collector",
	]);
	const [, port] = await collector.says(/^port (\d+)$/m);
	const server = await startNode(workplace, "http", {
		flags: ["--no-warnings", `--experimental-loader=${join(folder, MODULE_HOOK)}`, "--require", join(folder, REGISTER)],
		env: {
			OTEL_SERVICE_NAME: "bench",
			OTEL_NODE_ENABLED_INSTRUMENTATIONS: "http",
			OTEL_NODE_RESOURCE_DETECTORS: "none",
			OTEL_LOGS_EXPORTER: "none",
			OTEL_METRICS_EXPORTER: "otlp",
			OTEL_TRACES_EXPORTER: "otlp",
			OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
		},
	});
	return {
		...{ port: server.port, pid: server.pid },
		async [Symbol.asyncDispose]() {
			await server[Symbol.asyncDispose]();
			await collector[Symbol.asyncDispose]();
		},
	};
}
