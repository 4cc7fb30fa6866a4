import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { displayWidth } from "../base/width.js";
import type { WatchedExchange } from "../model/snapshot.js";
import { makeExchange } from "../model/testing.js";
import { formatExchangeJson, parseExchangeJson } from "./exchange-json.js";
import { type ExchangeFormatOptions, exchangeFormatter, exchangeHeader } from "./exchanges.js";
import type { ExchangeFormat } from "./format-names.js";

function formatted(
	fields: Partial<WatchedExchange> = {},
	format: ExchangeFormat = "lines",
	options: Partial<ExchangeFormatOptions> = {},
): string {
	return exchangeFormatter(format, { color: false, ...options })(makeExchange(fields));
}

const time = new Date(2026, 0, 2, 3, 4, 5, 67);

test("lines", () => {
	assert.equal(
		formatted({ time, path: "/users/4711", latencySeconds: 0.00104 }),
		"03:04:05.067  server  shop            GET      /users/4711                       200  1.04 ms\n",
	);
	assert.equal(
		formatted({ time, role: "client", status: 0, outcome: "server_closed", path: "/a b" }),
		"03:04:05.067  client  shop            GET      /a\\x20b                           server closed  1.00 ms  127.0.0.1:8080\n",
	);
	assert.match(formatted({ path: `/${"long".repeat(20)}` }), / \/(?:long){20} {2}200 /);
});

test("colours by class, and never colours alone", () => {
	for (const [status, code] of [
		[200, undefined],
		[304, "2"],
		[404, "33"],
		[503, "31"],
	] as const) {
		const line = formatted({ status }, "lines", { color: true });
		assert.ok(line.includes(code === undefined ? `  ${status}  ` : `\u001b[${code}m${status}\u001b[0m`), line);
	}
	const unanswered = formatted({ status: 0, outcome: "client_closed" }, "lines", { color: true });
	assert.match(unanswered, /client closed/);
});

test("on a terminal no line is wider, and what matters is the last to go", () => {
	const fields = {
		role: "client",
		path: "/a/rather/long/path/that/goes/on/and/on",
		service: "a-long-service-name",
	} as const;
	for (const width of [300, 120, 100, 80, 72, 60]) {
		const line = formatted(fields, "lines", { width });
		assert.ok(displayWidth(line.trimEnd()) <= width, `${width}: ${line}`);
		assert.match(line, /GET .*\/a\/rather.* 200 .*1\.00 ms/);
	}
	assert.match(formatted(fields, "lines", { width: 40 }), /GET .* 200 .*1\.00 ms/);
});

test("csv", () => {
	assert.equal(
		exchangeHeader("csv"),
		"time,role,service,method,path,route,status,outcome,latency_seconds,port,peer,protocol,tls\n",
	);
	assert.equal(
		formatted({ path: '/a,"b"', route: "=1" }, "csv"),
		`2026-01-02T03:04:05.678Z,server,shop,GET,"/a,""b""",'=1,200,response,0.001,8080,,http/1.1,false\n`,
	);
	for (const format of ["lines", "json"] as const) assert.equal(exchangeHeader(format), "");
});

test("json: the members of a row and their order are firm", () => {
	assert.equal(
		formatted({ role: "client", latencySeconds: 0.1 + 0.2 }, "json"),
		'{"time":"2026-01-02T03:04:05.678Z","role":"client","service":"shop","method":"GET","path":"/","route":"/","status":200,' +
			'"outcome":"response","latency_seconds":0.3,"port":8080,"peer":"127.0.0.1:8080","protocol":"http/1.1","tls":false}\n',
	);
});

test("hostile text stays one line without controls, in every format", () => {
	for (const format of ["lines", "json", "csv"] as const) {
		fc.assert(
			fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (path, service) => {
				const text = formatted({ path, service, route: path }, format, { width: 80 });
				// biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none but the end of the line
				assert.match(text, /^[^\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2028\u2029]*\n$/);
			}),
		);
	}
});

test("what is written in JSON can be read", () => {
	for (const fields of [
		{},
		{ role: "client", status: 0, outcome: "client_closed", peer: "[::1]:80" },
		{ path: "/\u001b[2J\u202e\u00e9", service: 'a\\b"c' },
	] as const) {
		const exchange = makeExchange(fields);
		assert.deepEqual(parseExchangeJson(formatExchangeJson(exchange)), exchange);
	}
});

test("lines that are no rows are refused, and say why", () => {
	const row = JSON.parse(formatExchangeJson(makeExchange())) as Record<string, unknown>;
	for (const [line, problem] of [
		["", /no JSON object/],
		["[]", /no JSON object/],
		["null", /no JSON object/],
		["{", /no JSON object/],
		[JSON.stringify({ ...row, time: "yesterday" }), /"time" is no time/],
		[JSON.stringify({ ...row, status: "200" }), /"status" is no such number/],
		[JSON.stringify({ ...row, status: 1e9 }), /"status" is no such number/],
		[JSON.stringify({ ...row, latency_seconds: -1 }), /"latency_seconds"/],
		[JSON.stringify({ ...row, role: "both" }), /"role" is none of server, client/],
		[JSON.stringify({ ...row, path: 1 }), /"path" is no text/],
		[JSON.stringify({ ...row, peer: undefined }), /"peer" is no text/],
	] as const) {
		assert.throws(() => parseExchangeJson(line), problem);
	}
});
