/** Watching real traffic: every exchange is shown, skipped or dropped, and each of these is counted. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
	observe,
	type Snapshot,
	type WatchBatch,
	type WatchedExchange,
	type WatchOptions,
	watch,
} from "../../src/index.js";
import { bpfDescriptors } from "../support/bpf-descriptors.js";
import { countOf, lossesOf, skipReason } from "../support/capture.js";
import { isEmulated, PATIENCE } from "../support/emulation.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { type Nginx, startNginx } from "../support/nginx.js";
import { run } from "../support/programs.js";
import { until } from "../support/until.js";

const FLOOD_SECONDS = isEmulated ? 1 : 5;

/** A watch that goes on beside the test, and what it has handed out so far. */
class Watching {
	readonly exchanges: WatchedExchange[] = [];
	skipped = 0;
	dropped = 0;
	last: Snapshot | undefined;
	isCounting = false;
	/** How long ago the newest exchange of a batch had ended, at most. */
	latestMs = 0;
	readonly #abort = new AbortController();
	readonly #done: Promise<void>;

	private constructor(options: WatchOptions, onBatch: (batch: WatchBatch) => Promise<void> | void) {
		this.#done = this.#follow(options, onBatch);
		this.#done.catch(() => undefined);
	}

	static async begin(
		context: TestContext,
		cgroup: string,
		options: WatchOptions = {},
		onBatch: (batch: WatchBatch) => Promise<void> | void = () => undefined,
	): Promise<Watching> {
		const watching = new Watching({ ...options, scope: { cgroups: [cgroup] } }, onBatch);
		context.after(() => watching.end());
		await until(() => watching.isCounting, "the watch counts");
		return watching;
	}

	get ended(): Promise<void> {
		return this.#done;
	}

	async end(): Promise<this> {
		this.#abort.abort();
		await this.#done;
		return this;
	}

	async #follow(options: WatchOptions, onBatch: (batch: WatchBatch) => Promise<void> | void): Promise<void> {
		const { signal } = this.#abort;
		const onCounting = (): void => {
			this.isCounting = true;
		};
		for await (const batch of watch({ ...options, signal, onCounting })) {
			this.exchanges.push(...batch.exchanges);
			this.skipped += batch.skipped;
			this.dropped += batch.dropped;
			this.last = batch.last;
			const newest = batch.exchanges.at(-1);
			if (newest !== undefined) this.latestMs = Math.max(this.latestMs, Date.now() - newest.time.getTime());
			await onBatch(batch);
		}
	}
}

async function prepare(context: TestContext): Promise<[string, Nginx]> {
	const cgroup = makeLiveCgroup(context);
	return [cgroup, await startNginx(context, cgroup)];
}

async function ask(cgroup: string, { port }: Nginx, ...paths: readonly string[]): Promise<void> {
	const words = paths.flatMap((path) => ["-o", "/dev/null", `http://127.0.0.1:${port}${path}`]);
	await run(cgroup, "curl", ["-s", "--path-as-is", ...words]);
}

/** `server GET /ok 200`, sorted. */
function brief(exchanges: readonly WatchedExchange[]): string[] {
	return exchanges.map(({ role, method, path, status }) => `${role} ${method} ${path} ${status}`).sort();
}

test("every exchange, at both ends, with its labels", { skip: skipReason }, async (context) => {
	const [cgroup, nginx] = await prepare(context);
	const watching = await Watching.begin(context, cgroup);
	const before = Date.now();
	await ask(cgroup, nginx, "/users/4711?token=a", "/missing");
	await until(() => watching.exchanges.length === 4, "four exchanges were shown");
	const [server, client] = ["server", "client"].map((role) =>
		watching.exchanges.find((exchange) => exchange.role === role && exchange.status === 200),
	);
	assert.ok(server !== undefined && client !== undefined);
	const { time, latencySeconds, ...labels } = server;
	assert.deepEqual(labels, {
		service: "nginx",
		role: "server",
		protocol: "http/1.1",
		tls: false,
		port: nginx.port,
		peer: null,
		method: "GET",
		path: "/users/4711",
		route: "/users/:id",
		status: 200,
		outcome: "response",
	});
	assert.ok(latencySeconds > 0 && latencySeconds < 10);
	assert.ok(time.getTime() > before - 50 && time.getTime() < Date.now() + 50, "the time is that of the wall clock");
	assert.deepEqual([client.service, client.peer, client.path], ["curl", `127.0.0.1:${nginx.port}`, "/users/4711"]);
	const { last } = await watching.end();
	assert.equal(last && countOf(last), 4);
	assert.deepEqual(last && lossesOf(last), {});
});

test("filters leave out lines, not counts", { skip: skipReason }, async (context) => {
	const [cgroup, nginx] = await prepare(context);
	const cases: readonly [WatchOptions, string[]][] = [
		[{ filter: { statuses: ["4xx"], roles: ["server"] } }, ["server GET /missing 404"]],
		[{ filter: { errorsOnly: true } }, ["client GET /missing 404"]],
		[{ filter: { ports: [nginx.port], paths: ["/users/1*"], services: ["curl"] } }, ["client GET /users/17 200"]],
		[{ filter: { paths: ["/users/:id"], roles: ["client"] } }, ["client GET /users/17 200"]],
		[{ filter: { methods: ["POST"] } }, []],
		[{ filter: { minLatencySeconds: 60 } }, []],
		[
			{ filter: { roles: ["client"] }, query: true },
			["client GET /missing 404", "client GET /users/17?x=1&key=[redacted] 200"],
		],
	];
	for (const [options, expected] of cases) {
		const watching = await Watching.begin(context, cgroup, options);
		await ask(cgroup, nginx, "/users/17?x=1&key=geheim", "/missing");
		const { exchanges, last } = await watching.end();
		assert.deepEqual(brief(exchanges), expected, JSON.stringify(options));
		assert.equal(last && countOf(last), 4);
	}
});

test("it ends after so many exchanges, and leaves nothing in the kernel", { skip: skipReason }, async (context) => {
	const [cgroup, nginx] = await prepare(context);
	// hooks are taken off in the background, those of the test before this one as well
	await until(() => bpfDescriptors() === 0, "nothing is left of earlier watches");
	const watching = await Watching.begin(context, cgroup, { count: 3 });
	await ask(cgroup, nginx, "/ok", "/ok", "/ok", "/ok");
	await watching.ended;
	assert.equal(watching.exchanges.length, 3);
	assert.ok(watching.last !== undefined);
	await until(() => bpfDescriptors() === 0, "nothing is left in the kernel");
});

/** Runs wrk at full speed; returns how many answers it got. */
async function flood(context: TestContext, cgroup: string, { port }: Nginx): Promise<number> {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-wrk-"));
	context.after(() => rmSync(folder, { recursive: true }));
	const script = join(folder, "load.lua");
	writeFileSync(script, 'wrk.path = "/ok"; done = function(s) print(string.format("responses %d", s.requests)) end');
	const words = ["-t", "1", "-c", "16", "-d", `${FLOOD_SECONDS}s`, "--timeout", "60s", "-s", script];
	const { stdout } = await run(cgroup, "wrk", [...words, `http://127.0.0.1:${port}`]);
	return Number(/^responses (\d+)$/m.exec(stdout)?.[1]);
}

test("at full speed, unfiltered: shown, skipped and dropped are what was counted", {
	skip: skipReason,
}, async (context) => {
	const [cgroup, nginx] = await prepare(context);
	const slow = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 300));
	for (const [name, onBatch] of [
		["a quick consumer", () => undefined],
		["a slow consumer", slow],
	] as const) {
		const watching = await Watching.begin(context, cgroup, {}, onBatch);
		const responses = await flood(context, cgroup, nginx);
		const { exchanges, skipped, dropped, last, latestMs } = await watching.end();
		assert.ok(last !== undefined && responses > 100);
		context.diagnostic(
			`${name}: ${responses} answers; ${exchanges.length} shown, ${skipped} skipped, ${dropped} dropped; at most ${latestMs} ms late`,
		);
		assert.equal(exchanges.length + skipped + dropped, countOf(last), name);
		assert.ok(latestMs < 2000 * PATIENCE, `what is shown is not old: ${latestMs} ms`);
		assert.deepEqual(lossesOf(last), {});
		assert.equal(last.facts.watch_dropped, dropped);
		assert.equal(last.facts.watch_path_unknown, 0);
		assert.ok(exchanges.every(({ path, status }) => (path === "/ok" && status === 200) || status === 0));
		if (onBatch === slow && !isEmulated) assert.ok(skipped + dropped > 0, "it cannot have shown all");
	}
});

test("a sample at full speed is a fair share", { skip: skipReason }, async (context) => {
	const [cgroup, nginx] = await prepare(context);
	const watching = await Watching.begin(context, cgroup, { filter: { sampleOneIn: 100 } });
	await flood(context, cgroup, nginx);
	const { exchanges, skipped, dropped, last } = await watching.end();
	const counted = last === undefined ? 0 : countOf(last);
	const expected = counted / 100;
	// six standard deviations of a binomial distribution: left to chance once in 10^9
	const margin = 6 * Math.sqrt(expected) + 1;
	context.diagnostic(`${exchanges.length} of ${counted}, ${expected} expected, give or take ${margin}`);
	assert.ok(Math.abs(exchanges.length - expected) < margin, `${exchanges.length} of ${counted}`);
	assert.deepEqual([skipped, dropped], [0, 0]);
});

test("no more in a second than was asked for", { skip: skipReason }, async (context) => {
	const [cgroup, nginx] = await prepare(context);
	const watching = await Watching.begin(context, cgroup, { mostPerSecond: 100 });
	await flood(context, cgroup, nginx);
	const { exchanges, skipped, dropped, last } = await watching.end();
	assert.ok(last !== undefined && exchanges.length <= 100 * (1 + last.durationSeconds), `${exchanges.length} shown`);
	assert.ok(exchanges.length >= 100 && skipped > 0);
	assert.equal(exchanges.length + skipped + dropped, countOf(last));
});

test("snapshots with samples: the last that failed, newest first", { skip: skipReason }, async (context) => {
	const [cgroup, nginx] = await prepare(context);
	const abort = new AbortController();
	let isCounting = false;
	let last: Snapshot | undefined;
	const snapshots = observe({
		scope: { cgroups: [cgroup] },
		samples: { most: 2 },
		intervalSeconds: 0.1,
		signal: abort.signal,
		onCounting: () => {
			isCounting = true;
		},
	});
	const done = (async () => {
		for await (const snapshot of snapshots) last = snapshot;
	})();
	context.after(async () => {
		abort.abort();
		await done;
	});
	await until(() => isCounting, "it counts");
	await ask(cgroup, nginx, "/missing?1", "/ok", "/none/1", "/none/2");
	await until(() => last?.samples?.length === 2, "samples are there");
	assert.deepEqual(
		last?.samples?.map(({ role, path, status }) => [role, path, status]),
		[
			["client", "/none/2", 404],
			["client", "/none/1", 404],
		],
	);
});
