/** Segments as networks deliver them: cut anywhere, sent twice, overlapping, and out of order. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { describeKernel, testCases } from "./cases.js";
import { type Conversation, conversation } from "./conversation.js";
import { lines } from "./counts.js";
import { CREATED, GET, LAST, last, OK, POST } from "./messages.js";

const ROWS = ["GET /a 200", "POST /b 201"];

describeKernel("segments", (harness) => {
	function expectRows(script: Conversation, rows: readonly string[], where: string): void {
		const played = harness().play(script);
		assert.deepEqual(lines(played.exchanges), [...rows].sort(), where);
		assert.deepEqual(played.counters, {}, where);
		assert.equal(played.ended.pending, 0, where);
	}

	describe("cut", () => {
		test("two exchanges at every offset of both directions", () => {
			const most = Math.max(GET.length, POST.length, OK.length, CREATED.length);
			for (let offset = 1; offset < most; offset++) {
				for (const role of ["server", "client"] as const) {
					const c = conversation({ role, split: [offset] });
					expectRows(
						c.request(GET).response(OK).request(POST).response(CREATED),
						ROWS,
						`cut at ${offset} as a ${role}`,
					);
				}
			}
		});

		test("two pipelined exchanges at every pair of neighbouring offsets", () => {
			for (let offset = 1; offset < GET.length + POST.length; offset++) {
				const c = conversation({ split: [offset, offset + 1] });
				expectRows(c.request(GET + POST).response(OK + CREATED), ROWS, `cut at ${offset}`);
			}
		});

		for (const bytes of [1, 2, 3, 5, 7, 8, 9, 64]) {
			test(`segments of ${bytes}`, () => {
				const c = conversation({ split: bytes });
				expectRows(c.request(GET).response(OK).request(POST).response(CREATED), ROWS, `of ${bytes}`);
			});
		}
	});

	describe("sent again", () => {
		const both = GET + POST;
		test("everything, from every offset on", () => {
			for (let offset = 0; offset < both.length; offset++) {
				const c = conversation();
				c.request(both)
					.request(both.slice(offset), { at: offset })
					.response(OK + CREATED);
				c.response((OK + CREATED).slice(offset), { at: offset });
				expectRows(last(c), [...ROWS, ...LAST], `from ${offset}`);
			}
		});

		test("the first part, together with the rest, at every offset", () => {
			for (let offset = 1; offset < both.length; offset++) {
				const c = conversation().request(both.slice(0, offset)).request(both, { at: 0 });
				const answer = OK + CREATED;
				c.response(answer.slice(0, offset)).response(answer, { at: 0 });
				expectRows(last(c), [...ROWS, ...LAST], `first ${offset} bytes`);
			}
		});

		test("a probe of one byte that was seen already (keep-alive)", () => {
			const c = conversation()
				.request(GET)
				.response(OK)
				.request("\n", { at: GET.length - 1 });
			expectRows(last(c), ["GET /a 200", ...LAST], "probe");
		});
	});

	describe("out of order", () => {
		const body = "x".repeat(300);
		const post = `POST /b HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n`;
		const ok = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`;
		testCases(harness, [
			{
				name: "inside a body",
				play: (c) => {
					for (const at of [200, 100, 0]) c.request(body.slice(0, 100), { at: post.length + at });
					return last(c.request(post, { at: 0 }).response(ok + body));
				},
				// the body came before its head, which is only known to be one when the head comes
				rows: ["POST /b 200", ...LAST],
				isCutAsWritten: true,
			},
			{
				name: "inside a body whose head has passed",
				play: (c) => {
					c.request(post);
					for (const at of [200, 0, 100]) c.request(body.slice(0, 100), { at: post.length + at });
					c.response(ok);
					for (const at of [100, 200, 0]) c.response(body.slice(0, 100), { at: ok.length + at });
					return last(c);
				},
				rows: ["POST /b 200", ...LAST],
				isCutAsWritten: true,
			},
			{
				name: "a segment with a head in it comes first, and is not sent again: lost, and counted",
				play: (c) => last(c.request(GET, { at: GET.length }).request(GET, { at: 0 }).response(OK, { repeat: 2 })),
				rows: ["GET /a 200", ...LAST],
				counters: { request_gap: 1, response_unpaired: 1 },
				isCutAsWritten: true,
			},
			{
				name: "a response's head comes before the body in front of it: lost, and counted",
				play: (c) => last(c.request(GET, { repeat: 2 }).response(OK, { at: OK.length }).response(OK, { at: 0 })),
				rows: ["GET /a 200", ...LAST],
				counters: { response_gap: 1 },
				isCutAsWritten: true,
			},
		]);
	});

	describe("sequence numbers wrap", () => {
		const whole = GET + POST;
		test("at every byte of a conversation", () => {
			for (let before = 0; before <= whole.length; before++) {
				const seq = (2 ** 32 - before) % 2 ** 32;
				const c = conversation({ firstSeq: { request: seq, response: seq }, split: [before] });
				expectRows(c.request(GET).response(OK).request(POST).response(CREATED), ROWS, `${before} bytes before`);
			}
		});

		test("inside a body larger than the space of sequence numbers", () => {
			const size = 5 * 2 ** 30;
			const step = 2 ** 30;
			const head = `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`;
			const c = conversation().request(GET).response(head);
			// a byte every gigabyte stands for the segments between
			for (let at = step; at <= size; at += step) c.response("x", { at: head.length + at - 1 });
			expectRows(last(c), ["GET /a 200", ...LAST], "5 GB");
		});
	});

	describe("connections that are older than the programs", () => {
		const adopted = (
			name: string,
			play: (c: Conversation) => Conversation,
			rows: readonly string[],
			isCounted = true,
		) => ({
			name,
			play,
			rows,
			counters: isCounted ? { adopted: 1 } : {},
			isAdopted: true,
			isCutAsWritten: true,
		});
		testCases(harness, [
			adopted("idle", (c) => c.request(GET).response(OK), ["GET /a 200"]),
			adopted("in the middle of a request's body", (c) => last(c.request("rest of a body").response(OK)), LAST),
			adopted("in the middle of a response's body", (c) => last(c.response("rest of a body", { repeat: 3 })), LAST),
			adopted("between a request and its response", (c) => last(c.response(OK)), LAST),
			adopted("in the middle of a request's head", (c) => last(c.request(GET.slice(10)).response(OK)), LAST),
			adopted("a long request line", (c) => c.request(`GET /${"x".repeat(1100)} HTTP/1.1\r\n\r\n`).response(OK), [
				`GET /${"x".repeat(127)}… 200`,
			]),
			{
				...adopted("no request ever", (c) => c.request("x", { repeat: 100 }).response("y", { repeat: 100 }), [], false),
				ended: { mode: "undecided", request: "unknown", response: "unknown" },
			},
		]);
	});
});
