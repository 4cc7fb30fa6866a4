import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ContainerNames } from "./container-engine.js";

const A = "a".repeat(64);
const B = "b".repeat(64);

/** A socket on which `answer` is the engine. */
async function engine(context: TestContext, answer: RequestListener): Promise<string> {
	const directory = mkdtempSync(join(tmpdir(), "httpeek-engine-"));
	const path = join(directory, "docker.sock");
	const server = createServer(answer);
	context.after(() => {
		server.closeAllConnections();
		server.close();
		rmSync(directory, { recursive: true });
	});
	await new Promise<void>((resolve) => server.listen(path, resolve));
	return path;
}

test("containers have the names that the engine gives them, without the slash", async (context) => {
	const path = await engine(context, (request, response) => {
		assert.equal(request.url, "/containers/json");
		response.end(JSON.stringify([{ Id: A, Names: ["/shop", "/alias"] }, { Id: B, Names: [] }, null, { Id: 7 }, "x"]));
	});
	const names = await ContainerNames.ask({ sockets: [path] });
	assert.equal(names.nameOf(A), "shop");
	assert.equal(names.nameOf(B), undefined);
});

test("no engine, one that answers nonsense, and one that does not answer cost nothing but the names", async (context) => {
	const nonsense = await engine(context, (_, response) => response.end("<html>"));
	const silent = await engine(context, () => {});
	const started = performance.now();
	const names = await ContainerNames.ask({ sockets: ["/nonexistent", nonsense, silent], timeoutMs: 50 });
	assert.equal(names.nameOf(A), undefined);
	assert.ok(performance.now() - started < 2000, "the time limit holds");
});

test("a container that is not known is asked for again, but not more often than every two seconds", async (context) => {
	let asked = 0;
	const path = await engine(context, (_, response) => {
		asked += 1;
		response.end(JSON.stringify(asked === 1 ? [] : [{ Id: A, Names: ["/late"] }]));
	});
	let now = 0;
	const names = await ContainerNames.ask({ sockets: [path], now: () => now });
	assert.equal(names.nameOf(A), undefined);
	assert.equal(asked, 1);
	now = 2000;
	assert.equal(names.nameOf(A), undefined, "the answer comes in the background");
	const deadline = Date.now() + 5000;
	while (names.nameOf(A) === undefined && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
	assert.equal(names.nameOf(A), "late");
	assert.equal(asked, 2);
});
