/** What was opened is closed: descriptors, memory, and everything in the kernel, however often. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { resolveScope } from "../../src/capture/scope.js";
import { CaptureSession } from "../../src/capture/session.js";
import { walkCgroups } from "../../src/identity/cgroup-tree.js";
import { ServiceNames } from "../../src/identity/service-names.js";
import { skipReason } from "../support/capture.js";
import { HTTPEEK } from "../support/httpeek.js";
import { makeLiveCgroup, processesIn } from "../support/live-cgroup.js";
import { makeCgroupBelow, run } from "../support/programs.js";
import { until } from "../support/until.js";

const SESSIONS = 200;
/** After so many, what is made once has been made and the heap has its size. */
const WARM_UP = 40;
/**
 * The allocator keeps what was freed: glibc's threshold for giving memory back rises to twice the largest block that was
 * freed, which is the 16 MB for the verifier's log, and each thread that frees has an arena of its own. What this bound
 * lets through, the others catch: an object of the library's that were not closed would hold descriptors.
 */
const NOISE_BYTES = 96 * 2 ** 20;
/** Of the heap and the buffers that JavaScript holds: they are exact after a collection. */
const HEAP_NOISE_BYTES = 4 * 2 ** 20;
const KINDS = ["prog", "map", "link"] as const;

type Kind = (typeof KINDS)[number];
type Ids = Readonly<Record<Kind, Set<number>>>;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Adds the ids of the kernel objects that this process holds. */
function collectIds(ids: Ids): void {
	for (const fd of readdirSync("/proc/self/fdinfo")) {
		let text = "";
		try {
			text = readFileSync(`/proc/self/fdinfo/${fd}`, "utf8");
		} catch {
			continue; // the descriptor of the listing itself
		}
		for (const kind of KINDS) {
			const id = new RegExp(`^${kind}_id:\\s*(\\d+)`, "m").exec(text)?.[1];
			if (id !== undefined) ids[kind].add(Number(id));
		}
	}
}

/** Which of them are in the kernel still. */
function remaining(ids: Ids): string[] {
	return KINDS.flatMap((kind) => {
		const listed = JSON.parse(execFileSync("bpftool", ["-j", kind, "list"], { encoding: "utf8" })) as { id: number }[];
		return listed.filter(({ id }) => ids[kind].has(id)).map(({ id }) => `${kind} ${id}`);
	});
}

/** What bpftool lists for a cgroup: nothing at all when nothing is attached. */
function attachedTo(cgroup: string): string {
	return execFileSync("bpftool", ["cgroup", "show", cgroup], { encoding: "utf8" }).trim();
}

interface Usage {
	readonly descriptors: number;
	/** Of the heap and the like: how much of Node's own program is resident changes by itself. */
	readonly anonymousBytes: number;
	/** What JavaScript holds: objects and buffers. */
	readonly heapBytes: number;
	/** Mapped tables, which are not anonymous. */
	readonly mappedMaps: number;
}

function usage(): Usage {
	collectGarbage();
	const { heapUsed, external } = process.memoryUsage();
	const kibibytes = Number(/^RssAnon:\s*(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
	return {
		descriptors: readdirSync("/proc/self/fd").length,
		anonymousBytes: kibibytes * 1024,
		heapBytes: heapUsed + external,
		mappedMaps: readFileSync("/proc/self/maps", "utf8").split("bpf-map").length - 1,
	};
}

test("200 sessions leave no descriptor, no memory and nothing in the kernel", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const ids: Ids = { prog: new Set(), map: new Set(), link: new Set() };
	let warm = usage();
	for (let i = 1; i <= SESSIONS; i++) {
		const session = await CaptureSession.open({
			scope: resolveScope({ cgroups: [cgroup] }),
			names: new ServiceNames(),
		});
		session.read();
		collectIds(ids);
		if (i === 1) {
			assert.match(attachedTo(cgroup), /traffic/);
			assert.ok(usage().mappedMaps >= 5, "mapped tables are seen");
		}
		session.close();
		if (i === WARM_UP) warm = usage();
	}
	assert.equal(usage().descriptors, warm.descriptors);
	assert.equal(usage().mappedMaps, 0);
	const grown = (): number => usage().anonymousBytes - warm.anonymousBytes;
	const first = grown();
	await until(() => usage().heapBytes - warm.heapBytes < HEAP_NOISE_BYTES, "JavaScript holds no more than before");
	await until(() => grown() < NOISE_BYTES, "what was collected is given back");
	const mebibytes = [first, grown()].map((bytes) => (bytes / 2 ** 20).toFixed(1));
	context.diagnostic(
		`${SESSIONS - WARM_UP} sessions on: ${mebibytes[0]} MiB more of anonymous memory, then ${mebibytes[1]}`,
	);
	assert.ok(
		ids.prog.size >= 7 * SESSIONS && ids.link.size >= 7 * SESSIONS && ids.map.size >= 15 * SESSIONS,
		"the objects were seen while they lived",
	);
	await until(() => remaining(ids).length === 0, "the kernel has freed them");
	assert.equal(attachedTo(cgroup), "");
});

test("the program leaves no cgroup and no process", { skip: skipReason }, async (context) => {
	const parent = makeLiveCgroup(context);
	const own = makeCgroupBelow(parent, "own");
	for (let i = 0; i < 3; i++) await run(own, process.execPath, [HTTPEEK, "run", "-q", "--", "true"]);
	assert.deepEqual(
		[...walkCgroups(own)].map(({ path }) => path),
		["/"],
	);
	assert.deepEqual(processesIn(own), []);
	assert.equal(attachedTo(own), "");
});
