/**
 * What a cgroup's path says about the service that runs in it. Pure text: no container engine is asked.
 *
 * The innermost part of the path that says something decides: a unit in a container is named after the unit, a container
 * started by a unit after the container.
 */

/** httpeek's own cgroups begin with this (capture/own-cgroup.ts); a program run in one is named after itself. */
export const OWN_CGROUP_PREFIX = "httpeek-";

/** Characters of a container id that make its short name, as in `docker ps`. */
const SHORT_ID_LENGTH = 12;

export interface CgroupName {
	readonly kind: "container" | "unit" | "none";
	/** Short container id, container name or unit; empty for `none`. */
	readonly name: string;
	/** Full id of the innermost container on the path. */
	readonly containerId?: string;
	/** UID of the Kubernetes pod on the path, with hyphens where it has them. */
	readonly podUid?: string;
}

/** Ids of Docker, containerd, CRI-O and Podman are 64 hexadecimal digits; those of ECS on Fargate are 32 and a number. */
const ID = "(?<id>[0-9a-f]{64}|[0-9a-f]{32}-[0-9]{8,20})";

/**
 * `<id>`, `docker-<id>.scope`, `cri-containerd-<id>.scope`, `crio-<id>`, `libpod-<id>.scope`, `libpod-payload-<id>`, and
 * `<anything>:cri-containerd:<id>`, in which containerd passes a slice on as one name.
 */
const CONTAINER_ID = new RegExp(`^(?:.*:)?(?:(?<engine>[a-z][a-z0-9-]*)-)?${ID}(?:\\.scope)?$`);

/** Pods in the systemd form (`kubepods-burstable-pod<uid>.slice`) and in the cgroupfs form (`pod<uid>`). */
const POD = /(?:^|-)pod(?<uid>[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?(?:$|:)/;

/** `lxc.payload.<name>`, and the two parts `lxc/<name>` and `lxc.payload/<name>`. */
const LXC_PAYLOAD = /^lxc\.payload\.(?<name>.+)$/;
const LXC_PARENTS = new Set(["lxc", "lxc.payload"]);

/** systemd-machined's `machine-<name>.scope`. */
const MACHINE = /^machine-(?<name>.+)\.scope$/;

/** Units that say nothing: a user's manager, and what systemd-run made up a name for. */
const NAMELESS_UNIT = /^(?:user@\d+|run-(?:[rpu][0-9a-f]+(?:-i?\d+)*))\.service$/;

/** Names the service that runs in the cgroup at `path` (as in /proc/PID/cgroup, v1 or v2). */
export function nameCgroup(path: string): CgroupName {
	const parts = path.split("/").filter((part) => part !== "");
	const podUid = parts.map(podOf).findLast((uid) => uid !== undefined);
	const containerId = parts.map(containerOf).findLast((id) => id !== undefined);
	const known = { ...(containerId === undefined ? {} : { containerId }), ...(podUid === undefined ? {} : { podUid }) };
	for (let depth = parts.length - 1; depth >= 0; depth--) {
		const part = parts[depth] ?? "";
		if (part.startsWith(OWN_CGROUP_PREFIX)) break;
		const found = nameOfPart(part, parts[depth - 1]);
		if (found !== undefined) return { ...found, ...known };
	}
	return { kind: "none", name: "", ...known };
}

/** Whether a path lies in one of httpeek's own cgroups. */
export function isOwnCgroup(path: string): boolean {
	return path.split("/").some((part) => part.startsWith(OWN_CGROUP_PREFIX));
}

function nameOfPart(part: string, parent: string | undefined): Pick<CgroupName, "kind" | "name"> | undefined {
	const id = containerOf(part);
	if (id !== undefined) return { kind: "container", name: id.slice(0, SHORT_ID_LENGTH) };
	const named = LXC_PAYLOAD.exec(part)?.groups?.name ?? MACHINE.exec(part)?.groups?.name;
	if (named !== undefined) return { kind: "container", name: unescapeUnit(named) };
	if (parent !== undefined && LXC_PARENTS.has(parent)) return { kind: "container", name: part };
	if (part.endsWith(".service") && !NAMELESS_UNIT.test(part)) return { kind: "unit", name: part };
	return undefined;
}

function containerOf(part: string): string | undefined {
	const groups = CONTAINER_ID.exec(part)?.groups;
	// conmon watches over a container from outside; its cgroup carries the id all the same.
	return groups?.engine?.endsWith("conmon") ? undefined : groups?.id;
}

function podOf(part: string): string | undefined {
	return POD.exec(part)?.groups?.uid?.replaceAll("_", "-");
}

/** systemd writes a character that has a meaning in unit names, such as `-`, as `\x2d`. */
function unescapeUnit(name: string): string {
	return name.replace(/\\x([0-9a-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
