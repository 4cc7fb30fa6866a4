/** Tables of the kernel for tests of what reads them. */
import assert from "node:assert/strict";
import type { TableReader } from "./accumulate.js";
import { BUCKET_WORD, type CellIdentity, LATENCY_WORDS } from "./tables.js";

interface FakeCell extends CellIdentity {
	count: number;
	sumNs: number;
	words: Uint32Array;
}

/** Tables as a test wants them: `count()` does what the kernel does for an exchange that ended. */
export class FakeTables implements TableReader {
	readonly cells: FakeCell[] = [];
	readonly starts: number[] = [];
	/** Slot of the owner's process, and the route, of each endpoint. */
	readonly endpoints: { pid: number; route: string }[] = [];
	copies = 0;
	/** Most buckets that were copied at once. */
	widest = 0;

	addEndpoint(route: string, pid = 1): number {
		this.starts.push(0);
		return this.endpoints.push({ pid, route }) - 1;
	}

	addCell(endpoint: number, status = 200, outcome: CellIdentity["outcome"] = "response"): number {
		return (
			this.cells.push({ endpoint, status, outcome, count: 0, sumNs: 0, words: new Uint32Array(LATENCY_WORDS) }) - 1
		);
	}

	start(endpoint: number, requests = 1): void {
		this.starts[endpoint] = (this.starts[endpoint] ?? 0) + requests;
	}

	/** `word`: 0 below, 1 above, 2... buckets. */
	count(slot: number, word = 2, ns = 1000): void {
		const cell = this.cells[slot];
		assert.ok(cell);
		cell.words[word] = (cell.words[word] ?? 0) + 1;
		cell.sumNs += ns;
		cell.count += 1;
	}

	cellSlots = () => [{ from: 0, to: this.cells.length }];
	endpointSlots = () => [{ from: 0, to: this.endpoints.length }];
	cellCount = (slot: number) => this.cells[slot]?.count ?? 0;
	cellSumNs = (slot: number) => this.cells[slot]?.sumNs ?? 0;
	started = (slot: number) => this.starts[slot] ?? 0;

	cellIdentity(slot: number): CellIdentity {
		const cell = this.cells[slot];
		assert.ok(cell && cell.count > 0, "a free cell's identity is not asked for");
		return cell;
	}

	/** As in the kernel's tables, words outside of the range are not touched: what was there stays. */
	copyLatencies(slot: number, words: Uint32Array, from: number, to: number): void {
		this.copies++;
		this.widest = Math.max(this.widest, to - from);
		const all = this.cells[slot]?.words ?? new Uint32Array(LATENCY_WORDS);
		words.set(all.subarray(0, BUCKET_WORD));
		words.set(all.subarray(from, to), from);
	}

	endpoint(slot: number) {
		const { pid, route } = this.endpoints[slot] ?? { pid: 0, route: "?" };
		return {
			owner: { cgroupId: 0n, pid, comm: "" },
			labels: {
				role: "server",
				protocol: "http/1.1",
				tls: false,
				port: 80,
				peer: null,
				method: "GET",
				route,
			} as const,
		};
	}
}
