import assert from "node:assert/strict";
import { test } from "node:test";
import { Limit } from "../wire/layout.js";
import { cpusOfList, LARGEST_MAX_ENDPOINTS, objectPath, tableSizes } from "./programs.js";

test("possible CPUs are counted up to the highest number", () => {
	assert.equal(cpusOfList("0-1\n"), 2);
	assert.equal(cpusOfList("0"), 1);
	assert.equal(cpusOfList("0-3,8,10-11"), 12);
	assert.equal(cpusOfList(""), 1);
});

test("stripes are a power of two, bounded", () => {
	const stripes = [1, 2, 3, 6, 64, 65, 1024].map((cpus) => tableSizes({}, cpus).stripes);
	assert.deepEqual(stripes, [1, 2, 4, 8, 64, Limit.STRIPES, Limit.STRIPES]);
});

test("tables hold the endpoints that were asked for beside those kept for (other)", () => {
	const sizes = tableSizes({ maxEndpoints: 10 }, 2);
	assert.deepEqual(sizes, {
		stripes: 2,
		endpoints: Limit.OTHER_ENDPOINTS + 10,
		endpointHints: 32,
		ownerEndpoints: 10,
		cells: Limit.OTHER_CELLS + 40,
		owners: 4096,
		peers: 4096,
		cpus: 2,
		workspaces: 2 * Limit.WORKSPACES_PER_CPU,
	});
});

test("a service cannot take the whole table, unless it is tiny", () => {
	assert.equal(tableSizes({ maxEndpoints: 4096 }, 2).ownerEndpoints, 3584);
	assert.equal(tableSizes({ maxEndpoints: 63 }, 2).ownerEndpoints, 63);
});

test("an endpoint's slot always fits the 16 bits of a pending request", () => {
	assert.equal(tableSizes({ maxEndpoints: 1e9 }, 2).endpoints, Limit.ENDPOINTS);
	assert.equal(LARGEST_MAX_ENDPOINTS + Limit.OTHER_ENDPOINTS, Limit.ENDPOINTS);
});

test("the object file is that of this architecture and kernel", () => {
	const folder = `/build/bpf/${process.arch}/`;
	for (const release of ["5.13.0", "5.15.0-105-generic", "6.1.0-50-amd64", "7.2.13+deb14-amd64"]) {
		assert.ok(objectPath("httpeek", release).endsWith(`${folder}httpeek.bpf.o`), release);
	}
	for (const release of ["5.12.19", "5.10.0-32-amd64", "5.4.0", "4.19"]) {
		assert.ok(objectPath("httpeek", release).endsWith(`${folder}httpeek-compat.bpf.o`), release);
	}
});
