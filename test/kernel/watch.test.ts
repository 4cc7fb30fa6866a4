/** What a watcher is sent: bytes in, exchanges out of the ring. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { type KernelWatch, watchConfig } from "../../src/capture/watch-config.js";
import type { WatchedExchange } from "../../src/model/snapshot.js";
import { Limit } from "../../src/wire/layout.js";
import { conversation, type Split } from "./conversation.js";
import { lines } from "./counts.js";
import { Harness, skipReason } from "./harness.js";
import { answer } from "./messages.js";

const get = (target: string): string => `GET ${target} HTTP/1.1\r\nX: secret\r\n\r\n`;
/** The packet that the harness is given holds no more than some 250 segments. */
const SPLITS: readonly Split[] = [[], "every byte", 3, 17];
const LONG_SPLITS: readonly Split[] = [[], 7, 17, 240];
/** Of an event and its header in the ring. */
const RECORD_BYTES = 304;
const LEAST_RING_BYTES = 65_536;

/** One for each configuration: loading takes half a minute where the oldest kernel is emulated. */
const harnesses = new Map<string, Harness>();
after(() => {
	for (const harness of harnesses.values()) harness.close();
});

function watching(watch: KernelWatch = {}): Harness {
	const key = JSON.stringify(watch);
	const harness = harnesses.get(key) ?? new Harness({ maxEndpoints: 1000 }, {}, { watch: watchConfig(watch) });
	harnesses.set(key, harness);
	return harness;
}

function brief(exchanges: readonly WatchedExchange[]): string[] {
	return exchanges.map(({ method, path, status, outcome }) => `${method} ${path} ${status || outcome}`);
}

describe("what a watcher is sent", { skip: skipReason }, () => {
	test("nothing, unless somebody watches", (context) => {
		const harness = new Harness({ maxEndpoints: 100 });
		context.after(() => harness.close());
		const played = harness.play(conversation().request(get("/a")).response(answer(200)));
		assert.deepEqual(lines(played.exchanges), ["GET /a 200"]);
		assert.deepEqual(harness.watched(), []);
	});

	test("every exchange with all that is known of it, from both ends and however it is cut", () => {
		const harness = watching();
		for (const role of ["server", "client"] as const) {
			for (const split of SPLITS) {
				const played = harness.play(
					conversation({ role, split })
						.request(get("/users/4711"))
						.response(answer(200, "x"))
						.request("PURGE /p HTTP/1.0\r\n\r\n")
						.response(answer(503))
						.request(get("http://a.b/q?a=b"))
						.response(answer(404)),
				);
				const exchanges = harness.watched();
				const where = `${role}, cut by ${JSON.stringify(split)}`;
				assert.deepEqual(brief(exchanges), ["GET /users/4711 200", "_OTHER /p 503", "GET /q 404"], where);
				assert.deepEqual(
					exchanges.map(({ route }) => route),
					["/users/:id", "/p", "/q"],
				);
				assert.deepEqual(played.counters, {}, where);
				const [first, second] = exchanges;
				assert.ok(first !== undefined && second !== undefined);
				assert.equal(first.role, role);
				assert.equal(first.peer === null, role === "server");
				assert.deepEqual([first.protocol, second.protocol, first.tls], ["http/1.1", "http/1.0", false]);
				assert.ok(first.latencySeconds >= 0 && first.latencySeconds < 10);
				assert.ok(Math.abs(first.time.getTime() - Date.now()) < 60_000, `${first.time.toISOString()} is now`);
				assert.ok(first.time <= second.time);
			}
		}
	});

	test("targets of every form", () => {
		const harness = watching();
		const targets: readonly [line: string, shown: string][] = [
			["OPTIONS * HTTP/1.1", "OPTIONS * 200"],
			["GET http://a.example HTTP/1.1", "GET / 200"],
			["GET http://a.example?x=1 HTTP/1.1", "GET / 200"],
			["POST https://a.example:8443/x/y?z HTTP/1.1", "POST /x/y 200"],
			["HEAD /h HTTP/1.1", "HEAD /h 200"],
			["GET /#f HTTP/1.1", "GET / 200"],
			["GET /a\tb HTTP/1.1", "GET /a 200"],
			["DELETE / HTTP/1.0", "DELETE / 200"],
			["CONNECT db.example:5432 HTTP/1.1", "CONNECT db.example:5432 200"],
		];
		for (const [line, shown] of targets) {
			harness.play(conversation().request(`${line}\r\n\r\n`).response(answer(200)));
			assert.deepEqual(brief(harness.watched()), [shown]);
		}
	});

	test("queries leave the kernel only on request, headers never", () => {
		const target = "/a?token=geheim&x=1";
		const [without, including] = [watching(), watching({ query: true })];
		for (const harness of [without, including]) {
			harness.play(conversation().request(get(target)).response(answer(200)));
		}
		assert.deepEqual(brief(without.watched({ query: true, raw: true })), ["GET /a 200"]);
		assert.deepEqual(brief(including.watched({ query: true })), ["GET /a?token=[redacted]&x=1 200"]);
	});

	test("a long path is cut, and says so; one that just fits is not", () => {
		const harness = watching();
		for (const split of LONG_SPLITS) {
			for (const length of [1, 7, 8, 9, Limit.PATH_BYTES - 1, Limit.PATH_BYTES, Limit.PATH_BYTES + 1, 900]) {
				const path = `/${"p/".repeat(length)}`.slice(0, length);
				harness.play(conversation({ split }).request(get(path)).response(answer(200)));
				const [exchange] = harness.watched();
				const isCut = length >= Limit.PATH_BYTES;
				assert.equal(exchange?.path, isCut ? `${path.slice(0, Limit.PATH_BYTES)}…` : path, `${length} bytes`);
			}
		}
	});

	test("hostile bytes come out as they went in", () => {
		const harness = watching();
		for (const path of ["/\x1b[2J", "/\x00\x01\x7f", "/\xff\xfe", "/a\x0bb\x0c"]) {
			harness.play(conversation().request(get(path)).response(answer(200)));
			const [exchange] = harness.watched();
			const bytes = [...(exchange?.path ?? "")].map((character) => character.charCodeAt(0) & 0xff);
			assert.deepEqual(bytes, [...Buffer.from(path, "latin1")]);
		}
	});

	test("pipelined requests keep their own paths, those too many to be paired are not sent", () => {
		const harness = watching();
		for (const depth of [2, 16, 20]) {
			const numbers = Array.from({ length: depth }, (_, i) => i);
			const c = conversation();
			for (const i of numbers) c.request(get(`/n/x${i}`));
			for (const i of numbers) c.response(answer(200 + i));
			harness.play(c.request(get("/after")).response(answer(299)));
			const sent = numbers.slice(0, 16).map((i) => `GET /n/x${i} ${200 + i}`);
			assert.deepEqual(brief(harness.watched()), [...sent, "GET /after 299"], `${depth} deep`);
		}
	});

	test("interim responses are no exchanges; 101 and answers to nothing", () => {
		const harness = watching();
		harness.play(
			conversation()
				.response(answer(408))
				.request(get("/a"))
				.response("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\n\r\n")
				.response(answer(200))
				.request(get("/ws"))
				.response("HTTP/1.1 101 x\r\n\r\n"),
		);
		assert.deepEqual(brief(harness.watched()), ["GET /a 200", "GET /ws 101"]);
	});

	test("requests that get no answer", () => {
		const harness = watching();
		for (const role of ["server", "client"] as const) {
			const outcome = `${role}_closed`;
			const played = harness.play(
				conversation({ role, isClosed: true })
					.request(get("/a"))
					.request(get("/b?x"))
					.response(answer(200))
					.request(get("/c")),
			);
			assert.deepEqual(brief(harness.watched()), ["GET /a 200", `GET /b ${outcome}`, `GET /c ${outcome}`]);
			assert.deepEqual(lines(played.exchanges), ["GET /a 200", `GET /b ${outcome}`, `GET /c ${outcome}`]);
		}
	});

	test("a connection met in its middle", () => {
		const harness = watching();
		harness.play(conversation({ isAdopted: true }).request(get("/a/1")).response(answer(200)));
		assert.deepEqual(brief(harness.watched()), ["GET /a/1 200"]);
	});
});

describe("filters in the kernel", { skip: skipReason }, () => {
	const CASES: readonly [name: string, watch: KernelWatch, sent: readonly string[]][] = [
		["a status", { statuses: ["404"] }, ["GET /b 404"]],
		["ranges", { statuses: ["2xx", "500-502"] }, ["GET /a 200", "POST /c 500"]],
		["no response", { statuses: [0] }, ["GET /d server_closed"]],
		["errors of a server", { errorsOnly: true }, ["POST /c 500", "GET /d server_closed"]],
		["errors and a status", { errorsOnly: true, statuses: ["4+"] }, ["POST /c 500"]],
		["a method", { methods: ["post"] }, ["POST /c 500"]],
		["methods that nobody knows", { methods: ["BREW"] }, []],
		["a role", { roles: ["client"] }, []],
		["the other role", { roles: ["server"], methods: ["POST"] }, ["POST /c 500"]],
		["a port that is not asked", { ports: [1, 65_535] }, []],
		["slower than any", { minLatencySeconds: 3600 }, []],
		["slow ones or failed ones", { errorsOnly: true, slowSeconds: 3600 }, ["POST /c 500", "GET /d server_closed"]],
		[
			"anything is slow",
			{ errorsOnly: true, slowSeconds: 0 },
			["GET /a 200", "GET /b 404", "POST /c 500", "GET /d server_closed"],
		],
	];
	for (const [name, watch, sent] of CASES) {
		test(name, () => {
			const harness = watching(watch);
			const played = harness.play(
				conversation({ isClosed: true })
					.request(get("/a"))
					.response(answer(200))
					.request(get("/b"))
					.response(answer(404))
					.request("POST /c HTTP/1.1\r\n\r\n")
					.response(answer(500))
					.request(get("/d")),
			);
			assert.deepEqual(brief(harness.watched()), sent);
			assert.equal(played.exchanges.length, 4, "all are counted");
			assert.deepEqual(played.counters, {});
		});
	}

	test("errors of a client are 4xx, too; its port is the server's", () => {
		const harness = watching({ errorsOnly: true });
		const play = () => harness.play(conversation({ role: "client" }).request(get("/a")).response(answer(404)));
		play();
		const [exchange] = harness.watched();
		assert.equal(exchange?.status, 404);
		const other = watching({ ports: [exchange?.port ?? 0] });
		other.play(conversation({ role: "client" }).request(get("/a")).response(answer(404)));
		// BPF_PROG_TEST_RUN's socket has no ports: the bitmap has no bit for 0 unless it is asked for
		assert.equal(other.watched().length, 1);
	});

	test("a share of one in eight, at random", () => {
		const harness = watching({ sampleOneIn: 8 });
		let sent = 0;
		for (let i = 0; i < 40; i++) {
			harness.play(conversation().request(get("/a"), { repeat: 16 }).response(answer(200), { repeat: 16 }));
			sent += harness.watched().length;
		}
		// 640 trials of 1/8: 80 on average, a deviation of 8.4; six of them are left to chance once in 10^9
		assert.ok(sent > 30 && sent < 130, `${sent} of 640`);
	});

	test("a full ring loses lines, no counts, and says how many", () => {
		const harness = watching();
		const fits = Math.floor(LEAST_RING_BYTES / RECORD_BYTES);
		const sent = 16 * 20;
		let [counted, dropped] = [0, 0];
		for (let i = 0; i < 20; i++) {
			const played = harness.play(
				conversation().request(get("/a"), { repeat: 16 }).response(answer(200), { repeat: 16 }),
			);
			counted += played.exchanges.reduce((sum, { count }) => sum + count, 0);
			dropped += played.counters.watch_dropped ?? 0;
		}
		const exchanges = harness.watched();
		assert.equal(counted, sent);
		assert.ok(Math.abs(exchanges.length - fits) <= 1, `${exchanges.length} of ${fits} that fit`);
		assert.equal(exchanges.length + dropped, sent);
		harness.play(conversation().request(get("/again")).response(answer(200)));
		assert.deepEqual(brief(harness.watched()), ["GET /again 200"], "there is room again");
	});

	test("exchanges under (other) have their own method and path", (context) => {
		const harness = new Harness({ maxEndpoints: 1 }, {}, { watch: watchConfig({ methods: ["PUT"] }) });
		context.after(() => harness.close());
		const c = conversation().request(get("/a")).response(answer(200));
		for (const path of ["/b", "/c"]) c.request(`PUT ${path} HTTP/1.1\r\n\r\n`).response(answer(201));
		harness.play(c);
		const exchanges = harness.watched();
		assert.deepEqual(brief(exchanges), ["PUT /b 201", "PUT /c 201"]);
		assert.deepEqual(
			exchanges.map(({ route }) => route),
			["(other)", "(other)"],
		);
	});
});
