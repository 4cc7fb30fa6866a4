/** Heads of any size: lines that matter may stand anywhere, and only 1024 bytes are looked at in one go. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { describeKernel } from "./cases.js";
import { conversation, type Split } from "./conversation.js";
import { lines } from "./counts.js";
import type { Harness } from "./harness.js";
import { answer, chunked, head } from "./messages.js";

const ROWS = ["DELETE /next 204", "POST /a 201"];

/** Plays an exchange with so many fields before those that frame, and one behind it that shows that framing held. */
function expectFramed(harness: Harness, fields: readonly string[], split: Split, where: string): void {
	const script = conversation({ split })
		.request(`${head("POST /a HTTP/1.1", ...fields, "Content-Length: 3")}abc`)
		.response(`${head("HTTP/1.1 201 Created", ...fields, "Transfer-Encoding: chunked")}${chunked("x")}`)
		.request(head("DELETE /next HTTP/1.1"))
		.response(answer(204));
	const played = harness.play(script);
	assert.deepEqual(lines(played.exchanges), ROWS, where);
	assert.deepEqual(played.counters, {}, where);
	assert.deepEqual(played.ended, { mode: "http", request: "start", response: "start", pending: 0 }, where);
}

describeKernel("heads", (harness) => {
	const field = (bytes: number, name = "X-Long"): string => `${name}: ${"v".repeat(bytes)}`;

	test("fields of any size, whole and cut", () => {
		for (const bytes of [100, 900, 1000, 1016, 1024, 1100, 1300]) {
			for (const name of ["X-Long", "Cookie", "Transfer", "Content-Security-Policy"]) {
				for (const split of [[], 64, 500, 1000, 1024]) {
					expectFramed(harness(), [field(bytes, name)], split, `${name} of ${bytes} bytes, cut by ${split}`);
				}
			}
		}
	});

	test("the line that frames at every place around the end of the window", () => {
		for (let bytes = 940; bytes < 1030; bytes++) {
			for (const split of [[], [1024], [bytes], [bytes + 30]]) {
				expectFramed(harness(), [field(bytes)], split, `behind ${bytes} bytes, cut at ${split}`);
			}
		}
	});

	test("the line that frames, cut at every place, behind a window", () => {
		for (let offset = 1080; offset < 1170; offset++) {
			expectFramed(harness(), [field(1000), field(60)], [offset], `cut at ${offset}`);
		}
	});

	test("lines of every length, one behind the other", () => {
		for (let bytes = 0; bytes < 100; bytes++) {
			const fields = [field(bytes), field(bytes + 1, "Content-Type"), field(0), field(bytes, "T")];
			for (const split of [[], 64]) expectFramed(harness(), fields, split, `${bytes} bytes, cut by ${split}`);
		}
	});

	test("any number of lines", () => {
		for (const count of [1, 47, 48, 49, 63, 64, 65, 96, 97, 100, 150]) {
			const many = Array.from({ length: count }, (_, index) => `X-${index}: 1`);
			for (const split of [[], 64, 333, 1024]) expectFramed(harness(), many, split, `${count} lines, cut by ${split}`);
		}
	});

	test("bytes that a quick look takes for the end of a line, at every place of a block", () => {
		const likeNewlines = "\u008a\u000b\u00ff\u0080\u000b\u008b";
		for (let before = 0; before < 48; before++) {
			const fields = [`X-${"a".repeat(before)}: ${likeNewlines.repeat(4)}`, "Y: 1", `Z: ${likeNewlines.repeat(60)}`];
			for (const split of [[], 40]) expectFramed(harness(), fields, split, `${before} bytes before, cut by ${split}`);
		}
	});

	test("more empty fields than a window has room for in one look", () => {
		for (const split of [[], 100]) expectFramed(harness(), Array<string>(250).fill("X:"), split, `cut by ${split}`);
	});

	test("more lines that matter than fit one look", () => {
		for (const count of [5, 6, 7, 12, 40]) {
			const script = conversation()
				.request(`${head("POST /a HTTP/1.1", ...Array<string>(count).fill("Content-Length: 3"))}abc`)
				.response(answer(201))
				.request(head("DELETE /next HTTP/1.1"))
				.response(answer(204));
			assert.deepEqual(lines(harness().play(script).exchanges), ROWS, `${count} lengths`);
		}
	});

	describe("what cannot be read is counted as lost", () => {
		for (const name of ["Content-Length", "Transfer-Encoding"]) {
			test(`a ${name} that does not fit the window`, () => {
				for (const split of [[], 700]) {
					const script = conversation({ split })
						.request(`${head("POST /a HTTP/1.1", `${name}: ${" ".repeat(1100)}5`)}hello`)
						.response(answer(400));
					const played = harness().play(script);
					assert.deepEqual(lines(played.exchanges), ["POST /a 400"]);
					assert.deepEqual(played.counters, { request_framing: 1 });
				}
			});
		}
	});
});
