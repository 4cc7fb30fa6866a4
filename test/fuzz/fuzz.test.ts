/** A short search by libFuzzer, the same in every run. `npm run fuzz` searches for long. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildFuzzers, fuzzProgram, Replay } from "./replay.js";

const FUZZ = fileURLToPath(new URL("../../../fuzz", import.meta.url));
const SEEDS = join(FUZZ, "seeds");
const RUNS = 40_000;
/** Far more than these runs take: a machine that is slower than that stops early, and a hang is an error of its own. */
const LONGEST_SECONDS = 60;

describe("libFuzzer", () => {
	before(buildFuzzers);

	test("finds nothing in a short search", () => {
		const folder = mkdtempSync(join(tmpdir(), "httpeek-fuzz-"));
		try {
			const { status, stderr } = spawnSync(
				fuzzProgram("conversation-fuzzer"),
				[
					...["-seed=1", `-runs=${RUNS}`, `-max_total_time=${LONGEST_SECONDS}`, "-max_len=4096", "-timeout=10"],
					...[`-dict=${join(FUZZ, "http.dict")}`, `-artifact_prefix=${folder}/`, folder, SEEDS],
				],
				{ encoding: "utf8", maxBuffer: 1 << 28 },
			);
			assert.equal(status, 0, `${stderr.slice(-6000)}\n${found(folder)}`);
			assert.match(stderr, /Done [1-9]\d{2,} runs/);
		} finally {
			rmSync(folder, { recursive: true, force: true });
		}
	});

	test("the seeds reach what they are named for", async () => {
		const replay = new Replay();
		try {
			for (const name of readdirSync(SEEDS)) await replay.play(readFileSync(join(SEEDS, name), "latin1"));
			const play = (name: string) => replay.play(readFileSync(join(SEEDS, name), "latin1"));
			assert.deepEqual((await play("keep-alive")).exchanges, ["GET /a 200", "GET /users/:id 200"]);
			assert.equal((await play("deep-pipeline")).counters.request_overflow, 4);
			assert.equal((await play("lost")).counters.request_gap, 1);
			assert.equal((await play("adopted-server")).counters.adopted, 1);
			assert.deepEqual((await play("deferred")).exchanges, ["GET /a 200"]);
			assert.deepEqual((await play("unanswered")).exchanges, ["GET /a 0"]);
		} finally {
			await replay.close();
		}
	});
});

/** The bytes that broke something, as a test would write them. */
function found(folder: string): string {
	return readdirSync(folder)
		.filter((name) => /^(crash|timeout|leak|oom)-/.test(name))
		.map((name) => `${name}: ${JSON.stringify(readFileSync(join(folder, name), "latin1"))}`)
		.join("\n");
}
