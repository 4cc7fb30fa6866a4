/** Segments that pass where no hook sees them, or too early to be read: a loss, and never an exchange that was not. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { describeKernel, testCases } from "./cases.js";
import { type Conversation, conversation } from "./conversation.js";
import { lines } from "./counts.js";
import { CREATED, GET, LAST, last, OK, POST } from "./messages.js";

describeKernel("unseen segments", (harness) => {
	describe("never seen", () => {
		testCases(harness, [
			{
				name: "part of a body",
				play: (c) =>
					last(
						c
							.request(POST.slice(0, -8))
							.unseen("request", 8)
							.response(CREATED.slice(0, -9))
							.unseen("response", 2)
							.response(CREATED.slice(-7)),
					),
				rows: ["POST /b 201", ...LAST],
				isCutAsWritten: true,
			},
			{
				name: "a request",
				play: (c) =>
					last(c.request(GET).response(OK).unseen("request", GET.length).response(OK).request(GET).response(OK)),
				rows: ["GET /a 200 x2", ...LAST],
				counters: { request_gap: 1, response_unpaired: 1 },
				isCutAsWritten: true,
			},
			{
				name: "the end of a request's head",
				play: (c) =>
					last(
						c
							.request(GET.slice(0, 20))
							.unseen("request", GET.length - 20)
							.response(OK),
					),
				rows: LAST,
				counters: { request_gap: 1, response_unpaired: 1 },
				isCutAsWritten: true,
			},
			{
				name: "a response",
				play: (c) => last(c.request(GET).unseen("response", OK.length).request(GET).response(OK)),
				rows: ["GET /a 200", ...LAST],
				counters: { response_gap: 1 },
				isCutAsWritten: true,
			},
			{
				name: "the end of a response's head",
				play: (c) =>
					last(
						c
							.request(GET)
							.response(OK.slice(0, 12))
							.unseen("response", OK.length - 12)
							.request(GET)
							.response(OK),
					),
				rows: ["GET /a 200", ...LAST],
				counters: { response_gap: 1 },
				isCutAsWritten: true,
			},
		]);
	});

	describe("late copies of what the receiver has, where some of it was never seen", () => {
		testCases(harness, [
			{
				name: "of a response, while the next one is awaited",
				play: (c) =>
					c
						.request(GET)
						.unseen("response", OK.length)
						.request(GET)
						.response(OK.slice(5), { at: 5 })
						.response(OK, { at: OK.length }),
				rows: ["GET /a 200"],
				counters: { response_gap: 1 },
				isCutAsWritten: true,
			},
			{
				name: "of a request",
				play: (c) =>
					last(
						c
							.request(GET)
							.response(OK)
							.unseen("request", 2 * GET.length)
							.response(OK)
							.request(GET, { at: 2 * GET.length })
							.response(OK),
					),
				rows: ["GET /a 200", ...LAST],
				counters: { request_gap: 1, response_unpaired: 2 },
				isCutAsWritten: true,
			},
		]);
	});

	describe("the connection ends", () => {
		const CASES: readonly [name: string, play: (c: Conversation) => Conversation, isUnanswered: boolean][] = [
			["no byte of an answer has come", (c) => c.request(GET), true],
			["nor after another", (c) => c.request(POST).response(CREATED).request(GET), true],
			[
				"nor to the newest, after one that was not seen",
				(c) => c.request(POST).unseen("response", 9).request(GET),
				true,
			],
			["half of an answer's head", (c) => c.request(GET).response(OK.slice(0, 20)), true],
			["a FIN has a number of its own", (c) => c.request(GET).unseen("response", 1), true],
			["something else than an answer", (c) => c.request(GET).response("hello?\r\n"), true],
			["the answer was not seen", (c) => c.request(GET).unseen("response", OK.length), false],
			[
				"the end of its head was not seen",
				(c) => c.request(GET).response(OK.slice(0, 20)).unseen("response", OK.length),
				false,
			],
			[
				"the end of its head came first",
				(c) => c.request(GET).response(OK.slice(20), { at: 20 }).response(OK.slice(0, 20), { at: 0 }),
				false,
			],
		];
		for (const [name, play, isUnanswered] of CASES) {
			test(`${name}: ${isUnanswered ? "unanswered" : "a loss, not an outcome"}`, () => {
				const played = harness().play(play(conversation({ role: "client", isClosed: true })));
				const unanswered = lines(played.exchanges).filter((line) => line.endsWith("client_closed"));
				assert.deepEqual(unanswered, isUnanswered ? ["GET /a client_closed"] : []);
				if (!isUnanswered) assert.deepEqual(played.counters, { response_gap: 1 });
				assert.equal(played.inFlight, 0);
			});
		}
	});
});
