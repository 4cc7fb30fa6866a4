import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { wireText } from "../base/escape.js";
import { histogramOf } from "../model/histogram.js";
import type { PeerRow } from "../model/snapshot.js";
import { makeLosses, makeRow, makeSnapshot } from "../model/testing.js";
import { CSV_HEADER } from "./csv.js";
import { formatSnapshot, streamHeader } from "./format.js";
import { type OutputFormat, REPORT_FORMATS } from "./format-names.js";

const plain = { color: false };
const PEER: PeerRow = {
	...{ service: "curl", role: "client", port: 80, peer: "10.0.0.9:80", established: 4, ended: 3, retransmits: 1 },
	...{ connectSumSeconds: 0.008, rttSumSeconds: 0, rttCount: 0 },
};
const shop = makeSnapshot([
	makeRow({ route: "/api/users", status: 200, count: 300, inFlight: 1 }),
	makeRow({ route: "/api/users", status: 404, count: 12, latency: histogramOf([2e6, 4e6]) }),
	makeRow({ route: "/api/users", status: 404, count: 3, method: "POST", service: "other", latency: histogramOf([]) }),
	makeRow({ route: "/pay", role: "client", status: 0, count: 2, service: "shop" }),
	makeRow({ route: "/api/users", role: "client", status: 200, count: 300, service: "curl" }),
]);

test("lines: summed up by route and status, most-used first, each exchange once", () => {
	assert.equal(
		formatSnapshot(shop, "lines", plain),
		[
			"Endpoint: /api/users, Status Code: 200, Count: 300\n",
			"Endpoint: /api/users, Status Code: 404, Count: 15\n",
			"Endpoint: /pay, Status Code: 0, Count: 2\n",
		].join(""),
	);
	assert.equal(formatSnapshot(shop, "lines", { ...plain, limit: 1 }).split("\n").length, 2);
});

test("lines: connections are endpoints of their own, endpoints without counts are none", () => {
	const snapshot = makeSnapshot([makeRow({ count: 0, inFlight: 1, status: 0, outcome: "in_flight" })], {
		connections: [
			{ service: "curl", role: "client", peer: "10.0.0.9:80", outcome: "timeout", count: 2 },
			{ service: "wget", role: "client", peer: "10.0.0.9:80", outcome: "timeout", count: 1 },
		],
	});
	assert.equal(formatSnapshot(snapshot, "lines", plain), "Endpoint: timeout, Status Code: 0, Count: 3\n");
	assert.equal(formatSnapshot(makeSnapshot(), "lines", plain), "");
});

test("json: names and their order are those of httpeek/1", () => {
	const snapshot = makeSnapshot(
		[
			makeRow({ route: "/users/:id", status: 404, count: 2, inFlight: 1, latency: histogramOf([1e9, 1e9]) }),
			makeRow({ route: "/gone", status: 0, role: "client" }),
		],
		{
			connections: [{ service: "curl", role: "client", peer: "10.0.0.9:80", outcome: "timeout", count: 3 }],
			losses: makeLosses({ requests: 1, detail: { request_gap: 1 } }),
			peers: [PEER],
		},
	);
	assert.equal(
		formatSnapshot(snapshot, "json", plain),
		'{"schema":"httpeek/1","started_at":"2026-01-02T03:04:05.678Z","ended_at":"2026-01-02T03:04:15.678Z",' +
			'"duration_seconds":10,"endpoints":[' +
			'{"service":"shop","role":"server","protocol":"http/1.1","tls":false,"port":8080,"peer":null,"method":"GET",' +
			'"route":"/users/:id","status":404,"outcome":"response","count":2,"in_flight":1,' +
			'"latency_seconds":{"count":2,"sum":2,"p50":0.957603281,"p90":0.991373087,"p99":0.999133941}},' +
			'{"service":"shop","role":"client","protocol":"http/1.1","tls":false,"port":8080,"peer":"127.0.0.1:8080",' +
			'"method":"GET","route":"/gone","status":0,"outcome":"client_closed","count":1,"in_flight":0,' +
			'"latency_seconds":{"count":0,"sum":0,"p50":null,"p90":null,"p99":null}}],' +
			'"connections":[{"service":"curl","role":"client","peer":"10.0.0.9:80","outcome":"timeout","count":3}],' +
			'"losses":{"requests":1,"responses":0,"endpoints_other":0,"request_gap":1},' +
			'"peers":[{"service":"curl","role":"client","port":80,"peer":"10.0.0.9:80","established":4,"ended":3,' +
			'"retransmits":1,"connect_seconds":0.002,"rtt_seconds":null}]}\n',
	);
});

test("csv: a header and a record for each row", () => {
	const snapshot = makeSnapshot([makeRow({ route: '/a,"b"', latency: histogramOf([1e9]) })]);
	assert.equal(
		streamHeader("csv") + formatSnapshot(snapshot, "csv", plain),
		"ended_at,service,role,protocol,tls,port,peer,method,route,status,outcome,count,in_flight,latency_count," +
			"latency_sum_seconds,latency_p50_seconds,latency_p90_seconds,latency_p99_seconds\n" +
			'2026-01-02T03:04:15.678Z,shop,server,http/1.1,false,8080,,GET,"/a,""b""",200,response,1,0,1,1,' +
			"0.957603281,0.991373087,0.999133941\n",
	);
	assert.equal(streamHeader("json"), "");
});

test("table: columns are aligned, then totals and losses", () => {
	const snapshot = makeSnapshot(
		[
			makeRow({ route: "/api/users", status: 200, count: 12_000, inFlight: 2 }),
			makeRow({ route: "/pay", status: 503, count: 34, method: "DELETE" }),
			makeRow({ route: "/pay", status: 0, count: 1 }),
		],
		{ losses: makeLosses({ requests: 2, endpoints_other: 5, detail: { request_gap: 2, busy: 0 } }) },
	);
	assert.equal(
		formatSnapshot(snapshot, "table", plain),
		[
			"SERVICE  ROLE    PORT  METHOD  ENDPOINT           STATUS  COUNT    RATE      P50      P90      P99",
			"shop     server  8080  GET     /api/users            200  12000  1200/s  1.02 ms  1.06 ms  1.06 ms",
			"shop     server  8080  DELETE  /pay                  503     34  3.40/s  1.02 ms  1.06 ms  1.06 ms",
			"shop     server  8080  GET     /pay        client closed      1  0.10/s        -        -        -",
			"",
			"12035 exchanges in 10.0 s (1204/s), 35 errors (0.29 %), 1 unanswered, 2 in flight, p50 1.02 ms, p99 1.06 ms",
			"LOST up to 2 requests and 0 responses: request_gap 2 (docs/losses.md)",
			"5 exchanges are under (other): more endpoints than --max-endpoints",
			"",
		].join("\n"),
	);
});

test("table: it fits the terminal, loses columns before it loses endpoints, and says what --limit hides", () => {
	const long = makeSnapshot([makeRow({ route: `/${"long/".repeat(40)}`, count: 5 }), makeRow({ route: "/b" })]);
	for (const width of [120, 80, 60, 25, 3]) {
		const [header = "", first = ""] = formatSnapshot(long, "wide", { color: false, width }).split("\n");
		assert.ok(header.length <= width && first.length <= width, `${width}: ${header}`);
		if (width >= 60) {
			assert.match(header, /METHOD {2}ENDPOINT .*STATUS {2}COUNT/);
			assert.match(first, /\/long.*…/);
		}
	}
	assert.match(formatSnapshot(long, "table", { color: false, limit: 1 }), /\n… and 1 more rows\n/);
	assert.match(formatSnapshot(makeSnapshot(), "table", plain), /^no HTTP exchange was seen\n\n0 exchanges in 10.0 s/);
});

test("table: what was served and what was called, separated, each with the column that tells it apart", () => {
	const lines = formatSnapshot(shop, "table", { ...plain, byRole: true, limit: 2 }).split("\n");
	assert.deepEqual(
		lines.map((line) => line.replace(/ {2}.*/, "")),
		[
			...["Served (requests that came in)", "SERVICE", "shop", "shop", "… and 1 more rows", ""],
			...["Called (requests that went out)", "SERVICE", "curl", "shop", ""],
			lines.at(-2),
			"",
		],
	);
	assert.match(lines[1] ?? "", /^SERVICE +PORT +METHOD/);
	assert.match(lines[7] ?? "", /^SERVICE +PEER +METHOD/);
	const onlyCalls = formatSnapshot(makeSnapshot([makeRow({ role: "client" })]), "wide", { ...plain, byRole: true });
	assert.match(onlyCalls, /^Called .*\nSERVICE +PEER +PROTOCOL/);
	assert.match(formatSnapshot(makeSnapshot(), "table", { ...plain, byRole: true }), /^no HTTP exchange was seen\n/);
});

test("table: colours only when asked for, and they change no text", () => {
	const colored = formatSnapshot(shop, "table", { color: true });
	assert.ok(colored.includes("\u001b[33m"));
	assert.equal(stripVTControlCharacters(colored), formatSnapshot(shop, "table", plain));
});

const hostile = Uint8Array.from([
	0x2f, 0x0a, 0x1b, 0x5b, 0x32, 0x4a, 0x22, 0x2c, 0x5c, 0xff, 0xe2, 0x80, 0xae, 0x20, 0x27,
]);

test("hostile bytes come out escaped in every format", () => {
	const printed: Readonly<Record<OutputFormat, string>> = {
		lines: "Endpoint: /\\x0a\\x1b[2J\",\\\\\\xff\\u{202e}\\x20', Status Code: 200, Count: 1\n",
		json: '"route":"/\\n\\u001b[2J\\",\\\\\\\\xff\\u202e \'"',
		csv: ',"/\\x0a\\x1b[2J"",\\\\\\xff\\u{202e} \'",',
		table: "  /\\x0a\\x1b[2J\",\\\\\\xff\\u{202e} '  ",
		wide: "  /\\x0a\\x1b[2J\",\\\\\\xff\\u{202e} '  ",
		markdown: "| `/\\x0a\\x1b[2J\",\\\\\\xff\\u{202e} '` |",
	};
	const snapshot = makeSnapshot([makeRow({ route: wireText(hostile) })]);
	for (const format of REPORT_FORMATS) {
		const text = formatSnapshot(snapshot, format, plain);
		assert.ok(text.includes(printed[format]), `${format}: ${text}`);
	}
});

test("property: whatever routes and services are, records are lines, and nothing unprintable comes out", () => {
	const text = fc.uint8Array({ maxLength: 20 }).map(wireText);
	fc.assert(
		fc.property(text, text, text, (route, service, peer) => {
			const snapshot = makeSnapshot([makeRow({ route, service, peer })], {
				connections: [{ service, role: "client", peer, outcome: "timeout", count: 3 }],
			});
			for (const format of REPORT_FORMATS) {
				const output = formatSnapshot(snapshot, format, plain);
				assert.ok(!/(?![ \n])[\p{C}\p{Z}]/u.test(output), JSON.stringify(output));
			}
			assert.equal(formatSnapshot(snapshot, "lines", plain).split("\n").length, 3);
			assert.equal(formatSnapshot(snapshot, "json", plain).split("\n").length, 2);
			const record = formatSnapshot(snapshot, "csv", plain);
			assert.equal(parseCsvLine(record.trimEnd()).length, CSV_HEADER.split(",").length);
		}),
	);
});

/** Fields of a record, by the rules of RFC 4180. */
function parseCsvLine(line: string): string[] {
	return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");
}

test("table: established connections stand below the endpoints, with means", () => {
	const server: PeerRow = { ...PEER, role: "server", peer: null, port: 8080, rttSumSeconds: 0.006, rttCount: 3 };
	const text = formatSnapshot(makeSnapshot([], { peers: [PEER, server] }), "table", plain);
	assert.deepEqual(text.split("\n").slice(-4, -1), [
		"SERVICE  ROLE    PEER                  CONNECTIONS  ENDED  CONNECT      RTT  RETRANSMITS",
		"curl     client  10.0.0.9:80                     4      3  2.00 ms        -            1",
		"curl     server  clients of port 8080            4      3        -  2.00 ms            1",
	]);
	const many = formatSnapshot(makeSnapshot([], { peers: Array.from({ length: 25 }, () => PEER) }), "table", plain);
	assert.match(many, /… and 5 more peers\n$/);
});
