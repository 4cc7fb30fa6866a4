/**
 * Conversations between a client and a server, written down byte by byte and segment by segment, as the kernel tests'
 * harness (harness.bpf.c) plays them. What is requested and answered is said once; which of it comes in and which goes
 * out follows from the end that is watched.
 */
import type { Role } from "../../src/model/snapshot.js";

export type Direction = "request" | "response";

export interface ConversationOptions {
	/** The end that is watched. Default: the server. */
	readonly role?: Role;
	/** The connection is older than the programs: no handshake was seen. */
	readonly isAdopted?: boolean;
	/** The watched end closes the connection when all was said. */
	readonly isClosed?: boolean;
	/** Sequence numbers of the first bytes. Default: numbers that wrap soon in the response direction. */
	readonly firstSeq?: Readonly<Record<Direction, number>>;
	/** Cuts every message at least so: the split of messages that say none. */
	readonly split?: Split;
}

/** Bytes of each segment, or the offsets at which to cut. */
export type Split = "every byte" | number | readonly number[];

export interface SendOptions {
	readonly split?: Split;
	/** Where the first byte stands in its direction, counted from the first one. Default: behind all that was sent. */
	readonly at?: number;
	/** How many times it is sent, each time behind the last. Default 1. */
	readonly repeat?: number;
}

/** struct script, struct record and their flags: harness.bpf.c. */
const SCRIPT = { bytes: 16, client: 1, adopted: 2, closed: 4 } as const;
const RECORD = { bytes: 12, egress: 0x8000, most: 1024 } as const;
/** Where the harness' data begins, in the packet that it is given: behind an Ethernet header. */
const ETHERNET_BYTES = 14;
/** BPF_PROG_TEST_RUN takes a packet that fits a page beside its headroom and skb_shared_info. */
const PACKET_BYTES = 3500;
const FIRST_SEQ: Readonly<Record<Direction, number>> = { request: 1000, response: 2 ** 32 - 16 };

interface Segment {
	readonly direction: Direction;
	readonly bytes: string;
	/** Offset in its direction. */
	readonly from: number;
	/** Bytes of the other direction that its sender had received. */
	readonly acknowledged: number;
}

export class Conversation {
	readonly role: Role;
	readonly #options: ConversationOptions;
	readonly #segments: Segment[] = [];
	readonly #streams = { request: new SentStream(), response: new SentStream() };

	constructor(options: ConversationOptions) {
		this.role = options.role ?? "server";
		this.#options = options;
	}

	/** The client sends these bytes: one for each character. */
	request(bytes: string, options: SendOptions = {}): this {
		return this.#send("request", bytes, options);
	}

	/** The server sends these bytes. */
	response(bytes: string, options: SendOptions = {}): this {
		return this.#send("response", bytes, options);
	}

	/** So many bytes are sent and received, but the programs do not see them. */
	unseen(direction: Direction, bytes: number): this {
		const stream = this.#streams[direction];
		stream.receive(stream.sent, bytes);
		return this;
	}

	/**
	 * The packet to run the harness on.
	 * @throws RangeError when it is larger than the kernel takes
	 */
	encode(): Uint8Array {
		const { firstSeq = FIRST_SEQ, isAdopted = false, isClosed = false } = this.#options;
		const isClient = this.role === "client";
		const pool = new Pool(SCRIPT.bytes + this.#segments.length * RECORD.bytes);
		const records = this.#segments.map((segment) => ({ ...segment, payload: pool.place(segment.bytes) }));
		const packet = new Uint8Array(ETHERNET_BYTES + pool.end);
		if (packet.length > PACKET_BYTES || records.length > RECORD.most) {
			throw new RangeError(`a script of ${records.length} segments and ${packet.length} bytes is too large`);
		}
		const view = new DataView(packet.buffer, ETHERNET_BYTES);
		const [incoming, outgoing] = isClient ? (["response", "request"] as const) : (["request", "response"] as const);
		view.setUint16(0, records.length, true);
		const flags = [isClient && SCRIPT.client, isAdopted && SCRIPT.adopted, isClosed && SCRIPT.closed];
		view.setUint16(
			2,
			flags.reduce<number>((all, flag) => all | (flag || 0), 0),
			true,
		);
		view.setUint32(4, firstSeq[incoming], true);
		view.setUint32(8, firstSeq[outgoing], true);
		view.setUint32(12, firstSeq[incoming] + this.#streams[incoming].received, true);
		for (const [index, { direction, bytes, from, acknowledged, payload }] of records.entries()) {
			const at = SCRIPT.bytes + index * RECORD.bytes;
			const other = direction === "request" ? "response" : "request";
			view.setUint16(at, bytes.length | (direction === outgoing ? RECORD.egress : 0), true);
			view.setUint16(at + 2, payload, true);
			view.setUint32(at + 4, firstSeq[direction] + from, true);
			view.setUint32(at + 8, firstSeq[other] + acknowledged, true);
		}
		pool.write(packet.subarray(ETHERNET_BYTES));
		return packet;
	}

	#send(direction: Direction, bytes: string, options: SendOptions): this {
		const stream = this.#streams[direction];
		const other = this.#streams[direction === "request" ? "response" : "request"];
		const split = options.split ?? this.#options.split ?? [];
		for (let round = 0; round < (options.repeat ?? 1); round++) {
			let from = options.at === undefined || round > 0 ? stream.sent : options.at;
			for (const piece of cut(bytes, split)) {
				this.#segments.push({ direction, bytes: piece, from, acknowledged: other.received });
				stream.receive(from, piece.length);
				from += piece.length;
			}
		}
		return this;
	}
}

export function conversation(options: ConversationOptions = {}): Conversation {
	return new Conversation(options);
}

/** The pieces of a text that is cut at the offsets of `split`, or every so many characters. */
function cut(text: string, split: Split): string[] {
	const length = split === "every byte" ? 1 : split;
	const offsets =
		typeof length === "number"
			? Array.from({ length: Math.ceil(text.length / length) }, (_, index) => index * length)
			: [0, ...length.filter((offset) => offset > 0 && offset < text.length).sort((a, b) => a - b)];
	return offsets.map((offset, index) => text.slice(offset, offsets[index + 1])).filter((piece) => piece !== "");
}

/** What of a direction was sent, and what of it has arrived without a gap, which is what gets acknowledged. */
class SentStream {
	sent = 0;
	received = 0;
	#early: { readonly from: number; readonly to: number }[] = [];

	receive(from: number, bytes: number): void {
		this.sent = Math.max(this.sent, from + bytes);
		this.#early.push({ from, to: from + bytes });
		this.#early.sort((a, b) => a.from - b.from);
		for (const { from, to } of this.#early) if (from <= this.received) this.received = Math.max(this.received, to);
		this.#early = this.#early.filter(({ to }) => to > this.received);
	}
}

/** The payload bytes of all segments; those that occur already are not stored again. */
class Pool {
	readonly #start: number;
	#bytes = "";

	constructor(start: number) {
		this.#start = start;
	}

	get end(): number {
		return this.#start + this.#bytes.length;
	}

	/** Returns where the bytes are. */
	place(bytes: string): number {
		const known = this.#bytes.indexOf(bytes);
		if (known >= 0) return this.#start + known;
		this.#bytes += bytes;
		return this.end - bytes.length;
	}

	write(target: Uint8Array): void {
		Buffer.from(this.#bytes, "latin1").copy(target, this.#start);
	}
}
