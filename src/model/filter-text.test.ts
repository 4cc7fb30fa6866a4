import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HttpeekError } from "../base/errors.js";
import { filterTextOf, parseFilterText, textSnapshotFilter } from "./filter-text.js";
import { makeRow, makeSnapshot } from "./testing.js";

test("flags, their short forms, and words", () => {
	for (const [text, filter, words] of [
		["", {}, []],
		["  orders ", {}, ["orders"]],
		["/API users", {}, ["/api", "users"]],
		["--status 5xx --path '/api/**'", { statuses: ["5xx"], paths: ["/api/**"] }, []],
		["--status=5xx,404 status:0", { statuses: ["5xx", "404", "0"] }, []],
		["status:5xx path:/api/** service:nginx x", { statuses: ["5xx"], paths: ["/api/**"], services: ["nginx"] }, ["x"]],
		["port:80,443 role=server method:get", { ports: [80, 443], roles: ["server"], methods: ["get"] }, []],
		['service:"a b" "c d"', { services: ["a b"] }, ["c d"]],
		['service:"not closed', { services: ["not closed"] }, []],
		["10.0.0.9:80 other:thing", {}, ["10.0.0.9:80", "other:thing"]],
	] as const) {
		assert.deepEqual(parseFilterText(text), { filter, words }, text);
	}
});

test("what cannot be used is told while it is typed", () => {
	for (const [text, message] of [
		["--status", "--status needs a value"],
		["status:", "status needs a value"],
		["status:9", /status cannot be used: "9"/],
		["--min-latency 1s", "--min-latency is no filter of the live view"],
		["port:0", /port cannot be used: "0"/],
		["role:both", /role cannot be used: "both"/],
	] as const) {
		assert.throws(() => parseFilterText(text), { message, code: "HTTPEEK_USAGE" }, text);
	}
});

test("property: any text is read or refused, and then filters without throwing", () => {
	const snapshot = makeSnapshot([makeRow()]);
	const piece = fc.constantFrom("--", "status", ":", "=", "5xx", " ", '"', "'", "path", "/**", "x", "port", ",", "80");
	fc.assert(
		fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 12 }), (pieces) => {
			try {
				textSnapshotFilter(parseFilterText(pieces.join("")))(snapshot);
			} catch (error) {
				assert.ok(error instanceof HttpeekError && error.code === "HTTPEEK_USAGE", String(error));
			}
		}),
	);
});

test("words are parts of route, service or peer, in any case; fields and words narrow each other", () => {
	const peer = { role: "client", port: 80, peer: "10.0.0.9:80", established: 1, ended: 0, retransmits: 0 } as const;
	const snapshot = makeSnapshot(
		[
			makeRow({ route: "/Orders", status: 500 }),
			makeRow({ route: "/orders/:id" }),
			makeRow({ route: "/x", role: "client", peer: "10.0.0.9:80" }),
		],
		{
			connections: [{ service: "curl", role: "client", peer: "10.0.0.9:80", outcome: "timeout", count: 3 }],
			peers: [{ service: "curl", ...peer, connectSumSeconds: 0, rttSumSeconds: 0, rttCount: 0 }],
		},
	);
	const shown = (text: string): unknown[] => {
		const { endpoints, connections, peers } = textSnapshotFilter(parseFilterText(text))(snapshot);
		return [endpoints.map(({ route }) => route).sort(), connections.length, peers.length];
	};
	assert.deepEqual(shown("ORDERS"), [["/Orders", "/orders/:id"], 0, 0]);
	assert.deepEqual(shown("orders status:5xx"), [["/Orders"], 0, 0]);
	assert.deepEqual(shown("10.0.0.9"), [["/x"], 1, 1]);
	assert.deepEqual(shown("curl"), [[], 1, 1]);
	assert.deepEqual(shown("port:81"), [[], 0, 0]);
});

test("a filter that is made is read as it was meant, whatever is in a name", () => {
	for (const service of ["nginx", "a b", 'a"b', "it's", "a:b=c"]) {
		assert.deepEqual(parseFilterText(filterTextOf({ service, role: "server" })), {
			filter: { services: [service], roles: ["server"] },
			words: [],
		});
	}
});

test("property: a filter that is made can be read and lets its own row through", () => {
	fc.assert(
		fc.property(fc.string({ unit: "binary" }), (service) => {
			const filter = textSnapshotFilter(parseFilterText(filterTextOf({ service, role: "server" })));
			assert.equal(filter(makeSnapshot([makeRow({ service })])).endpoints.length, 1);
		}),
		{ numRuns: 1000 },
	);
});
