import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { HttpeekError } from "../base/errors.js";
import { replaceNative } from "./libbpf.js";
import { UpdateFlag } from "./map.js";
import type { Native } from "./native.js";
import { BpfObject } from "./object.js";

/** Any file that exists: the fake does not read it. */
const PATH = fileURLToPath(import.meta.url);
const RODATA = 7n;

/** Native functions of which only the given ones may be called; `calls` tells which were, in order. */
function useFake(functions: Partial<Native>): string[] {
	const calls: string[] = [];
	const defaults: Partial<Native> = {
		collectWarnings: (work) => ({ result: work(), warnings: [] }),
		objectOpen: () => 1n,
		objectClose: () => undefined,
		objectLoad: () => 0,
		findMap: (_object, name) => (name === ".rodata" ? RODATA : name === "missing" ? null : 2n),
		mapFd: () => 3,
		mapFlags: () => 1 << 10,
		mapKeySize: () => 4,
		mapValueSize: () => 12,
		mapMaxEntries: () => 100,
	};
	const fake = new Proxy({ ...defaults, ...functions } as Native, {
		get(target, name) {
			const called = target[name as keyof Native] as ((...args: unknown[]) => unknown) | undefined;
			return (...args: unknown[]) => {
				if (called === undefined) throw new Error(`unexpected call of ${String(name)}`);
				calls.push(String(name));
				return called(...args);
			};
		},
	});
	replaceNative(fake);
	return calls;
}

const code = (expected: string) => (error: unknown) => error instanceof HttpeekError && error.code === expected;

afterEach(() => replaceNative(undefined));

test("sizes and configuration are written before the load, each variable where it stands", () => {
	const sizes: number[] = [];
	let rodata = new Uint8Array();
	const calls = useFake({
		mapSetMaxEntries: (_map, entries) => sizes.push(entries) - sizes.length,
		mapInitialValue: () => new Uint8Array(16).fill(0xee),
		mapSetInitialValue: (map, value) => {
			assert.equal(map, RODATA);
			rodata = value.slice();
			return 0;
		},
	});
	const object = BpfObject.open(PATH, {
		mapSizes: { cells: 77 },
		config: { cfg_mask: 3, cfg_on: true, cfg_seed: 0x0102030405060708n },
		configLayout: {
			cfg_mask: { offset: 0, size: 4 },
			cfg_on: { offset: 4, size: 1 },
			cfg_seed: { offset: 8, size: 8 },
		},
	});
	object.load();
	object.close();
	assert.deepEqual(sizes, [77]);
	assert.deepEqual([...rodata], [3, 0, 0, 0, 1, 0xee, 0xee, 0xee, 8, 7, 6, 5, 4, 3, 2, 1]);
	assert.ok(calls.indexOf("mapSetInitialValue") < calls.indexOf("objectLoad"));
});

test("what the file lacks is named, and the object is closed again", () => {
	const calls = useFake({ mapInitialValue: () => new Uint8Array(8) });
	const open = (options: object) => () => BpfObject.open(PATH, options);
	assert.throws(open({ mapSizes: { missing: 1 } }), /has no map missing/);
	const layout = { cfg_late: { offset: 8, size: 4 } };
	assert.throws(open({ config: { cfg_late: 1 }, configLayout: layout }), /no configuration variable cfg_late/);
	assert.throws(open({ config: { cfg_else: 1 }, configLayout: layout }), code("HTTPEEK_BUILD"));
	assert.equal(calls.filter((call) => call === "objectClose").length, 3);
	assert.throws(() => BpfObject.open("/nonexistent/x.bpf.o"), code("HTTPEEK_BUILD"));
});

test("a configuration value that does not fit is refused", () => {
	useFake({ mapInitialValue: () => new Uint8Array(8) });
	const configLayout = { cfg_byte: { offset: 0, size: 1 } };
	for (const value of [256, -1]) {
		assert.throws(() => BpfObject.open(PATH, { config: { cfg_byte: value }, configLayout }), code("HTTPEEK_INTERNAL"));
	}
});

test("a refused load carries the verifier's log and the name from libbpf's message", () => {
	let log: Uint8Array = new Uint8Array();
	useFake({
		objectOpen: (_path, options) => {
			log = options.logBuffer;
			return 1n;
		},
		objectLoad: () => {
			log.set(Buffer.from("R1 invalid mem access\n"));
			return -13;
		},
		collectWarnings: (work) => ({ result: work(), warnings: ["prog 'broken': BPF program load failed: EACCES"] }),
	});
	assert.throws(
		() => BpfObject.open(PATH).load(),
		(error) =>
			error instanceof HttpeekError &&
			(error.code === "HTTPEEK_PRIVILEGE" || /broken.*\n.*R1 invalid/.test(error.message)),
	);
});

test("close unmaps memory before it unloads, once", () => {
	const calls = useFake({
		mapMemory: (_fd, lengthBytes) => {
			// elements of 12 bytes stand 16 bytes apart
			assert.equal(lengthBytes, 1600);
			return 0x1000n;
		},
		viewMemory: (_address, lengthBytes) => new ArrayBuffer(lengthBytes),
		unmapMemory: () => 0,
	});
	const object = BpfObject.open(PATH);
	object.load();
	const memory = object.map("cells").memory();
	assert.equal(object.map("cells").memory(), memory);
	assert.equal(memory.buffer.byteLength, 1600);
	object.close();
	object.close();
	assert.deepEqual(calls.slice(-2), ["unmapMemory", "objectClose"]);
	assert.throws(() => memory.buffer, code("HTTPEEK_INTERNAL"));
	assert.throws(() => object.map("cells"), code("HTTPEEK_INTERNAL"));
});

test("optional programs are included before the load, and only those asked for", () => {
	const included: unknown[] = [];
	const calls = useFake({
		findProgram: (_object, name) => (name === "missing" ? null : BigInt(name.length)),
		programSetAutoload: (program, isLoaded) => {
			included.push(program, isLoaded);
			return 0;
		},
	});
	BpfObject.open(PATH).load();
	assert.ok(!calls.includes("programSetAutoload"));
	BpfObject.open(PATH, { optionalPrograms: ["floor"] }).load();
	assert.deepEqual(included, [5n, true]);
	assert.ok(calls.indexOf("programSetAutoload") < calls.lastIndexOf("objectLoad"));
	assert.throws(() => BpfObject.open(PATH, { optionalPrograms: ["missing"] }), code("HTTPEEK_BUILD"));
	assert.equal(calls.at(-1), "objectClose");
});

test("what was left out is loaded beside, on the same maps, and found and closed with the object", async () => {
	const programs = ["first", "slow"];
	const [choices, shared]: [string[], string[]] = [[], []];
	let objects = 0n;
	let isRefused = false;
	const next = (previous: bigint | null, most: number) => {
		const following = previous === null ? 1n : previous + 1n;
		return following > BigInt(most) ? null : following;
	};
	const calls = useFake({
		objectOpen: () => ++objects,
		nextProgram: (_object, previous) => next(previous, programs.length),
		programName: (program) => programs[Number(program) - 1] ?? "",
		programSetAutoload: (program, isLoaded) => choices.push(`${objects} ${program} ${isLoaded}`) - choices.length,
		nextMap: (_object, previous) => next(previous, 3),
		mapReuseFd: (map, fd) => shared.push(`${map} ${fd}`) - shared.length,
		mapFd: (map) => Number(map) + 10,
		objectLoadInBackground: async () => (isRefused ? -13 : 0),
		objectLoad: (object) => (object === 3n ? -13 : 0),
		findProgram: (object) => object,
		programFd: (program) => Number(program),
		objectInfo: (fd) => (fd === 2 ? 0 : -22),
	});
	const object = BpfObject.open(PATH, { only: ["first"] });
	object.load();
	assert.equal(await object.openBeside(["slow"]).loadInBackground(), true);
	assert.deepEqual(choices, ["1 1 true", "1 2 false", "2 1 false", "2 2 true"]);
	assert.deepEqual(shared, ["1 11", "2 12", "3 13"]);
	assert.equal(object.program("slow").statistics().runs, 0, "it is that of the object beside");
	isRefused = true;
	const again = object.openBeside(["slow"]);
	assert.equal(await again.loadInBackground(), false);
	assert.throws(() => again.load(), HttpeekError);
	object.close();
	assert.equal(calls.filter((call) => call === "objectClose").length, 3);
});

test("a map without BPF_F_MMAPABLE has no memory", () => {
	useFake({ mapFlags: () => 0 });
	assert.throws(() => BpfObject.open(PATH).map("hash").memory(), code("HTTPEEK_INTERNAL"));
});

test("map operations: what is part of the result, and what is an error", () => {
	let answer = 0;
	const say = () => answer;
	useFake({ lookup: say, update: say, delete: say, nextKey: say, lookupAndDelete: say });
	const map = BpfObject.open(PATH).map("some");
	const key = new Uint8Array(4);
	const value = new Uint8Array(12);

	assert.deepEqual(map.lookup(key), value);
	assert.equal(map.delete(key), true);
	assert.equal(map.update(key, value), true);
	answer = -2; // ENOENT
	assert.equal(map.lookup(key), undefined);
	assert.equal(map.delete(key), false);
	assert.equal(map.nextKey(), undefined);
	assert.equal(map.pop(), undefined);
	assert.equal(map.update(key, value, UpdateFlag.exist), false);
	assert.throws(() => map.update(key, value), code("HTTPEEK_BPF"));
	answer = -17; // EEXIST
	assert.equal(map.update(key, value, UpdateFlag.noExist), false);
	assert.throws(() => map.update(key, value), code("HTTPEEK_BPF"));
	answer = -7; // E2BIG
	assert.throws(() => map.push(value), /cannot push to the map some: argument list too long \(E2BIG\)/);
	answer = 0;
	assert.throws(() => map.lookup(new Uint8Array(5)), /a key of some has 4 bytes, not 5/);
	assert.throws(() => map.push(new Uint8Array(11)), code("HTTPEEK_INTERNAL"));
});

test("batches go on from the position that the kernel gave, until ENOENT", () => {
	const positions: (number | null)[] = [];
	useFake({
		lookupBatch: (_fd, position, next, keys, _values, count) => {
			positions.push(position === null ? null : (position[0] ?? 0));
			next[0] = positions.length;
			keys[0] = positions.length * 10;
			const isLast = positions.length === 3;
			count[0] = isLast ? 1 : 2;
			return isLast ? -2 : 0;
		},
	});
	const seen = [...BpfObject.open(PATH).map("hash").batches(2)].map(({ count, keys, values }) => [
		count,
		keys.length,
		values.length,
	]);
	assert.deepEqual(positions, [null, 1, 2]);
	assert.deepEqual(seen, [
		[2, 8, 24],
		[2, 8, 24],
		[1, 4, 12],
	]);
});
