import assert from "node:assert/strict";
import { test } from "node:test";
import { exchangeFilter, type WatchFilter } from "./exchange.js";
import { makeExchange } from "./testing.js";

const ALL = [
	makeExchange({ path: "/users/1?x", route: "/users/:id", latencySeconds: 0.001 }),
	makeExchange({ path: "/missing", route: "/missing", status: 404, role: "client", service: "curl" }),
	makeExchange({ path: "/b", route: "/b", status: 500, method: "POST", latencySeconds: 2, port: 81 }),
	makeExchange({ path: "/n", route: "/n", status: 0, outcome: "server_closed" }),
];

test("filters", () => {
	const cases: readonly [WatchFilter, string][] = [
		[{}, "0123"],
		[{ errorsOnly: true }, "123"],
		[{ minLatencySeconds: 2 }, "2"],
		[{ statuses: ["4xx", 0] }, "13"],
		[{ paths: ["/users/*"] }, "0"],
		[{ paths: ["/users/1"] }, "0"],
		[{ paths: ["/users/:id", "/b"] }, "02"],
		[{ services: ["cu*"], errorsOnly: true }, "1"],
		[{ ports: [81], methods: ["post"], roles: ["server"] }, "2"],
		[{ paths: ["/x"] }, ""],
	];
	for (const [filter, expected] of cases) {
		const kept = ALL.filter(exchangeFilter(filter));
		assert.equal(kept.map((exchange) => ALL.indexOf(exchange)).join(""), expected, JSON.stringify(filter));
	}
});

test("a sample takes what chance has below its share", () => {
	const draws = [0, 0.09, 0.1, 0.99];
	const isWanted = exchangeFilter({ sampleOneIn: 10 }, () => draws.shift() ?? 1);
	assert.deepEqual(ALL.map(isWanted), [true, true, false, false]);
});

test("a status that cannot be is refused", () => {
	assert.throws(() => exchangeFilter({ statuses: ["7xxx"] }), /neither a status nor a range/);
});
