/**
 * What of the kernel time is work, and not waiting for memory: the same exchanges again and again on one CPU, whose caches then
 * hold the programs and all that they touch.
 *
 * The harness of the kernel tests plays whole conversations in one run of its program. A conversation that is not HTTP has
 * each segment delivered as well, and then let go: that is taken off. Not in it are finding the payload in a packet and
 * the socket's storage, which the harness does for itself.
 */
import { type Conversation, conversation } from "../../test/kernel/conversation.js";
import { Harness } from "../../test/kernel/harness.js";
import { spreadOf } from "../numbers.js";
import { type Row, rowOf } from "../row.js";
import type { Scale } from "../scale.js";

/** In one script: its segments and what they say fit a page, as long as all say the same. */
const EXCHANGES = 100;
/** Of a script in one measurement: some milliseconds, which few interrupts disturb. */
const RUNS = 200;

const BROWSER_FIELDS = [
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
	"Accept-Language: en-GB,en;q=0.9,de;q=0.8,fr;q=0.7",
	"Accept-Encoding: gzip, deflate, br, zstd",
	"Cache-Control: max-age=0",
	"Connection: keep-alive",
	"Cookie: session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=analytics.ads; seen=1731931200",
	'Sec-Ch-Ua: "Chromium";v="142", "Not_A Brand";v="99"',
	'Sec-Ch-Ua-Platform: "Linux"',
	"Sec-Fetch-Mode: navigate",
	"Upgrade-Insecure-Requests: 1",
];
/** What nginx says. */
const RESPONSE = `${message(
	"HTTP/1.1 200 OK",
	"Server: nginx/1.22.1",
	"Date: Sat, 28 Nov 2026 07:08:00 GMT",
	"Content-Type: text/plain",
	"Content-Length: 3",
	"Connection: keep-alive",
)}ok\n`;

const KINDS = [
	{ what: "small GET", request: message("GET / HTTP/1.1", "Host: 127.0.0.1:34567") },
	{
		what: "GET with 700 bytes of browser headers",
		request: message("GET / HTTP/1.1", "Host: 127.0.0.1:34567", ...BROWSER_FIELDS),
	},
];

export function* measureWarmWork(scale: Scale): Generator<Row> {
	using harness = new Harness();
	const nothing = script("\0", "\0");
	const kinds = KINDS.map(({ what, request }) => ({ what, values: [] as number[], script: script(request, RESPONSE) }));
	for (let round = 0; round < scale.warmRounds; round++) {
		const handingOverNs = harness.runNs(nothing, RUNS);
		for (const { values, script } of kinds) values.push((harness.runNs(script, RUNS) - handingOverNs) / EXCHANGES);
	}
	const note = "the same again and again on one CPU, less what it takes to hand over its segments";
	for (const { what, values } of kinds) {
		yield rowOf({ group: "kernel", what: `work alone, all in caches: ${what}`, unit: "ns", note }, spreadOf(values));
	}
}

function script(request: string, response: string): Conversation {
	const script = conversation();
	for (let i = 0; i < EXCHANGES; i++) script.request(request).response(response);
	return script;
}

function message(...lines: readonly string[]): string {
	return `${lines.join("\r\n")}\r\n\r\n`;
}
