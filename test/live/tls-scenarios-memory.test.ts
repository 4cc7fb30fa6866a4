/** Libraries that write to memory: what lies there is sent later, in any order, by any thread; no row may have a wrong socket. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { lossesOf, settled, skipReason, watch } from "../support/capture.js";
import { makeCertificate } from "../support/certificate.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { MEMORY } from "../support/memory-python.js";
import { letGo, startScript } from "../support/tls-scenarios.js";

interface MemoryScenario {
	readonly name: string;
	readonly script: string;
	/** Exchanges of each connection. */
	readonly each: number;
	/** The library may be hooked too late for some of them. */
	readonly isLate?: boolean;
}

const FEW_PAIRS = "ready(); pairs = [Pair(n) for n in range(8)]";
const MANY_PAIRS = "ready(); pairs = [Pair(n) for n in range(50)]";

const SCENARIOS: readonly MemoryScenario[] = [
	{
		name: "one connection after another",
		script: `
${FEW_PAIRS}
for pair in pairs: shake([pair], first); exchange([pair], first); exchange([pair], first)`,
		each: 2,
	},
	...["first", "last", "mixed"].map((order) => ({
		name: `50 connections shake hands at the same time, sent in this order: ${order}`,
		script: `
${MANY_PAIRS}
shake(pairs, ${order})
for _ in range(3): exchange(pairs, ${order})`,
		each: 3,
	})),
	{
		name: "another thread sends what lies in memory",
		script: `
${MANY_PAIRS}
work, done = queue.Queue(), queue.Queue()
def send():
    while True: work.get().flush(); done.put(1)
threading.Thread(target=send, daemon=True).start()
def elsewhere(ends):
    for end in ends: work.put(end)
    for end in ends: done.get()
shake(pairs, elsewhere)
for _ in range(3): exchange(pairs, elsewhere)`,
		each: 3,
	},
	{
		name: "two threads, each sends what the other one's connections have written",
		script: `
${MANY_PAIRS}
halves, outbox, barrier = (pairs[:25], pairs[25:]), [[], []], threading.Barrier(2)
def run(me):
    def other(ends):
        outbox[1 - me] = ends; barrier.wait(); first(outbox[me]); barrier.wait()
    for _ in range(4):
        for side in (0, 1):
            some = [pair.ends()[side] for pair in halves[me]]
            for end in some:
                end.fill()
                if not end.is_done: end.work()
            other(some)
    for _ in range(3): exchange(halves[me], other)
threads = [threading.Thread(target=run, args=(me,)) for me in (0, 1)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert all(end.is_done for pair in pairs for end in pair.ends())`,
		each: 3,
	},
	{
		name: "objects that are worked on before there is anything to do",
		script: `
${MANY_PAIRS}
for pair in pairs: pair.server.work()
for pair in pairs[::2]: pair.client.work()
for pair in pairs[1::2]: shake([pair], first)
shake(pairs[::2], mixed)
for _ in range(3): exchange(pairs, mixed)`,
		each: 3,
	},
	{
		name: "50 connections whose handshakes were over before the library was hooked: no row with a wrong port",
		script: `
pairs = [Pair(n) for n in range(50)]
shake(pairs, mixed)
ready()
for _ in range(5): exchange(pairs, mixed)`,
		each: 5,
		isLate: true,
	},
];

test("TLS by way of memory", { skip: skipReason }, async (context) => {
	const cgroup = makeLiveCgroup(context);
	const certificate = makeCertificate(context);
	for (const { name, script, each, isLate = false } of SCENARIOS) {
		await context.test(name, async (inner) => {
			const session = await watch(inner, { cgroups: [cgroup] }, { isTlsRead: true });
			const program = startScript(cgroup, `${MEMORY}${script}\nreport(pairs)`, [certificate.both, certificate.chain]);
			await letGo(program, session, "openssl");
			await program.succeeded();
			const ports = JSON.parse(/ports (.*)/.exec(program.stdout)?.[1] ?? "{}") as Record<string, string>;
			const snapshot = await settled(session);
			if (isLate) {
				const wrong = snapshot.endpoints.filter(({ port, route, count }) => ports[port] !== route || count > each);
				assert.deepEqual(wrong, []);
				assert.deepEqual(lossesOf(snapshot), {});
				const missing = 2 * Object.keys(ports).length - snapshot.endpoints.length;
				assert.ok((snapshot.facts.tls_unread ?? 0) >= missing, `${missing} ends without a row`);
				return;
			}
			const got = snapshot.endpoints.map(({ role, port, route, count }) => `${role} ${port} ${route} ${count}`);
			const expected = Object.entries(ports).flatMap(([port, path]) =>
				["client", "server"].map((role) => `${role} ${port} ${path} ${each}`),
			);
			assert.deepEqual(got.sort(), expected.sort());
			assert.deepEqual(lossesOf(snapshot), {});
			assert.equal(snapshot.facts.tls_unread, 0);
		});
	}
});
