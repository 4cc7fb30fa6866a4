import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "../../test/support/until.js";
import { readComm, withDescendants } from "../identity/process.js";
import { DEMO_SERVICES, startService } from "./demo-services.js";

const PROGRAM = fileURLToPath(new URL("demo-traffic.js", import.meta.url));

async function ask(port: number, method: string, path: string, headers = {}): Promise<[number, string]> {
	const outgoing = request({ port, method, path, headers, agent: false });
	outgoing.end(method === "POST" ? "{}" : undefined);
	const [response] = await once(outgoing, "response");
	let body = "";
	for await (const chunk of response) body += chunk;
	return [response.statusCode, body];
}

test("the services answer as the demo tells", async (context) => {
	const services = ["demo-users", "demo-shop"].map((name) => DEMO_SERVICES[name] ?? assert.fail(name));
	const [users, shop] = await Promise.all(services.map(startService));
	context.after(() => {
		for (const service of [users, shop]) service?.server.close();
	});
	const [usersPort, shopPort] = [users?.port ?? 0, shop?.port ?? 0];
	assert.equal((await ask(usersPort, "GET", "/api/users"))[0], 200);
	assert.deepEqual(await ask(usersPort, "GET", "/api/users", { "if-none-match": '"users-1"' }), [304, ""]);
	assert.deepEqual(await ask(usersPort, "HEAD", "/api/users"), [200, ""]);
	assert.deepEqual(await ask(usersPort, "GET", "/api/users/7"), [200, '{"id":7}']);
	assert.equal((await ask(usersPort, "GET", "/api/users/21"))[0], 404);
	assert.equal((await ask(shopPort, "GET", "/"))[0], 200);
	assert.equal((await ask(shopPort, "GET", "/favicon.ico"))[0], 404);
	assert.equal((await ask(shopPort, "GET", "/api/reports"))[0], 200);
	const orders = await Promise.all(Array.from({ length: 200 }, () => ask(shopPort, "POST", "/api/orders")));
	assert.deepEqual([...new Set(orders.map(([status]) => status))].sort(), [201, 500]);
});

test("starts a client and the services, and ends them all on SIGTERM", async (context) => {
	const demo = start(context, process.execPath, [PROGRAM]);
	await untilComplete(demo);
	const processes = withDescendants([demo.pid ?? 0]);
	demo.kill("SIGTERM");
	assert.deepEqual(await once(demo, "exit"), [0, null]);
	await until(() => [...processes].every((pid) => readComm(pid) === undefined), "all processes have ended");
});

test("ends when its parent is killed", async (context) => {
	const parent = start(context, "sh", ["-c", '"$@" & wait', "sh", process.execPath, PROGRAM]);
	await untilComplete(parent);
	const processes = withDescendants([parent.pid ?? 0]);
	parent.kill("SIGKILL");
	await until(() => [...processes].every((pid) => !readComm(pid)?.startsWith("demo-")), "all processes have ended");
});

/** Starts a program in a process group of its own, which is killed when the test ends. */
function start(context: TestContext, command: string, args: string[]): ChildProcess {
	const child = spawn(command, args, { stdio: "ignore", detached: true });
	context.after(() => {
		try {
			process.kill(-(child.pid ?? assert.fail("not started")), "SIGKILL");
		} catch {
			// Every process of the group has ended, as it should.
		}
	});
	return child;
}

async function untilComplete(root: ChildProcess): Promise<void> {
	const wanted = ["demo-client", ...Object.keys(DEMO_SERVICES)];
	const names = () => [...withDescendants([root.pid ?? 0])].map((pid) => readComm(pid));
	await until(() => wanted.every((name) => names().includes(name)), `there are ${wanted.join(", ")}`);
}
