/** From a packet to its payload and socket: bpf/source_skb.h and bpf/traffic.h. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { isKernelSince, loadPrograms, tableSizes } from "../../src/capture/programs.js";
import { Limit } from "../../src/wire/layout.js";
import { type Counted, Counts } from "./counts.js";
import { Harness, skipReason as skip } from "./harness.js";
import { head } from "./messages.js";

const TCP = 6;
const UDP = 17;
const ETHERNET = { bytes: 14, ipv4: [0x08, 0x00], ipv6: [0x86, 0xdd] } as const;
const PASS = 1;
/** Where the index of the interface that a packet came in through stands in `struct __sk_buff`. */
const INGRESS_IFINDEX = 36;
/** Whether a test run can say so; on older kernels the live tests alone show that both directions are told apart. */
const isIngressTold = isKernelSince([5, 15]);
const GET = head("GET /packet HTTP/1.1", "Host: a");
/** What a packet with a whole request on an unknown connection does. */
const MET = { exchanges: [], counters: { connections: 1, adopted: 1 }, inFlight: 1 };
const NOTHING = { exchanges: [], counters: {}, inFlight: 0 };

const zeros = (bytes: number): number[] => Array<number>(bytes).fill(0);
const characters = (text: string): number[] => [...Buffer.from(text, "latin1")];

/** A TCP segment with so many bytes of options. */
function tcp(payload: string, optionBytes = 0, headerWords = 5 + optionBytes / 4): number[] {
	const header = zeros(20);
	header[12] = headerWords << 4;
	return [...header, ...zeros(optionBytes), ...characters(payload)];
}

function ipv4(segment: readonly number[], { optionBytes = 0, protocol = TCP, version = 4 } = {}): Uint8Array {
	const header = [(version << 4) | (5 + optionBytes / 4), ...zeros(8), protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
	return Uint8Array.from([...zeros(12), ...ETHERNET.ipv4, ...header, ...zeros(optionBytes), ...segment]);
}

/** @param extensions types and lengths of extension headers, in bytes */
function ipv6(
	segment: readonly number[],
	extensions: readonly (readonly [type: number, bytes: number])[] = [],
): Uint8Array {
	const types = [...extensions.map(([type]) => type), TCP];
	const headers = extensions.flatMap(([type, bytes], index) => {
		// RFC 8200 section 4, RFC 4302 section 2.2 for AH (51), whose unit is another one; fragments (44) have no length
		const length = type === 51 ? bytes / 4 - 2 : type === 44 ? 0 : bytes / 8 - 1;
		return [types[index + 1] ?? TCP, length, ...zeros(bytes - 2)];
	});
	const address = (last: number): number[] => [0x20, 0x01, 0x0d, 0xb8, ...zeros(11), last];
	const header = [0x60, 0, 0, 0, 0, 0, types[0] ?? TCP, 64, ...address(1), ...address(2)];
	return Uint8Array.from([...zeros(12), ...ETHERNET.ipv6, ...header, ...headers, ...segment]);
}

describe("packets", { skip }, () => {
	let harness: Harness;
	before(() => {
		harness = new Harness({ maxEndpoints: 100 });
	});
	after(() => harness?.close());

	const pass = (...of: Parameters<Harness["pass"]>): Counted => harness.pass(...of);

	test("what comes in is a server's, what goes out a client's, to the address that the packet names", () => {
		assert.deepEqual(pass(ipv4(tcp(GET))), MET);
		assert.deepEqual(pass(ipv4(tcp(GET)), "out"), MET);
		assert.deepEqual(pass(ipv6(tcp(GET)), "out"), MET);
		const labels = [0, 1, 2].map((index) => harness.tables.endpoint(Limit.OTHER_ENDPOINTS + index).labels);
		assert.deepEqual(
			labels.map(({ role, method, route, peer }) => [role, method, route, peer]),
			[
				["server", "GET", "/packet", null],
				["client", "GET", "/packet", "10.0.0.2:0"],
				["client", "GET", "/packet", "[2001:db8::2]:0"],
			],
		);
	});

	test("the program that is shipped takes for incoming what came in through an interface", () => {
		const sizes = tableSizes({ maxEndpoints: 10 });
		using programs = loadPrograms(sizes);
		const counts = new Counts(programs, sizes.stripes);
		const context = new DataView(new ArrayBuffer(INGRESS_IFINDEX + 4));
		for (const ifindex of isIngressTold ? [0, 1] : [0]) {
			context.setUint32(INGRESS_IFINDEX, ifindex, true);
			const input = { data: ipv4(tcp(GET)), ...(ifindex > 0 && { context: new Uint8Array(context.buffer) }) };
			assert.equal(programs.program("traffic").testRun(input).returnValue, PASS);
			assert.deepEqual(counts.take(), MET);
			const { role } = counts.tables.endpoint(Limit.OTHER_ENDPOINTS + ifindex).labels;
			assert.equal(role, ifindex === 0 ? "client" : "server");
		}
	});

	test("IPv4 and TCP options of every length", () => {
		for (let optionBytes = 0; optionBytes <= 40; optionBytes += 4) {
			assert.deepEqual(pass(ipv4(tcp(GET), { optionBytes })), MET, `${optionBytes} bytes of IPv4 options`);
			assert.deepEqual(pass(ipv4(tcp(GET, optionBytes))), MET, `${optionBytes} bytes of TCP options`);
			assert.deepEqual(pass(ipv6(tcp(GET, optionBytes))), MET, `${optionBytes} bytes of TCP options`);
		}
	});

	test("IPv6 extension headers", () => {
		const [hopByHop, routing, fragment, authentication, destination] = [0, 43, 44, 51, 60] as const;
		for (const extensions of [
			[[hopByHop, 8]],
			[[routing, 24]],
			[[fragment, 8]],
			[[authentication, 24]],
			[[destination, 64]],
			[
				[hopByHop, 16],
				[destination, 8],
				[routing, 24],
				[fragment, 8],
				[authentication, 12],
				[destination, 8],
			],
		] as const) {
			assert.deepEqual(pass(ipv6(tcp(GET), extensions)), MET, JSON.stringify(extensions));
		}
		assert.deepEqual(pass(ipv6(tcp(GET), [[135, 8]])), NOTHING, "a header that is not followed");
	});

	test("a segment that is sent again is not counted again", () => {
		assert.deepEqual(pass(ipv4(tcp(GET)), "in", 5), MET);
	});

	test("packets without payload, or of another protocol, do nothing", () => {
		for (const [name, packet] of [
			["no payload", ipv4(tcp(""))],
			["UDP", ipv4(tcp(GET), { protocol: UDP })],
			["neither IPv4 nor IPv6", ipv4(tcp(GET), { version: 5 })],
			["a TCP header that is longer than the packet", ipv4(tcp("GET", 0, 15))],
			["IPv6 without payload", ipv6(tcp(""))],
		] as const) {
			assert.deepEqual(pass(packet), NOTHING, name);
			assert.deepEqual(pass(packet, "out"), NOTHING, name);
		}
	});

	test("a packet of which headers are missing is passed over, and told", () => {
		const whole = ipv6(tcp(GET), [[0, 8]]);
		for (let bytes = ETHERNET.bytes + 40; bytes < ETHERNET.bytes + 40 + 8 + 20; bytes++) {
			const { exchanges, inFlight } = pass(whole.slice(0, bytes));
			assert.deepEqual({ exchanges, inFlight }, { exchanges: [], inFlight: 0 }, `${bytes} bytes`);
		}
	});

	test("packets of random bytes are no requests", () => {
		const byte = fc.integer({ min: 0, max: 255 });
		const headers = fc.constantFrom(0x45, 0x46, 0x4f, 0x60, 0x65);
		fc.assert(
			fc.property(headers, fc.uint8Array({ minLength: 40, maxLength: 200 }), byte, (first, bytes, protocol) => {
				const packet = Uint8Array.from([...zeros(12), ...ETHERNET.ipv4, first, ...bytes]);
				packet[ETHERNET.bytes + 9] = protocol % 2 === 0 ? TCP : protocol;
				const { exchanges, inFlight } = pass(packet);
				assert.deepEqual({ exchanges, inFlight }, { exchanges: [], inFlight: 0 });
			}),
			{ numRuns: 1000 },
		);
	});

	test("owners over the limit: the socket is counted all the same, and its owner is nobody", () => {
		using full = new Harness({ maxEndpoints: 10 }, { owners: 1 });
		assert.deepEqual(full.pass(ipv4(tcp(GET))), { ...MET, counters: { ...MET.counters, owners_full: 1 } });
		assert.equal(full.tables.endpoint(Limit.OTHER_ENDPOINTS).owner.cgroupId, 0n);
	});
});
