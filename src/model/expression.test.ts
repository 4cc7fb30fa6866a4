import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HttpeekError } from "../base/errors.js";
import { parseExpression } from "./expression.js";
import { histogramOf } from "./histogram.js";
import { makeLosses, makeRow, makeSnapshot } from "./testing.js";
import { totalsOf } from "./totals.js";

const busy = totalsOf(
	makeSnapshot(
		[
			makeRow({ status: 200, count: 90, latency: histogramOf(Array.from({ length: 90 }, () => 100_000_000)) }),
			makeRow({ status: 404, count: 6, latency: histogramOf([]) }),
			makeRow({ status: 500, count: 2, latency: histogramOf([]) }),
			makeRow({ status: 503, count: 1, latency: histogramOf([]) }),
			makeRow({ status: 0, count: 1, inFlight: 0 }),
		],
		{
			losses: makeLosses({ requests: 1, responses: 2 }),
			connections: [
				{ service: "curl", role: "client", peer: "10.0.0.9:80", outcome: "timeout", count: 3 },
				{ service: "curl", role: "client", peer: "10.0.0.8:80", outcome: "refused", count: 2 },
			],
		},
	),
);
const idle = totalsOf(makeSnapshot());

test("expressions beside what they say of 100 exchanges and of none", () => {
	for (const [text, ofBusy, ofIdle] of [
		["errors > 0", true, false],
		["errors == 4", true, false],
		["status5xx >= 1", true, false],
		["status5xx == 3", true, false],
		["status404 > 3", true, false],
		["STATUS404 != 6", false, true],
		["status0 == 1", true, false],
		["unanswered >= 1", true, false],
		["p99 > 50ms", true, false],
		["p50 < 200ms", true, false],
		["p99.9 > 1s", false, false],
		["mean <= 0.1", true, false],
		["requests < 1", false, true],
		["requests==100", true, false],
		["error_rate > 1%", true, false],
		["error_rate <= 0.04", true, false],
		["losses > 2", true, false],
		["in_flight > 0", false, false],
		["timeouts == 3", true, false],
		["failed_connections == 5", true, false],
		["requests < 1 or errors > 0", true, true],
		["requests < 1 and errors > 0", false, false],
		["errors > 99 and errors > 99 or requests > 0", true, false],
		["errors > 99 && (errors > 99 || requests > 0)", false, false],
	] as const) {
		const expression = parseExpression(text);
		assert.deepEqual([expression.holds(busy), expression.holds(idle)], [ofBusy, ofIdle], text);
	}
});

test("what cannot be read is pointed at", () => {
	for (const [text, problem] of [
		["", 'expected a metric at column 1 of ""'],
		["errors", 'expected one of > >= < <= == != at column 7 of "errors"'],
		["errors 0", 'expected one of > >= < <= == !=, found "0" at column 8 of "errors 0"'],
		["errors = 0", 'unexpected "=" at column 8 of "errors = 0"'],
		["errors >", 'expected a number such as 100 at column 9 of "errors >"'],
		["errors > 5%", 'expected a number such as 100, found "5%" at column 10 of "errors > 5%"'],
		[
			"errors > 1 errors > 2",
			'expected "and", "or" or the end, found "errors" at column 12 of "errors > 1 errors > 2"',
		],
		["p99 > fast", 'expected a duration such as 200ms, found "fast" at column 7 of "p99 > fast"'],
		["p100 > 1s", 'unknown metric "p100" at column 1 of "p100 > 1s"'],
		["status600x > 1", 'unknown metric "status600x" at column 1 of "status600x > 1"'],
		["constructor > 1", 'unknown metric "constructor" at column 1 of "constructor > 1"'],
		["(errors > 1", 'expected ")" at column 12 of "(errors > 1"'],
		["errors > 1 ☃", 'unexpected "☃" at column 12 of "errors > 1 ☃"'],
	] as const) {
		assert.throws(
			() => parseExpression(text),
			(error) => {
				assert.ok(error instanceof HttpeekError);
				assert.equal(error.code, "HTTPEEK_USAGE");
				assert.equal(error.message, `expression cannot be read: ${problem}`);
				assert.ok(error.hint);
				return true;
			},
			text,
		);
	}
});

test("property: any text is read or refused with a usage error", () => {
	const words = fc.constantFrom("errors", ">", "<=", "1", "5%", "200ms", "and", "or", "(", ")", "p99", "é", "=");
	const text = fc.oneof(
		fc.string(),
		fc.array(words).map((parts) => parts.join(" ")),
	);
	fc.assert(
		fc.property(text, (expression) => {
			try {
				assert.equal(typeof parseExpression(expression).holds(busy), "boolean");
			} catch (error) {
				assert.ok(error instanceof HttpeekError && error.code === "HTTPEEK_USAGE", String(error));
			}
		}),
	);
});

test("property: a comparison says what the operator says, and `and` binds closer than `or`", () => {
	const comparison = fc.tuple(fc.constantFrom(">", ">=", "<", "<=", "==", "!="), fc.integer({ min: 98, max: 102 }));
	const truth = ([operator, value]: readonly [string, number]): boolean =>
		({
			">": 100 > value,
			">=": 100 >= value,
			"<": 100 < value,
			"<=": 100 <= value,
			"==": value === 100,
			"!=": value !== 100,
		})[operator] ?? false;
	const say = ([operator, value]: readonly [string, number]): string => `requests${operator}${value}`;
	fc.assert(
		fc.property(comparison, comparison, comparison, (a, b, c) => {
			const holds = (text: string): boolean => parseExpression(text).holds(busy);
			assert.equal(holds(say(a)), truth(a));
			assert.equal(holds(`${say(a)} or ${say(b)} and ${say(c)}`), truth(a) || (truth(b) && truth(c)));
			assert.equal(holds(`(${say(a)} or ${say(b)}) and ${say(c)}`), (truth(a) || truth(b)) && truth(c));
		}),
	);
});
