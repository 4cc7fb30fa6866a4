/** What a machine must have to build, run and test httpeek, and how Debian is made to have it. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { hasClang } from "./bpf-compiler.mjs";
import { EXIT, say, ToolFailure } from "./failure.mjs";
import { findProgram, runShown } from "./programs.mjs";

const OLDEST_NODE = [20, 19];
const RETRY_AFTER_MS = 3000;

/**
 * @typedef {object} Requirement
 * @property {string} debianPackage
 * @property {() => boolean} isThere
 */

/** @param {string} debianPackage @param {string} program @returns {Requirement} */
const program = (debianPackage, ...programs) => ({
	debianPackage,
	isThere: () => findProgram(...programs) !== undefined,
});
/** @param {string} debianPackage @param {string} path @returns {Requirement} */
const header = (debianPackage, path) => ({ debianPackage, isThere: () => existsSync(path) });

/** @param {string} debianPackage @param {string} name @returns {Requirement} */
const library = (debianPackage, name) => ({ debianPackage, isThere: () => isLibraryThere(name) });

/** @type {Requirement[]} */
export const FOR_RUNNING = [library("libbpf1", "libbpf.so.1")];

/** @type {Requirement[]} */
export const FOR_BUILDING = [
	{ debianPackage: "clang-19", isThere: hasClang },
	program("llvm-19", "llvm-strip-19", "llvm-strip"),
	program("bpftool", "bpftool"),
	header("libbpf-dev", "/usr/include/bpf/bpf_helpers.h"),
	header("linux-libc-dev", "/usr/include/linux/bpf.h"),
];

/** libFuzzer and the sanitizers. @type {Requirement[]} */
export const FOR_FUZZING = [{ debianPackage: "libclang-rt-19-dev", isThere: isClangRuntimeThere }];

/** @type {Requirement[]} */
export const FOR_TESTING = [
	...FOR_FUZZING,
	program("clang-format-19", "clang-format-19"),
	program("nginx-light", "nginx"),
	program("wrk", "wrk"),
	program("curl", "curl"),
	program("python3", "python3"),
	program("iproute2", "ip"),
	program("nftables", "nft"),
	program("procps", "sysctl"),
	program("tmux", "tmux"),
	program("bash", "bash"),
	program("zsh", "zsh"),
	program("fish", "fish"),
	program("cmark-gfm", "cmark-gfm"),
	program("bsdutils", "script"),
	program("perl-base", "perl"),
	program("binutils", "objdump"),
	program("caddy", "caddy"),
	library("libssl3", "libssl.so.3"),
	library("libgnutls30", "libgnutls.so.30"),
	library("android-libboringssl", "android/libssl.so.0"),
];

/** The servers and clients of test/matrix/, with what compiles and runs those that are written there. @type {Requirement[]} */
export const FOR_MATRIX = [
	program("apache2", "apache2"),
	program("apache2-utils", "ab"),
	program("caddy", "caddy"),
	program("default-jdk-headless", "javac"),
	program("golang-go", "go"),
	program("gunicorn", "gunicorn"),
	program("haproxy", "haproxy"),
	program("hey", "hey"),
	program("nghttp2-client", "h2load"),
	program("openssl", "openssl"),
	program("php-cli", "php"),
	program("puma", "puma"),
	header("python3-aiohttp", "/usr/lib/python3/dist-packages/aiohttp"),
	header("python3-requests", "/usr/lib/python3/dist-packages/requests"),
	program("ruby", "ruby"),
	program("sq", "sq"),
	program("wget", "wget"),
];

/** What httpeek is compared with, and servers that it watches beside those of the tests. @type {Requirement[]} */
export const FOR_COMPARING = [program("haproxy", "haproxy"), program("apache2-bin", "apache2")];

/** The same, with `--peers`. @type {Requirement[]} */
export const FOR_COMPARING_PEERS = [program("tshark", "tshark"), program("ngrep", "ngrep")];

/** @type {Requirement[]} */
export const FOR_PICTURES = [program("tmux", "tmux")];

/** @type {Requirement[]} */
export const FOR_OTHER_KERNELS = [
	program("qemu-system-x86", "qemu-system-x86_64"),
	program("busybox-static", "busybox"),
	program("cpio", "cpio"),
	program("kmod", "depmod"),
	program("xz-utils", "xz"),
];

/** What is compared with httpeek in an emulated machine: it watches the whole host. @type {Requirement[]} */
export const FOR_COMPARING_WHOLE_HOSTS = [...FOR_OTHER_KERNELS, program("bpftrace", "bpftrace")];

/** Says what is wrong with a machine on which nothing can be installed either. */
export function checkPlatform() {
	const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
	const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
	if (process.platform !== "linux") {
		throw notAllowed(
			`httpeek runs on Linux only, and this is ${process.platform}`,
			"use a Linux machine or a virtual one",
		);
	}
	if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
		throw notAllowed(
			`Node.js ${process.versions.node} is too old`,
			`install Node.js ${OLDEST_NODE.join(".")} or later`,
		);
	}
}

/**
 * Installs the Debian packages of what is missing.
 * @param {Requirement[]} requirements
 * @param {string} purpose for the message: "needed to <purpose>"
 */
export async function ensureMachine(requirements, purpose) {
	const missingPackages = () =>
		[...new Set(requirements)].filter(({ isThere }) => !isThere()).map(({ debianPackage }) => debianPackage);
	const packages = missingPackages();
	if (packages.length === 0) return;
	const command = `apt-get install --no-install-recommends ${packages.join(" ")}`;
	const missing = `these Debian packages are needed to ${purpose}: ${packages.join(", ")}`;
	if (!isDebian()) {
		throw notAllowed(
			`cannot set up: ${missing}`,
			`this is not Debian 12 or later; install what they hold, on Debian: ${command}`,
		);
	}
	if (process.getuid?.() !== 0) throw notAllowed(`cannot set up without root: ${missing}`, `as root: ${command}`);
	say(`installing Debian packages: ${packages.join(", ")}`);
	await withoutStartingDaemons((checkpoint) => installDebianPackages(packages, checkpoint));
	const stillMissing = missingPackages();
	if (stillMissing.length > 0) {
		throw new ToolFailure(`cannot set up: ${stillMissing.join(", ")} did not bring what is needed to ${purpose}`, {
			hint: `look for errors above, or reinstall: apt-get install --reinstall ${stillMissing.join(" ")}`,
		});
	}
}

/**
 * The package lists are fetched only when there are none, or when installing from them fails.
 * @param {string[]} packages
 * @param {() => Promise<void>} checkpoint throws if it was asked to end meanwhile
 */
async function installDebianPackages(packages, checkpoint) {
	const quiet = { DEBIAN_FRONTEND: "noninteractive" };
	const update = () => runShown("apt-get", ["-q", "update"], quiet);
	const install = () => runShown("apt-get", ["-q", "install", "-y", "--no-install-recommends", ...packages], quiet);
	if (hasPackageLists() && install()) return;
	await checkpoint();
	if (update() && install()) return;
	await checkpoint();
	say("that failed; once more in three seconds");
	await sleep(RETRY_AFTER_MS);
	if (update() && install()) return;
	throw new ToolFailure(`cannot install ${packages.join(", ")}: apt-get failed, its messages are above`, {
		hint: "check the network and /etc/apt/sources.list, then run the same command again",
	});
}

function hasPackageLists() {
	const folder = "/var/lib/apt/lists";
	return existsSync(folder) && readdirSync(folder).some((name) => /_Packages(\.\w+)?$/.test(name));
}

const POLICY = "/usr/sbin/policy-rc.d";
const POLICY_TEXT =
	"#!/bin/sh\n# httpeek setup: no service starts while its test packages are installed; removed afterwards\nexit 101\n";
const SIGNALS = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/**
 * Packages such as nginx start a service when they are installed; a policy of the administrator's own is respected.
 * @param {(checkpoint: () => Promise<void>) => Promise<void>} install
 */
async function withoutStartingDaemons(install) {
	const isOurs = !existsSync(POLICY) || readFileSync(POLICY, "utf8") === POLICY_TEXT;
	let interrupted = false;
	const onSignal = () => {
		interrupted = true;
	};
	const checkpoint = async () => {
		// a signal that came while apt-get ran is delivered in the next turn
		await sleep(1);
		if (interrupted) throw new ToolFailure("interrupted while installing packages", { exitCode: EXIT.interrupted });
	};
	for (const signal of SIGNALS) process.on(signal, onSignal);
	try {
		if (isOurs) writeFileSync(POLICY, POLICY_TEXT, { mode: 0o755 });
		await install(checkpoint);
		await checkpoint();
	} finally {
		if (isOurs) rmSync(POLICY, { force: true });
		for (const signal of SIGNALS) process.removeListener(signal, onSignal);
	}
}

function isDebian() {
	const release = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
	const version = Number(/^VERSION_ID="?(\d+)/m.exec(release)?.[1] ?? Number.POSITIVE_INFINITY);
	return /^ID="?debian"?$/m.test(release) && version >= 12;
}

/** In /usr/lib/llvm-19/lib/clang/19/lib/linux, named after the architecture. */
function isClangRuntimeThere() {
	const folder = "/usr/lib/llvm-19/lib/clang/19/lib/linux";
	return existsSync(folder) && readdirSync(folder).some((name) => name.startsWith("libclang_rt.fuzzer-"));
}

/** @param {string} name */
function isLibraryThere(name) {
	const folders = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib"];
	if (existsSync("/usr/lib")) {
		folders.push(
			...readdirSync("/usr/lib").flatMap((folder) => (folder.includes("-linux-") ? [`/usr/lib/${folder}`] : [])),
		);
	}
	return folders.some((folder) => existsSync(`${folder}/${name}`));
}

/** @param {string} message @param {string} hint */
function notAllowed(message, hint) {
	return new ToolFailure(message, { hint, exitCode: EXIT.notAllowed });
}
