import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
	EventFlag,
	EventKind,
	EXCHANGE_EVENT_OFFSET,
	EXCHANGE_EVENT_SIZE,
	type ExchangeEvent,
	Limit,
	Method,
	Outcome,
	Role,
	writeExchangeEvent,
} from "../wire/layout.js";
import { bootTimeMs, ExchangeDecoder } from "./exchange-events.js";
import { OTHER_ROUTE } from "./tables.js";

const BOOT_MS = Date.parse("2026-01-02T03:04:05.000Z");
/** Records lie somewhere in the ring, not at its start. */
const AT = 24;

function decoder(route = "/users/:id", options = {}): ExchangeDecoder {
	return new ExchangeDecoder(
		{
			owner: (slot) => ({ cgroupId: BigInt(slot), pid: 0, comm: "" }),
			endpoint: () => ({
				owner: { cgroupId: 0n, pid: 0, comm: "" },
				labels: { role: "server", protocol: "http/1.0", tls: false, port: 1, peer: null, method: "PUT", route },
			}),
		},
		{ resolve: ({ cgroupId }) => `service ${cgroupId}` },
		options,
	);
}

function record(fields: Partial<ExchangeEvent> = {}, path = "/users/1"): DataView {
	const bytes = Buffer.from(path, "latin1");
	const view = new DataView(new ArrayBuffer(AT + EXCHANGE_EVENT_SIZE).slice(0));
	writeExchangeEvent(view, AT, {
		kind: EventKind.EXCHANGE,
		outcome: Outcome.RESPONSE,
		role: Role.SERVER,
		method: Method.GET,
		status: 200,
		port: 8080,
		endpoint: 300,
		owner: 7,
		endedNs: 678e6,
		latencyNs: 1_500_000,
		pathBytes: bytes.length,
		flags: 0,
		peer: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 9),
		path: bytes,
		...fields,
	});
	return view;
}

const decode = (view: DataView, from = decoder()) => from.decode(view, AT, EXCHANGE_EVENT_SIZE, BOOT_MS);

test("an exchange with all its labels", () => {
	assert.deepEqual(decode(record()), {
		time: new Date("2026-01-02T03:04:05.678Z"),
		service: "service 7",
		role: "server",
		protocol: "http/1.0",
		tls: false,
		port: 8080,
		peer: null,
		method: "GET",
		path: "/users/1",
		route: "/users/:id",
		status: 200,
		outcome: "response",
		latencySeconds: 0.0015,
	});
	const client = decode(record({ role: Role.CLIENT, outcome: Outcome.SERVER_CLOSED, status: 0 }));
	assert.deepEqual([client?.peer, client?.outcome, client?.status], ["10.0.0.9:8080", "server_closed", 0]);
});

test("paths that are cut, unknown, or none", () => {
	const path = (fields: Partial<ExchangeEvent>, text?: string, route?: string) =>
		decode(record(fields, text), decoder(route))?.path;
	assert.equal(path({ flags: EventFlag.PATH_CUT }, "/a"), "/a…");
	assert.equal(path({ flags: EventFlag.PATH_UNKNOWN, pathBytes: 0 }), "/users/:id");
	assert.equal(path({}, "", "/"), "/");
	assert.equal(path({}, "", OTHER_ROUTE), "/");
	assert.equal(path({}, "/\xff\x1b[2J"), "/\udcff\u001b[2J");
});

test("queries as asked for; what looks like a token is not shown", () => {
	const target = "/u/0123456789abcdef?token=x&a=b";
	assert.equal(decode(record({}, target))?.path, "/u/:id");
	assert.equal(
		decode(record({}, target), decoder("", { query: true, raw: true }))?.path,
		"/u/0123456789abcdef?token=[redacted]&a=b",
	);
});

test("nothing of the record's memory is kept", () => {
	const view = record();
	const exchange = decode(view);
	new Uint8Array(view.buffer).fill(0x41);
	assert.equal(exchange?.path, "/users/1");
	assert.equal(exchange?.time.toISOString(), "2026-01-02T03:04:05.678Z");
});

test("kinds and lengths that are not known are passed over and counted", () => {
	const known = decoder();
	assert.equal(known.decode(record({ kind: 0 }), AT, EXCHANGE_EVENT_SIZE, BOOT_MS), undefined);
	assert.equal(known.decode(record({ kind: 99 }), AT, EXCHANGE_EVENT_SIZE, BOOT_MS), undefined);
	assert.equal(known.decode(record(), AT, EXCHANGE_EVENT_SIZE - 1, BOOT_MS), undefined);
	assert.equal(known.decode(new DataView(new ArrayBuffer(0)), 0, 0, BOOT_MS), undefined);
	assert.equal(known.unknown, 4);
	assert.ok(known.decode(record(), AT, EXCHANGE_EVENT_SIZE + 8, BOOT_MS), "a longer one is of a later version");
});

test("any bytes of an event's size are an exchange that can be shown", () => {
	fc.assert(
		fc.property(fc.uint8Array({ minLength: EXCHANGE_EVENT_SIZE, maxLength: EXCHANGE_EVENT_SIZE }), (bytes) => {
			bytes[EXCHANGE_EVENT_OFFSET.kind] = EventKind.EXCHANGE;
			const exchange = decoder().decode(new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length, BOOT_MS);
			assert.ok(exchange !== undefined && exchange.path.length <= Limit.PATH_BYTES + 10);
			assert.ok(["response", "client_closed", "server_closed"].includes(exchange.outcome));
		}),
		{ numRuns: 500 },
	);
});

test("CLOCK_MONOTONIC began before now", () => {
	assert.ok(bootTimeMs() < Date.now());
});
