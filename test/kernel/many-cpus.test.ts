/** The programs with the tables of a machine with 128 possible CPUs: they load, and count right wherever they run. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, describe, test } from "node:test";
import { tableSizes } from "../../src/capture/programs.js";
import { Limit } from "../../src/wire/layout.js";
import { conversation } from "./conversation.js";
import { lines } from "./counts.js";
import { Harness, skipReason } from "./harness.js";
import { answer } from "./messages.js";

const CPUS = 128;

/** CPUs that this process may run on. */
function allowedCpus(): string[] {
	const { stdout } = spawnSync("taskset", ["-pc", String(process.pid)], { encoding: "utf8" });
	const list = /: (\S+)$/m.exec(stdout)?.[1] ?? "0";
	return list.split(",").flatMap((range) => {
		const [from = 0, to = from] = range.split("-").map(Number);
		return Array.from({ length: to - from + 1 }, (_, i) => String(from + i));
	});
}

/** Moves the thread that plays conversations. */
function moveTo(cpus: string): void {
	const { status, stderr } = spawnSync("taskset", ["-pc", cpus, String(process.pid)], { encoding: "utf8" });
	assert.equal(status, 0, stderr);
}

describe("tables for 128 CPUs", { skip: skipReason }, () => {
	const sizes = tableSizes({ maxEndpoints: 100 }, CPUS);
	const harness = skipReason === false ? new Harness({ maxEndpoints: 100 }, sizes) : undefined;
	const cpus = allowedCpus();
	after(() => {
		moveTo(cpus.join(","));
		harness?.close();
	});

	test("the same endpoint on every CPU there is: one row, whatever its stripe", () => {
		assert.ok(harness);
		for (const cpu of cpus) {
			moveTo(cpu);
			const open = conversation()
				.request("GET /a HTTP/1.1\r\n\r\n")
				.response(answer(200))
				.request("GET /a HTTP/1.1\r\n\r\n");
			const played = harness.play(open);
			assert.deepEqual(lines(played.exchanges), ["GET /a 200"]);
			assert.equal(played.inFlight, 1, `what is in flight is the sum over 64 stripes, on CPU ${cpu}`);
		}
	});

	test("where cells run out, CPUs share those that there are: no endpoint loses its name for that", () => {
		const few = new Harness(
			{ maxEndpoints: 10 },
			{ ...sizes, ...tableSizes({ maxEndpoints: 10 }, CPUS), cells: Limit.OTHER_CELLS + 1 },
		);
		try {
			for (const cpu of [...cpus, ...cpus]) {
				moveTo(cpu);
				const played = few.play(conversation().request("GET /a HTTP/1.1\r\n\r\n").response(answer(200)));
				assert.deepEqual([lines(played.exchanges), played.counters], [["GET /a 200"], {}], `on CPU ${cpu}`);
			}
		} finally {
			few.close();
		}
	});

	test("sizes: 64 stripes, and scratch memory for each of 128 CPUs", () => {
		assert.deepEqual([sizes.stripes, sizes.cpus, sizes.workspaces], [64, 128, 128 * Limit.WORKSPACES_PER_CPU]);
	});
});
