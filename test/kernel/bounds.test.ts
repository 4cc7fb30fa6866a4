/** What happens when tables are full: rows are merged or missing, totals and losses tell. */
import assert from "node:assert/strict";
import { after, afterEach, describe, test } from "node:test";
import { Limit } from "../../src/wire/layout.js";
import { conversation } from "./conversation.js";
import { lines } from "./counts.js";
import { Harness, type Played, skipReason } from "./harness.js";
import { answer } from "./messages.js";

/** One exchange on each of so many routes, on one connection. */
function visit(harness: Harness, from: number, to: number, status = 200): Played {
	const c = conversation();
	for (let route = from; route < to; route++) c.request(`GET /r-${route} HTTP/1.1\r\n\r\n`).response(answer(status));
	return harness.play(c);
}

describe("bounds", { skip: skipReason }, () => {
	let harness: Harness | undefined;
	/** A fresh harness: these tests fill its tables. */
	const load = (...options: ConstructorParameters<typeof Harness>): Harness => {
		harness = new Harness(...options);
		return harness;
	};
	const close = (): void => {
		harness?.close();
		harness = undefined;
	};
	afterEach(close);
	after(close);

	test("endpoints over the limit are counted under (other), and counted as such", () => {
		const full = load({ maxEndpoints: 10 });
		const first = visit(full, 0, 15);
		assert.deepEqual(
			lines(first.exchanges),
			[...Array.from({ length: 10 }, (_, route) => `GET /r-${route} 200`), "_OTHER (other) 200 x5"].sort(),
		);
		assert.deepEqual(first.counters, { endpoints_other: 5 });
		assert.equal(first.inFlight, 0);

		// known ones keep their rows, new ones have none
		const second = visit(full, 8, 14, 404);
		assert.deepEqual(lines(second.exchanges), ["GET /r-8 404", "GET /r-9 404", "_OTHER (other) 404 x4"]);
		assert.deepEqual(second.counters, { endpoints_other: 4 });
		assert.equal(second.inFlight, 0);
	});

	test("requests in flight under (other) are known to be", () => {
		const full = load({ maxEndpoints: 1 });
		const played = full.play(conversation().request("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n".repeat(2)));
		assert.deepEqual(played.exchanges, []);
		assert.equal(played.inFlight, 4);
	});

	test("servers and clients have an (other) row each", () => {
		const full = load({ maxEndpoints: 0 });
		for (const role of ["server", "client"] as const) {
			const played = full.play(conversation({ role }).request("GET /a HTTP/1.1\r\n\r\n").response(answer(200)));
			assert.deepEqual(
				played.exchanges.map((exchange) => [exchange.role, exchange.route, exchange.count]),
				[[role, "(other)", 1]],
			);
		}
	});

	test("an endpoint whose cells ran out is counted under (other); nothing stays in flight", () => {
		const full = load({ maxEndpoints: 10 }, { cells: Limit.OTHER_CELLS + 3, stripes: 1 });
		const played = visit(full, 0, 5);
		assert.deepEqual(lines(played.exchanges), [
			"GET /r-0 200",
			"GET /r-1 200",
			"GET /r-2 200",
			"_OTHER (other) 200 x2",
		]);
		assert.deepEqual(played.counters, { endpoints_other: 2 });
		assert.equal(played.inFlight, 0);
	});

	test("exchanges without any cell are lost, and counted as lost", () => {
		const full = load({ maxEndpoints: 10 }, { cells: 3, stripes: 1 });
		const c = conversation();
		for (const status of [200, 201, 202, 203, 204, 200]) c.request("GET /a HTTP/1.1\r\n\r\n").response(answer(status));
		const played = full.play(c);
		assert.deepEqual(lines(played.exchanges), ["_OTHER (other) 200 x2", "_OTHER (other) 201"]);
		assert.deepEqual(played.counters, { endpoints_other: 3, cells_full: 3 });
		// in flight by the counters: those that ended without being counted are not
		assert.equal(played.inFlight, 0);
	});

	test("one service takes seven eighths of the table, the rest is for others", () => {
		const full = load({ maxEndpoints: 64 });
		const played = visit(full, 0, 64);
		const named = played.exchanges.filter(({ route }) => route !== "(other)");
		assert.equal(named.length, 56);
		assert.deepEqual(played.counters, { endpoints_other: 8 });
	});

	test("any number of routes: totals are exact", () => {
		const full = load({ maxEndpoints: 100 });
		let [counted, others] = [0, 0];
		for (let round = 0; round < 40; round++) {
			const played = visit(full, round * 7, round * 7 + 30);
			counted += played.exchanges.reduce((sum, { count }) => sum + count, 0);
			others += played.exchanges.reduce((sum, { route, count }) => sum + (route === "(other)" ? count : 0), 0);
			assert.equal(
				played.counters.endpoints_other ?? 0,
				played.exchanges.find(({ route }) => route === "(other)")?.count ?? 0,
			);
		}
		assert.equal(counted, 40 * 30);
		assert.ok(others > 0);
	});
});
