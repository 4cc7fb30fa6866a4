import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isOwnCgroup, nameCgroup } from "./cgroup-name.js";

const ID = "3f4e5a6b7c8d90112233445566778899aabbccddeeff00112233445566778899";
const INNER = "ffee".repeat(16);
const SHORT = ID.slice(0, 12);
const UID = "8c5f1a2b-0d3e-4f56-a789-0123456789ab";
const UID_ = UID.replaceAll("-", "_");
const BURSTABLE = `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID_}.slice`;
const CONTAINER = { kind: "container", name: SHORT, containerId: ID };
const IN_POD = { ...CONTAINER, podUid: UID };
const NONE = { kind: "none", name: "" };

const CASES: readonly (readonly [path: string, expected: object])[] = [
	// Docker, nerdctl, ECS
	[`/system.slice/docker-${ID}.scope`, CONTAINER],
	[`/docker/${ID}`, CONTAINER],
	[`/docker/${ID}/docker/${INNER}`, { kind: "container", name: "ffeeffeeffee", containerId: INNER }],
	[`/../../docker-${ID}.scope`, CONTAINER],
	[`/system.slice/nerdctl-${ID}.scope`, CONTAINER],
	[`/ecs/0123456789abcdef0123456789abcdef/${ID}`, CONTAINER],
	[
		`/ecs/${"0a".repeat(16)}/${"0a".repeat(16)}-1234567890`,
		{ kind: "container", name: "0a0a0a0a0a0a", containerId: `${"0a".repeat(16)}-1234567890` },
	],
	// Podman
	[`/machine.slice/libpod-${ID}.scope`, CONTAINER],
	[`/machine.slice/libpod-${ID}.scope/container`, CONTAINER],
	[`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/container`, CONTAINER],
	[`/libpod_parent/libpod-${ID}`, CONTAINER],
	[`/machine.slice/libpod-payload-${ID}`, CONTAINER],
	[`/machine.slice/libpod-conmon-${ID}.scope`, NONE],
	// Kubernetes: systemd and cgroupfs drivers
	[`${BURSTABLE}/cri-containerd-${ID}.scope`, IN_POD],
	[`${BURSTABLE}/crio-${ID}.scope`, IN_POD],
	[`${BURSTABLE}/crio-conmon-${ID}.scope`, { ...NONE, podUid: UID }],
	[`${BURSTABLE}/docker-${ID}.scope`, IN_POD],
	[BURSTABLE, { ...NONE, podUid: UID }],
	[`/kubepods/besteffort/pod${UID}/${ID}`, IN_POD],
	[`/kubepods/pod${UID}/crio-${ID}`, IN_POD],
	[`/kubepods/pod${"ab".repeat(16)}/${ID}`, { ...CONTAINER, podUid: "ab".repeat(16) }],
	[`/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${UID_}.slice/cri-containerd-${ID}.scope`, IN_POD],
	[`/system.slice/containerd.service/kubepods-burstable-pod${UID_}.slice:cri-containerd:${ID}`, IN_POD],
	[`/system.slice/k3s.service/kubepods/pod${UID}/${ID}`, IN_POD],
	// LXC and machined
	["/lxc/web", { kind: "container", name: "web" }],
	["/lxc.payload.web", { kind: "container", name: "web" }],
	["/lxc.payload/web/user.slice", { kind: "container", name: "web" }],
	["/lxc.monitor.web", NONE],
	["/lxc.payload.web/system.slice/nginx.service", { kind: "unit", name: "nginx.service" }],
	["/machine.slice/machine-web\\x2d1.scope", { kind: "container", name: "web-1" }],
	// systemd
	["/system.slice/nginx.service", { kind: "unit", name: "nginx.service" }],
	["/system.slice/system-getty.slice/getty@tty1.service", { kind: "unit", name: "getty@tty1.service" }],
	["/system.slice/nginx.service/workers/3", { kind: "unit", name: "nginx.service" }],
	["/user.slice/user-1000.slice/user@1000.service/app.slice/api.service", { kind: "unit", name: "api.service" }],
	[`/docker/${ID}/system.slice/nginx.service`, { kind: "unit", name: "nginx.service", containerId: ID }],
	["/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-x-1.scope", NONE],
	["/user.slice/user-1000.slice/user@1000.service/init.scope", NONE],
	["/user.slice/user-0.slice/session-3.scope", NONE],
	["/system.slice/run-u12.service", NONE],
	["/system.slice/run-p123-i456.service", NONE],
	[`/system.slice/run-r${"0f".repeat(16)}.service`, NONE],
	["/system.slice/runner.service", { kind: "unit", name: "runner.service" }],
	["/init.scope", NONE],
	["/system.slice", NONE],
	["/machine.slice", NONE],
	["/", NONE],
	["", NONE],
	// httpeek's own
	["/httpeek-run-12-1.a.ff", NONE],
	["/system.slice/cron.service/httpeek-run-12-1.a.ff", NONE],
	[`/httpeek-run-12-1.a.ff/docker/${ID}`, CONTAINER],
	// Near misses
	[`/docker/${ID}0`, NONE],
	[`/docker/${ID.slice(1)}`, NONE],
	[`/docker/${ID.toUpperCase()}`, NONE],
	["/process_api/6cd383868589cbd4802a427a8981cefa", NONE],
];

test("names what a path says", () => {
	for (const [path, expected] of CASES) assert.deepEqual(nameCgroup(path), expected, path);
});

test("any text is a path: names are a part of it, and only `none` has no name", () => {
	const part = fc.oneof(
		fc.string(),
		fc.constantFrom("docker", ID, `docker-${ID}.scope`, "a.service", "lxc", "httpeek-x"),
	);
	fc.assert(
		fc.property(fc.array(part), (parts) => {
			const { kind, name } = nameCgroup(`/${parts.join("/")}`);
			assert.equal(kind === "none", name === "");
		}),
	);
});

test("knows httpeek's own cgroups", () => {
	assert.equal(isOwnCgroup("/a/httpeek-run-1-x/b"), true);
	assert.equal(isOwnCgroup("/system.slice/httpeek.service"), false);
	assert.equal(isOwnCgroup("/my-httpeek-1"), false);
});
