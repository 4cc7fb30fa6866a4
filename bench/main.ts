/** `npm run bench`: measures every row of the goals in one run, and prints them as one table. */
import { parseArgs } from "node:util";
import { HttpeekError } from "../src/base/errors.js";
import { measureCounted } from "./measure/counted.js";
import { measureFlatness } from "./measure/flatness.js";
import { measureFootprint } from "./measure/footprint.js";
import { measureIdleConnections } from "./measure/idle-connections.js";
import { measureKernelTime } from "./measure/kernel-time.js";
import { measurePeers } from "./measure/peers.js";
import { measureStart } from "./measure/start.js";
import { measureThroughput } from "./measure/throughput.js";
import { measureTls } from "./measure/tls.js";
import { formatMarkdown, formatReport, type Report, reportJson, thisMachine } from "./report.js";
import { formatMeasured, type Row, verdict } from "./row.js";
import { FULL, QUICK, type Scale } from "./scale.js";
import { Workplace } from "./workplace.js";

type Measure = (workplace: Workplace, scale: Scale) => AsyncGenerator<Row>;

/** In the order of the table. */
const GROUPS: Readonly<Record<string, Measure>> = {
	counted: measureCounted,
	kernel: measureKernelTime,
	throughput: measureThroughput,
	footprint: measureFootprint,
	idle: measureIdleConnections,
	start: measureStart,
	scale: measureFlatness,
	tls: measureTls,
};

/** Measured only when asked for. */
const PEERS = "peers";

const HELP = `usage: npm run bench -- [options]

  --peers         also what people use today, on the same load: tshark, ngrep, an access log; a bpftrace script, in an
                  emulated machine
  --quick         two minutes instead of ten: whether it runs, not how fast it is
  --only <group>  ${Object.keys(GROUPS).join(", ")}, ${PEERS}; can be repeated
  --json          one JSON document instead of the table
  --markdown      the table in Markdown
  -h, --help      print this

bench/README.md says how it measures and how to read it.
`;

async function main(): Promise<void> {
	const options = readOptions();
	if (options.help) {
		process.stdout.write(HELP);
		return;
	}
	const startedAt = new Date();
	const machine = thisMachine();
	const workplace = Workplace.open();
	const rows: Row[] = [];
	for (const [name, measure] of options.groups) {
		const startedMs = performance.now();
		for await (const row of measure(workplace, options.isQuick ? QUICK : FULL)) {
			rows.push(row);
			process.stderr.write(`bench: ${row.what}: ${formatMeasured(row)} ${verdict(row)}\n`);
		}
		process.stderr.write(`bench: ${name} took ${Math.round((performance.now() - startedMs) / 1000)} s\n`);
	}
	const report = { machine, isQuick: options.isQuick, startedAt, rows };
	process.stdout.write(options.format(report));
}

interface Options {
	readonly groups: readonly (readonly [name: string, measure: Measure])[];
	readonly isQuick: boolean;
	readonly format: (report: Report) => string;
	readonly help: boolean;
}

function readOptions(): Options {
	const { values } = parse();
	const chosen = new Set(values.only ?? Object.keys(GROUPS));
	if (values.peers === true) chosen.add(PEERS);
	return {
		groups: [...chosen].map((name) => [name, findGroup(name)]),
		isQuick: values.quick ?? false,
		format: values.json === true ? reportJson : values.markdown === true ? formatMarkdown : formatReport,
		help: values.help ?? false,
	};
}

function parse() {
	try {
		return parseArgs({
			options: {
				quick: { type: "boolean" },
				json: { type: "boolean" },
				markdown: { type: "boolean" },
				peers: { type: "boolean" },
				only: { type: "string", multiple: true },
				help: { type: "boolean", short: "h" },
			},
		});
	} catch (error) {
		throw usage(error instanceof Error ? error.message : String(error));
	}
}

function findGroup(name: string): Measure {
	if (name === PEERS) return measurePeers;
	const group = Object.hasOwn(GROUPS, name) ? GROUPS[name] : undefined;
	if (group === undefined) throw usage(`there are no rows of a group ${name}`);
	return group;
}

function usage(message: string): HttpeekError {
	return new HttpeekError("HTTPEEK_USAGE", message, { hint: "npm run bench -- --help" });
}

try {
	await main();
	process.exit(0);
} catch (error) {
	if (!(error instanceof HttpeekError)) throw error;
	process.stderr.write(`error: ${error.message}\n`);
	if (error.hint !== undefined) process.stderr.write(`hint: ${error.hint}\n`);
	process.exit(error.exitCode);
}
