import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpeekError } from "../base/errors.js";
import { type Filter, parseStatus, rowFilter, snapshotFilter } from "./filter.js";
import { makeExchange, makeRow, makeSnapshot } from "./testing.js";

const rows = [
	makeRow({ route: "/users/:id", status: 200, port: 80, service: "web" }),
	makeRow({ route: "/users/:id", status: 404, port: 80, service: "web", method: "POST" }),
	makeRow({ route: "/health", status: 503, port: 8080, service: "shop/api" }),
	makeRow({ route: "/pay", status: 0, port: 9000, role: "client", service: "shop" }),
	makeRow({ route: "/slow", status: 0, outcome: "in_flight", count: 0, inFlight: 1, port: 80, service: "web" }),
];

test("filters beside the rows they leave", () => {
	for (const [filter, left] of [
		[{}, [0, 1, 2, 3, 4]],
		[{ ports: [] }, [0, 1, 2, 3, 4]],
		[{ ports: [80] }, [0, 1, 4]],
		[{ ports: [8080, 9000] }, [2, 3]],
		[{ roles: ["client"] }, [3]],
		[{ methods: ["post"] }, [1]],
		[{ statuses: ["404"] }, [1]],
		[{ statuses: [404, "5xx"] }, [1, 2]],
		[{ statuses: ["4+"] }, [1, 2]],
		[{ statuses: ["0"] }, [3]],
		[{ paths: ["/users/*", "/pay"] }, [0, 1, 3]],
		[{ services: ["shop"] }, [3]],
		[{ services: ["shop*"] }, [2, 3]],
		[{ ports: [80], statuses: ["200-299"] }, [0]],
		[{ ports: [80], roles: ["client"] }, []],
	] as readonly (readonly [Filter, readonly number[]])[]) {
		const matches = rowFilter(filter);
		assert.deepEqual(
			rows.flatMap((row, index) => (matches(row) ? [index] : [])),
			left,
			JSON.stringify(filter),
		);
	}
});

test("statuses are codes, classes and ranges", () => {
	assert.deepEqual(["404", "5XX", "400-499", "5+", 0].map(parseStatus), [
		{ from: 404, to: 404 },
		{ from: 500, to: 599 },
		{ from: 400, to: 499 },
		{ from: 500, to: 999 },
		{ from: 0, to: 0 },
	]);
	for (const text of ["", "4x", "499-400", "40", "4044", "abc", "-1", "0xx", "404,500"]) {
		assert.throws(() => parseStatus(text), HttpeekError, text);
	}
	assert.throws(() => rowFilter({ ports: [65_536] }), /not between 1 and 65535/);
});

test("connections are filtered by what they have", () => {
	const snapshot = makeSnapshot(rows, {
		connections: [{ service: "curl", role: "client", peer: "10.0.0.9:80", outcome: "timeout", count: 3 }],
		peers: [
			{
				...{ service: "curl", role: "client", port: 80, peer: "10.0.0.9:80", established: 1, ended: 0, retransmits: 0 },
				...{ connectSumSeconds: 0, rttSumSeconds: 0, rttCount: 0 },
			},
		],
	});
	for (const [filter, connections] of [
		[{}, 1],
		[{ ports: [80] }, 1],
		[{ ports: [8] }, 0],
		[{ roles: ["server"] }, 0],
		[{ services: ["curl"] }, 1],
		[{ statuses: ["5xx"] }, 0],
	] as readonly (readonly [Filter, number])[]) {
		const filtered = snapshotFilter(filter)(snapshot);
		assert.deepEqual(
			[filtered.connections.length, filtered.peers.length],
			[connections, connections],
			JSON.stringify(filter),
		);
	}
});

test("samples are filtered as rows are", () => {
	const samples = [makeExchange({ status: 404 }), makeExchange({ status: 500, service: "x" })];
	const filtered = snapshotFilter({ statuses: ["5xx"] })(makeSnapshot([], { samples }));
	assert.deepEqual(filtered.samples, [samples[1]]);
	assert.ok(!("samples" in snapshotFilter({})(makeSnapshot())));
});
