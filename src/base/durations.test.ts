import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatElapsed, formatSeconds, parseDuration, readDuration } from "./durations.js";
import { HttpeekError } from "./errors.js";

test("durations are read as people write them", () => {
	for (const [text, seconds] of [
		["5s", 5],
		["200ms", 0.2],
		["1m30s", 90],
		["2h", 7200],
		["1.5s", 1.5],
		["10", 10],
		["0.25", 0.25],
		["1d2h", 93_600],
		["300us", 0.0003],
		["7µs", 0.000007],
		["0s", 0],
	] as const) {
		const read = readDuration(text);
		assert.ok(read !== undefined && Math.abs(read - seconds) < 1e-12, `${text} gave ${read}`);
	}
});

test("what is not a duration is refused", () => {
	for (const text of [
		"",
		" ",
		"s",
		"5x",
		"5 s",
		"-1s",
		"1s1s",
		"1s1m",
		"1e3",
		"Infinity",
		"NaN",
		"1.s",
		".5s",
		"5S",
		"1m30",
	]) {
		assert.equal(readDuration(text), undefined, text);
	}
});

test("a user's impossible duration is an error that names the flag and says what to write", () => {
	const failure = (text: string): HttpeekError => {
		try {
			parseDuration(text, "--interval", { atLeastSeconds: 0.1 });
		} catch (error) {
			assert.ok(error instanceof HttpeekError);
			return error;
		}
		throw new assert.AssertionError({ message: `${text} was accepted` });
	};
	assert.equal(failure("soon").message, '--interval cannot be used: "soon" is not a duration');
	assert.equal(failure("soon").hint, "write 5s, 200ms, 1m30s or 2h; a bare number is seconds");
	assert.equal(failure("0").message, '--interval cannot be used: "0" is no time at all');
	assert.equal(failure("10ms").message, '--interval cannot be used: "10ms" is shorter than 100 ms');
	assert.equal(failure("400d").message, '--interval cannot be used: "400d" is longer than a year');
	assert.equal(failure("soon").code, "HTTPEEK_USAGE");
	assert.equal(parseDuration("100ms", "--interval", { atLeastSeconds: 0.1 }), 0.1);
});

test("latencies are shown with three digits and a unit", () => {
	for (const [seconds, text] of [
		[0, "0 s"],
		[1e-9, "1.00 ns"],
		[0.00038, "380 us"],
		[0.0012345, "1.23 ms"],
		[0.0123456, "12.3 ms"],
		[0.9996, "1.00 s"],
		[0.9994, "999 ms"],
		[12.5, "12.5 s"],
		[4096, "4096 s"],
	] as const) {
		assert.equal(formatSeconds(seconds), text);
	}
});

test("elapsed times keep one width while they run", () => {
	assert.deepEqual([59.9, 60, 187, 3600, 7500].map(formatElapsed), ["59s", "1m00s", "3m07s", "1h00m", "2h05m"]);
});

test("property: hours, minutes, seconds and milliseconds add up, and any text is read or refused without throwing", () => {
	const small = fc.nat(999);
	fc.assert(
		fc.property(small, small, small, small, (h, m, s, ms) => {
			const read = readDuration(`${h}h${m}m${s}s${ms}ms`) ?? Number.NaN;
			assert.ok(Math.abs(read - (h * 3600 + m * 60 + s + ms / 1000)) < 1e-6);
		}),
	);
	fc.assert(fc.property(fc.string(), (text) => (readDuration(text) ?? 0) >= 0));
});
