import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type FakeHost, makeFakeHost } from "../../test/support/fake-host.js";
import { followDescendants, resolveScope, type ScopeOptions } from "./scope.js";

const ID = "ab12".repeat(16);
const OTHER_ID = `ab12${"ff".repeat(30)}`;

function hostWithServices(context: TestContext): FakeHost & { resolve: (options: ScopeOptions) => string[] } {
	const host = makeFakeHost(context);
	const paths = [
		"/system.slice/nginx.service/worker",
		"/system.slice/api.service",
		`/system.slice/docker-${ID}.scope/init.scope`,
		`/kubepods/${OTHER_ID}`,
		"/lxc/web/user.slice",
		"/user.slice/user-1.slice/user@1.service/app.slice/job.service",
		"/user.slice/user-2.slice/user@2.service/app.slice/job.service",
	];
	for (const path of paths) host.addCgroup(path);
	const places = { ...host, isCgroup2: (directory: string) => directory.startsWith(host.cgroupRoot) };
	const resolve = (options: ScopeOptions) =>
		resolveScope(options, places).cgroups.map((directory) => directory.slice(host.cgroupRoot.length) || "/");
	return { ...host, resolve };
}

test("without options: the whole host", (context) => {
	const host = makeFakeHost(context);
	assert.deepEqual(resolveScope({}, host), {
		cgroups: [host.cgroupRoot],
		pids: undefined,
		description: "the whole host",
	});
	assert.deepEqual(resolveScope(undefined, { procRoot: host.procRoot }).cgroups, [host.cgroupRoot]);
});

test("cgroups by directory and by path in the tree", (context) => {
	const host = hostWithServices(context);
	assert.deepEqual(host.resolve({ cgroups: ["/system.slice"] }), ["/system.slice"]);
	assert.deepEqual(host.resolve({ cgroups: ["system.slice/api.service/"] }), ["/system.slice/api.service"]);
	assert.deepEqual(host.resolve({ cgroups: [join(host.cgroupRoot, "lxc")] }), ["/lxc"]);
	assert.deepEqual(host.resolve({ cgroups: ["/"] }), ["/"]);
	assert.deepEqual(host.resolve({ cgroups: [host.cgroupRoot] }), ["/"]);
});

test("units and containers by their names", (context) => {
	const { resolve } = hostWithServices(context);
	assert.deepEqual(resolve({ units: ["nginx"] }), ["/system.slice/nginx.service"]);
	assert.deepEqual(resolve({ units: ["nginx.service"] }), ["/system.slice/nginx.service"]);
	assert.deepEqual(resolve({ units: ["system.slice"] }), ["/system.slice"]);
	const docker = [`/system.slice/docker-${ID}.scope`];
	for (const name of [ID, "ab12a", `docker-${ID}.scope`]) assert.deepEqual(resolve({ containers: [name] }), docker);
	assert.deepEqual(resolve({ containers: ["ab12f"] }), [`/kubepods/${OTHER_ID}`]);
	assert.deepEqual(resolve({ containers: ["web"] }), ["/lxc/web"]);
});

test("a cgroup inside of another one is left out", (context) => {
	const { resolve } = hostWithServices(context);
	assert.deepEqual(resolve({ cgroups: ["/system.slice/nginx.service/worker", "/system.slice"], units: ["api"] }), [
		"/system.slice",
	]);
	assert.deepEqual(resolve({ units: ["nginx", "nginx", "api"] }), [
		"/system.slice/api.service",
		"/system.slice/nginx.service",
	]);
	assert.deepEqual(resolve({ cgroups: ["/", "/lxc"] }), ["/"]);
});

test("what does not exist or is not clear is an error that says so", (context) => {
	const { resolve, procRoot } = hostWithServices(context);
	mkdirSync(join(procRoot, "plain"));
	const missing = "HTTPEEK_SCOPE_NOT_FOUND";
	const cases: [ScopeOptions, string, RegExp][] = [
		[{ cgroups: ["/nope"] }, missing, /^cannot watch cgroup \/nope: it does not exist$/],
		[{ cgroups: [join(procRoot, "plain")] }, missing, /it is not in a cgroup v2 tree/],
		[{ cgroups: ["../proc/plain"] }, missing, /it is not in a cgroup v2 tree/],
		[{ units: ["nope"] }, missing, /^cannot watch unit nope\.service: no cgroup has it$/],
		[{ units: ["job"] }, "HTTPEEK_USAGE", /it can be \/user\S*job\.service, \/user\S*job\.service$/],
		[{ containers: ["ab12"] }, "HTTPEEK_USAGE", /container ab12: it can be .*, /],
		[{ containers: ["ffff"] }, missing, /^cannot watch container ffff: no cgroup has it$/],
		[{ pids: [1], units: ["api"] }, "HTTPEEK_USAGE", /processes and cgroups at once/],
		[{ pids: [77] }, "HTTPEEK_PROCESS_NOT_FOUND", /^cannot watch process 77: it does not exist$/],
	];
	for (const [options, code, message] of cases) {
		assert.throws(() => resolve(options), { code, message, hint: /\w/ }, JSON.stringify(options));
	}
});

test("processes: their cgroups, themselves and their descendants", (context) => {
	const host = hostWithServices(context);
	host.addProcess({ pid: 10, comm: "nginx", cgroup: "0::/system.slice/nginx.service\n", children: [11] });
	host.addProcess({ pid: 11, comm: "nginx", cgroup: "0::/system.slice/nginx.service/worker\n", children: [] });
	host.addProcess({ pid: 12, comm: "other", cgroup: "0::/system.slice/api.service\n", children: [] });
	const scope = resolveScope({ pids: [10] }, host);
	assert.deepEqual(scope.cgroups, [join(host.cgroupRoot, "/system.slice/nginx.service")]);
	assert.deepEqual(scope.pids, new Set([10, 11]));
	assert.equal(scope.description, "process 10 (nginx)");
	host.addProcess({ pid: 13, comm: "outside", cgroup: "0::/../elsewhere\n", children: [] });
	assert.throws(() => resolveScope({ pids: [13] }, host), { code: "HTTPEEK_SCOPE_NOT_FOUND" });
});

test("follows processes that are started and that end", (context) => {
	const host = makeFakeHost(context);
	host.addProcess({ pid: 10, comm: "sh", children: [11] });
	host.addProcess({ pid: 11, comm: "a", children: [] });
	const scope = resolveScope({ pids: [10] }, host);
	const unchanged = followDescendants(scope, host.procRoot);
	assert.deepEqual(unchanged, { scope, added: [], gone: [] });
	host.addProcess({ pid: 11, comm: "a", children: [12] });
	host.addProcess({ pid: 12, comm: "b", children: [] });
	const grown = followDescendants(scope, host.procRoot);
	assert.deepEqual([grown.added, grown.gone], [[12], []]);
	host.removeProcess(11);
	const shrunk = followDescendants(grown.scope, host.procRoot);
	assert.deepEqual([shrunk.added, shrunk.gone, shrunk.scope.pids], [[], [11], new Set([10, 12])]);
	const whole = resolveScope({}, host);
	assert.equal(followDescendants(whole, host.procRoot).scope, whole);
});
