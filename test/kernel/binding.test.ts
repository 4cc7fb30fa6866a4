/** The libbpf binding on this kernel, with the project's own object. Nothing is attached but in a cgroup of the test's own. */
import assert from "node:assert/strict";
import {
	closeSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	openSync,
	readlinkSync,
	rmdirSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { HttpeekError } from "../../src/base/errors.js";
import { loadPrograms, objectPath, type Programs, tableSizes } from "../../src/capture/programs.js";
import { findCgroupRoot } from "../../src/identity/cgroup-tree.js";
import { libbpfVersion } from "../../src/kernel/libbpf.js";
import { UpdateFlag } from "../../src/kernel/map.js";
import { BpfObject } from "../../src/kernel/object.js";
import { enableStatistics } from "../../src/kernel/program.js";
import { openForeignFd } from "../../src/kernel/syscall.js";
import { Limit } from "../../src/wire/layout.js";
import { bpfDescriptors } from "../support/bpf-descriptors.js";
import { until } from "../support/until.js";

const skip =
	process.getuid?.() !== 0
		? "loading programs takes root"
		: existsSync(objectPath())
			? false
			: `${objectPath()} is not built`;

const u32 = (number: number): Uint8Array => new Uint8Array(Uint32Array.of(number).buffer);
const code = (expected: string) => (error: unknown) => error instanceof HttpeekError && error.code === expected;

describe("libbpf binding", { skip }, () => {
	let programs: Programs;
	before(() => {
		programs = loadPrograms(tableSizes({ maxEndpoints: 100 }, 2));
	});
	after(() => programs?.close());

	test("libbpf tells its version", () => {
		assert.match(libbpfVersion(), /^\d+\.\d+/);
	});

	test("hash maps: update, look up, walk, batch, delete", () => {
		const map = programs.map("scope_pids");
		const pids = Array.from({ length: 1000 }, (_, i) => i + 1);
		for (const pid of pids) assert.equal(map.update(u32(pid), Uint8Array.of(pid & 0xff), UpdateFlag.noExist), true);
		assert.equal(map.update(u32(1), Uint8Array.of(0), UpdateFlag.noExist), false);
		assert.deepEqual(map.lookup(u32(300)), Uint8Array.of(44));
		assert.equal(map.lookup(u32(5000)), undefined);

		const walked = new Set<number>();
		for (let key = map.nextKey(); key !== undefined; key = map.nextKey(key))
			walked.add(Buffer.from(key).readUInt32LE());
		assert.deepEqual(walked, new Set(pids));

		const batched: number[] = [];
		for (const { count, keys, values } of map.batches(64)) {
			const view = new DataView(keys.buffer, keys.byteOffset, keys.byteLength);
			for (let i = 0; i < count; i++) {
				batched.push(view.getUint32(i * 4, true));
				assert.equal(values[i], view.getUint32(i * 4, true) & 0xff);
			}
		}
		assert.deepEqual(new Set(batched), new Set(pids));
		for (const pid of pids) assert.equal(map.delete(u32(pid)), true);
		assert.equal(map.delete(u32(1)), false);
		assert.equal(map.nextKey(), undefined);
	});

	test("the queues of free slots are filled in rising order, up to the tables' ends", () => {
		const queue = programs.map("free_endpoints");
		const slots: number[] = [];
		for (let slot = queue.pop(); slot !== undefined; slot = queue.pop()) slots.push(Buffer.from(slot).readUInt32LE());
		assert.deepEqual(
			slots,
			Array.from({ length: 100 }, (_, i) => Limit.OTHER_ENDPOINTS + i),
		);
		for (const slot of slots) queue.push(u32(slot));
	});

	test("sizes given at the opening are those of the loaded maps", () => {
		assert.equal(programs.map("endpoints").maxEntries, Limit.OTHER_ENDPOINTS + 100);
		assert.equal(programs.map("starts").maxEntries, 2 * (Limit.OTHER_ENDPOINTS + 100));
	});

	test("mapped memory shows what the map holds, live", () => {
		const map = programs.map("endpoints");
		const bytes = new Uint8Array(map.memory().buffer);
		const at = 3 * map.valueSize;
		assert.equal(bytes[at], 0);
		map.update(u32(3), new Uint8Array(map.valueSize).fill(0xab));
		assert.deepEqual(bytes.subarray(at, at + map.valueSize), new Uint8Array(map.valueSize).fill(0xab));
		map.update(u32(3), new Uint8Array(map.valueSize));
		assert.equal(bytes[at], 0);
	});

	test("a map with another layout than it was asked for is refused before the kernel reads past the array", () => {
		assert.throws(() => programs.map("endpoints").lookup(new Uint8Array(3)), code("HTTPEEK_INTERNAL"));
	});

	test("programs run on a packet without being attached, and httpeek lets every packet pass", () => {
		// Ethernet, then an IPv4 header without a socket behind it
		const data = new Uint8Array(64);
		data.set([0x08, 0x00, 0x45, 0x00], 12);
		const { returnValue, dataOut } = programs.program("traffic").testRun({ data, repeat: 100 });
		assert.equal(returnValue, 1);
		assert.equal(dataOut.length, data.length);
	});

	test("statistics tell how often a program ran, and how long", () => {
		const program = programs.program("traffic");
		const { runs, runTimeNs } = program.statistics();
		{
			using _statistics = enableStatistics();
			program.testRun({ data: new Uint8Array(64), repeat: 100 });
		}
		const after = program.statistics();
		assert.equal(after.runs - runs, 100);
		assert.ok(after.runTimeNs > runTimeNs && after.runTimeNs - runTimeNs < 1e9);
		assert.equal(after.recursionMisses, 0);
	});

	test("a program is attached to a cgroup and taken off again", () => {
		const directory = join(findCgroupRoot(), `httpeek-test-binding-${process.pid}`);
		mkdirSync(directory);
		try {
			const fd = openSync(directory, "r");
			try {
				const traffic = programs.program("traffic");
				for (const direction of [undefined, "ingress", "egress"] as const) {
					const link = traffic.attachCgroup(fd, directory, direction);
					link.close();
					link.close();
				}
			} finally {
				closeSync(fd);
			}
		} finally {
			rmdirSync(directory);
		}
	});

	test("more links than fit a queue are closed in the background", async (context) => {
		const root = join(findCgroupRoot(), `httpeek-test-links-${process.pid}`);
		// the kernel takes 64 of a kind for a cgroup
		const directories = ["1", "2", "3", "4", "5", "6"].map((name) => join(root, name));
		for (const directory of [root, ...directories]) mkdirSync(directory);
		context.after(() => [...directories, root].forEach((directory) => void rmdirSync(directory)));
		const openBpf = bpfDescriptors();
		const links = directories.flatMap((directory) => {
			const fd = openSync(directory, "r");
			try {
				return Array.from({ length: 60 }, () => programs.program("traffic").attachCgroup(fd, directory));
			} finally {
				closeSync(fd);
			}
		});
		assert.equal(bpfDescriptors(), openBpf + 360);
		for (const link of links) link.closeInBackground();
		await until(() => bpfDescriptors() === openBpf, "all links are closed");
	});

	test("what is no cgroup is refused with its errno", () => {
		const fd = openSync(tmpdir(), "r");
		try {
			for (const direction of [undefined, "egress"] as const) {
				assert.throws(
					() => programs.program("traffic").attachCgroup(fd, tmpdir(), direction),
					/^HttpeekError: cannot attach traffic to \S+: .*\(EBADF\)$/,
				);
			}
		} finally {
			closeSync(fd);
		}
	});

	test("descriptors of another process are duplicated; what is gone is an error", () => {
		const copy = openForeignFd(process.ppid, 0);
		assert.equal(readlinkSync(`/proc/self/fd/${copy}`), readlinkSync(`/proc/${process.ppid}/fd/0`));
		closeSync(copy);
		assert.throws(() => openForeignFd(process.pid, 99_999), code("HTTPEEK_IO"));
		assert.throws(() => openForeignFd(2 ** 22 + 1, 0), code("HTTPEEK_IO"));
	});

	test("a file that is no object is named as such", () => {
		const directory = mkdtempSync(join(tmpdir(), "httpeek-"));
		try {
			const path = join(directory, "x.bpf.o");
			writeFileSync(path, "no ELF");
			assert.throws(() => BpfObject.open(path), code("HTTPEEK_BUILD"));
		} finally {
			rmSync(directory, { recursive: true });
		}
	});

	test("a table that no kernel can hold is named", () => {
		const object = BpfObject.open(objectPath(), { mapSizes: { cells: 2 ** 31 } });
		try {
			assert.throws(() => object.load(), /^HttpeekError: cannot create the map cells on Linux \S+: /);
		} finally {
			object.close();
		}
	});

	test("objects are loaded and closed again and again without leaving anything open", () => {
		const openBpf = bpfDescriptors();
		for (let i = 0; i < 3; i++) {
			const again = loadPrograms(tableSizes({ maxEndpoints: 10 }, 2));
			again.map("cells").memory();
			assert.ok(bpfDescriptors() > openBpf);
			again.close();
			again.close();
			assert.equal(bpfDescriptors(), openBpf);
		}
	});
});
