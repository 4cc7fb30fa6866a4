/** Paths become templates, and templates become rows: bpf/route.h. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { wireText } from "../../src/base/escape.js";
import { Limit } from "../../src/wire/layout.js";
import { describeKernel } from "./cases.js";
import { conversation } from "./conversation.js";
import { lines } from "./counts.js";
import type { Harness } from "./harness.js";
import { answer } from "./messages.js";

const OK = answer(200);
const UUID = "123e4567-e89b-12d3-a456-426614174000";
/** Hex digits needed for an id: ROUTE_HEX_BYTES. */
const HEX_BYTES = 16;
const CUT_MARK = "…";

/** The routes of requests, in rising order of their names. */
function routesOf(harness: Harness, targets: readonly string[], method = "GET"): { route: string; count: number }[] {
	const c = conversation();
	for (const target of targets) c.request(`${method} ${target} HTTP/1.1\r\n\r\n`).response(OK);
	const played = harness.play(c);
	assert.deepEqual(played.counters, {}, targets.join(" "));
	return played.exchanges.map(({ route, count }) => ({ route, count })).sort((a, b) => (a.route < b.route ? -1 : 1));
}

/** What bpf/route.h says in its first comment, written a second time and differently. */
function template(path: string): string {
	const whole = /^[^ ?#\r\n\t]*/.exec(path)?.[0] ?? "";
	const kept = whole.slice(0, Limit.ROUTE_BYTES);
	const segments = kept.split("/").map((segment) => {
		const isNumber = /^[0-9]+$/.test(segment);
		const isHex = segment.length >= HEX_BYTES && /^[0-9a-fA-F-]+$/.test(segment) && /[0-9]/.test(segment);
		return isNumber || isHex ? ":id" : segment;
	});
	const route = Buffer.from(segments.join("/").slice(0, Limit.ROUTE_BYTES), "latin1");
	return wireText(route) + (whole.length > kept.length ? CUT_MARK : "");
}

describeKernel("routes", (harness) => {
	describe("templates", () => {
		const examples: readonly (readonly [path: string, route: string])[] = [
			["/", "/"],
			["/users", "/users"],
			["/users/", "/users/"],
			["/users/4711", "/users/:id"],
			["/users/4711/", "/users/:id/"],
			["/users/4711/orders/0", "/users/:id/orders/:id"],
			["/1", "/:id"],
			["/v1/users", "/v1/users"],
			["/users/12a", "/users/12a"],
			["/users/-12", "/users/-12"],
			["/2024-05-06", "/2024-05-06"],
			[`/orders/${UUID}`, "/orders/:id"],
			[`/orders/${UUID.toUpperCase()}/items`, "/orders/:id/items"],
			["/objects/507f1f77bcf86cd799439011", "/objects/:id"],
			["/short/507f1f77bcf86cd", "/short/507f1f77bcf86cd"],
			["/sixteen/507f1f77bcf86cd7", "/sixteen/:id"],
			["/words/deadbeefdeadbeef", "/words/deadbeefdeadbeef"],
			["/dashes/----------------", "/dashes/----------------"],
			["/not-hex/507f1f77bcf86cd799439011g", "/not-hex/507f1f77bcf86cd799439011g"],
			["/files/4711.png", "/files/4711.png"],
			["/a//b", "/a//b"],
			["/a/../b/%31", "/a/../b/%31"],
			["/query?id=4711", "/query"],
			["/fragment/12#3", "/fragment/:id"],
			["/bad\x1bpath\x00\xff", `/bad\x1bpath\x00${wireText(Uint8Array.of(0xff))}`],
			["/größe", `/${wireText(Buffer.from("größe", "latin1"))}`],
			[Buffer.from("/größe").toString("latin1"), "/größe"],
		];
		for (const [path, route] of examples) {
			test(JSON.stringify(path), () => {
				assert.deepEqual(routesOf(harness(), [path]), [{ route, count: 1 }]);
				assert.equal(template(path), route, "the model of these tests");
			});
		}
	});

	describe("length", () => {
		const path = (bytes: number): string => `/${"p".repeat(bytes - 1)}`;
		const examples: readonly (readonly [name: string, path: string, route: string])[] = [
			["127 bytes", path(127), path(127)],
			["128 bytes", path(128), path(128)],
			["128 bytes and a query", `${path(128)}?q`, path(128)],
			["129 bytes", path(129), path(128) + CUT_MARK],
			["an id that ends with byte 128", `${path(124)}/123`, `${path(124)}/:id`],
			["an id that is cut", `${path(124)}/1234`, `${path(124)}/:id${CUT_MARK}`],
			["a slash at byte 128", `${path(127)}/`, `${path(127)}/`],
			["templates longer than their paths", `/1${"/2".repeat(50)}`, `/:id${"/:id".repeat(31)}`],
		];
		for (const [name, target, route] of examples) {
			test(name, () => assert.deepEqual(routesOf(harness(), [target]), [{ route, count: 1 }]));
		}
		test("paths that differ only behind byte 128 are one row, and not that of the path that ends there", () => {
			const whole = `/whole${"w".repeat(122)}`;
			const counts = routesOf(harness(), [`${whole}a`, `${whole}b`, whole]);
			assert.deepEqual(counts, [
				{ route: whole, count: 1 },
				{ route: whole + CUT_MARK, count: 2 },
			]);
		});
	});

	describe("rows", () => {
		test("paths of one template are one row", () => {
			const targets = ["/one/1", `/one/${UUID}`, "/one/22?x", "/one/333#y"];
			assert.deepEqual(routesOf(harness(), targets), [{ route: "/one/:id", count: 4 }]);
		});

		test("a path that spells a template out is another row, which looks the same", () => {
			assert.deepEqual(routesOf(harness(), ["/spelt/:id", "/spelt/1"]), [
				{ route: "/spelt/:id", count: 1 },
				{ route: "/spelt/:id", count: 1 },
			]);
		});

		test("no two of a method, a version and a first letter share a row", () => {
			const methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "OTHER"];
			const letters = [..."abcdefghijklmnopqrstuvwxyz"];
			for (const version of ["HTTP/1.1", "HTTP/1.0"]) {
				for (const method of methods) {
					const c = conversation();
					for (const letter of letters)
						c.request(`${method} /${letter}x ${version}\r\n\r\n`).response(OK.replace("200", "204"));
					const name = method === "OTHER" ? "_OTHER" : method;
					const suffix = version === "HTTP/1.0" ? " http/1.0" : "";
					assert.deepEqual(
						lines(harness().play(c).exchanges),
						letters.map((letter) => `${name} /${letter}x 204${suffix}`),
					);
				}
			}
		});

		test("forms of targets share no row with each other, nor with a path", () => {
			const targets = ["*", "/*", "http://a", "http://a/", "http://a/*"];
			assert.deepEqual(routesOf(harness(), targets, "OPTIONS"), [
				{ route: "*", count: 1 },
				{ route: "/", count: 1 },
				{ route: "/", count: 1 },
				{ route: "/*", count: 2 },
			]);
		});
	});

	test("any path: the template is what the rules say", () => {
		const segment = fc.oneof(
			fc.nat().map(String),
			fc.uuid(),
			fc.stringMatching(/^[0-9a-f-]{1,40}$/),
			fc.stringMatching(/^[a-z0-9A-F.-]{0,20}$/),
			fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)), maxLength: 12 }),
		);
		const path = fc.array(segment, { maxLength: 12 }).map((segments) => `/${segments.join("/")}`);
		fc.assert(
			fc.property(path, (target) => {
				// what stands behind a line end would be another line
				const line = target.replace(/[\r\n]/g, "?");
				assert.deepEqual(
					routesOf(harness(), [line]).map(({ route }) => route),
					[template(line)],
				);
			}),
			{ numRuns: 1500 },
		);
	});
});
