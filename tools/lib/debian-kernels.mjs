/**
 * Debian's kernels as packages, unpacked into build/kernels and kept there. They come from the mirror that this machine's
 * own apt uses, by way of an apt of our own: its lists and its cache are in build/kernels too, so that the machine's
 * package lists stay what they are.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { say, ToolFailure } from "./failure.mjs";
import { inRoot } from "./files.mjs";
import { runQuietly } from "./programs.mjs";

const FOLDER = inRoot("build/kernels");
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
/** What the image package of a suite is called, whatever version it has; Debian splits it from 7.x on. */
const META_PACKAGE = "linux-image-amd64";
const KERNEL_PACKAGE = /^linux-(image|binary|modules)-\d/;

/** The kernels that are tried, by the release of which each stands for all patch levels. */
export const SUITES = /** @type {const} */ ({ "5.10": "bullseye", 6.1: "bookworm", 6.12: "trixie", "7.x": "sid" });
/** @typedef {keyof typeof SUITES} Release */

/**
 * @typedef {object} Kernel
 * @property {string} release such as `6.1`, as it was asked for
 * @property {string} version what uname -r says there
 * @property {string} image path of the kernel
 * @property {string} root where the packages are unpacked: below it is lib/modules
 */

/**
 * The kernel of a release, downloaded if it is not there.
 * @param {Release} release
 * @returns {Kernel}
 */
export function debianKernel(release) {
	const root = join(FOLDER, release);
	if (!existsSync(root)) download(release, root);
	const version = readdirSync(join(root, "lib/modules"))[0] ?? "";
	// from 7.x on the image stands beside the modules
	const image = [join(root, "boot", `vmlinuz-${version}`), join(root, "lib/modules", version, "vmlinuz")].find(
		existsSync,
	);
	if (image === undefined) {
		throw new ToolFailure(`no kernel in ${root}`, { hint: "remove that folder and run the same command again" });
	}
	return { release, version, image, root };
}

/** @param {Release} release @param {string} root */
function download(release, root) {
	const suite = SUITES[release];
	say(`downloading the kernel ${release} of Debian ${suite}`);
	const apt = privateApt(suite);
	const purpose = `download the kernel of Debian ${suite}`;
	runQuietly("apt-get", [...apt, "-q", "update"], purpose);
	const packages = dependencies(apt, META_PACKAGE).flatMap((name) => [name, ...dependencies(apt, name)]);
	if (packages.length === 0) throw new ToolFailure(`cannot ${purpose}: ${META_PACKAGE} names no kernel`);
	const archives = join(FOLDER, "archives", release);
	const scratch = `${root}.new`;
	rmSync(archives, { recursive: true, force: true });
	rmSync(scratch, { recursive: true, force: true });
	mkdirSync(archives, { recursive: true });
	const fetch = 'cd "$1" && shift && exec apt-get "$@"';
	runQuietly("sh", ["-c", fetch, "sh", archives, ...apt, "-q", "download", ...new Set(packages)], purpose);
	for (const name of readdirSync(archives)) {
		runQuietly("dpkg-deb", ["-x", join(archives, name), scratch], `unpack ${name}`);
	}
	rmSync(root, { recursive: true, force: true });
	rmSync(archives, { recursive: true });
	renameModules(scratch);
	runQuietly("mv", [scratch, root], `keep the kernel in ${root}`);
}

/** Newer packages have usr/lib/modules; one place is enough for all. @param {string} root */
function renameModules(root) {
	if (!existsSync(join(root, "lib")) && existsSync(join(root, "usr/lib"))) {
		runQuietly("mv", [join(root, "usr/lib"), join(root, "lib")], `keep the modules in ${root}/lib`);
	}
}

/** The packages of a kernel that a package depends on. @param {string[]} apt @param {string} name */
function dependencies(apt, name) {
	const text = runQuietly("apt-cache", [...apt, "depends", "--important", name], `look for what ${name} needs`);
	return [...text.matchAll(/^ +(?:\|?Pre)?Depends: (\S+)$/gm)]
		.map(([, needed = ""]) => needed)
		.filter((needed) => KERNEL_PACKAGE.test(needed));
}

/** Options for an apt that knows one suite and shares nothing with the machine's. @param {string} suite */
function privateApt(suite) {
	const state = join(FOLDER, "apt", suite);
	for (const folder of ["lists/partial", "cache/archives/partial", "none"]) {
		mkdirSync(join(state, folder), { recursive: true });
	}
	const sources = join(state, "sources.list");
	writeFileSync(sources, `deb [arch=amd64 signed-by=${KEYRING}] ${mirror()} ${suite} main\n`);
	writeFileSync(join(state, "status"), "");
	const options = {
		"Dir::Etc::SourceList": sources,
		"Dir::Etc::SourceParts": join(state, "none"),
		"Dir::State": state,
		"Dir::State::Lists": join(state, "lists"),
		"Dir::State::Status": join(state, "status"),
		"Dir::Cache": join(state, "cache"),
		"APT::Architecture": "amd64",
		"APT::Sandbox::User": "root",
		"Acquire::Languages": "none",
		"Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled": "false",
	};
	return Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

/** Where this machine gets Debian's main archive from. */
function mirror() {
	const targets = runQuietly(
		"apt-get",
		["indextargets", "--format", "$(REPO_URI) $(COMPONENT) $(LABEL) $(SUITE)", "Created-By: Packages"],
		"ask apt for its mirror",
	);
	const line = targets
		.split("\n")
		.find((text) => / main Debian \S+$/.test(text) && !/-(updates|backports)$/.test(text));
	const uri = line?.split(" ")[0];
	if (uri === undefined) {
		throw new ToolFailure("cannot find a mirror of Debian: apt knows none", {
			hint: "as root, on Debian: apt-get update",
		});
	}
	return uri.replace(/\/$/, "");
}
