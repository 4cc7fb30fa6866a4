/**
 * A machine with another kernel, in QEMU without hardware support: it boots in some five seconds, sees this machine's root
 * read-only under a file system in memory, runs one Node program as root and powers off.
 */
import { spawn } from "node:child_process";
import {
	chmodSync,
	copyFileSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	realpathSync,
	rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { ToolFailure } from "./failure.mjs";
import { inRoot } from "./files.mjs";
import { needProgram, runQuietly } from "./programs.mjs";

/** Modules without which the host's root cannot be mounted. */
const BOOT_MODULES = ["virtio_pci", "9pnet_virtio", "9p", "overlay"];
const BUSYBOX_NAMES = ["sh", "mount", "insmod", "mkdir", "switch_root", "cat", "sleep", "echo"];
const MEMORY = "3G";

/**
 * @typedef {object} VmResult
 * @property {string} output what the program wrote to its stdout
 * @property {string} console everything else: kernel messages, stderr
 * @property {boolean} isTimedOut
 */

/**
 * Boots a kernel and runs a program of the checkout in it.
 * @param {import("./debian-kernels.mjs").Kernel} kernel
 * @param {string} program path of the JavaScript file
 * @param {{ argument: string, deadlineSeconds: number, isVerbose?: boolean }} options the argument is a word
 * that the program finds in /proc/cmdline as httpeek.argument
 * @returns {Promise<VmResult>}
 */
export async function runInVm(kernel, program, { argument, deadlineSeconds, isVerbose = false }) {
	const scratch = mkdtempSync(join(tmpdir(), "httpeek-vm-"));
	const removeScratch = () => rmSync(scratch, { recursive: true, force: true });
	process.on("exit", removeScratch);
	try {
		const initramfs = buildInitramfs(kernel, scratch);
		const output = join(scratch, "output");
		const commandLine = [
			"console=ttyS0 quiet panic=-1",
			`httpeek.modules=${realpathSync(join(kernel.root, "lib/modules"))}`,
			`httpeek.node=${process.execPath}`,
			`httpeek.run=${program}`,
			`httpeek.argument=${argument}`,
		].join(" ");
		const args = [
			...["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", MEMORY],
			...["-display", "none", "-no-reboot", "-nic", "none"],
			...["-kernel", kernel.image, "-initrd", initramfs, "-append", commandLine],
			...["-virtfs", "local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap"],
			...["-serial", "stdio", "-serial", `file:${output}`],
		];
		const ran = await runMachine(args, deadlineSeconds, isVerbose);
		return { ...ran, output: readFileSync(output, "utf8") };
	} finally {
		process.removeListener("exit", removeScratch);
		removeScratch();
	}
}

/**
 * @param {string[]} args
 * @param {number} deadlineSeconds
 * @param {boolean} isVerbose
 * @returns {Promise<{ console: string, isTimedOut: boolean }>}
 */
async function runMachine(args, deadlineSeconds, isVerbose) {
	const machine = spawn(needProgram("qemu-system-x86_64"), args, { stdio: ["ignore", "pipe", "inherit"] });
	const interrupted = () => machine.kill("SIGKILL");
	process.on("exit", interrupted);
	let text = "";
	let isTimedOut = false;
	machine.stdout.setEncoding("latin1").on("data", (piece) => {
		text += piece;
		if (isVerbose) process.stderr.write(piece);
	});
	const timer = setTimeout(() => {
		isTimedOut = true;
		machine.kill("SIGKILL");
	}, deadlineSeconds * 1000);
	try {
		await new Promise((resolve, reject) => machine.once("close", resolve).once("error", reject));
		return { console: text, isTimedOut };
	} finally {
		clearTimeout(timer);
		process.removeListener("exit", interrupted);
	}
}

/**
 * @param {import("./debian-kernels.mjs").Kernel} kernel
 * @param {string} scratch
 * @returns {string} path of the archive
 */
function buildInitramfs({ root, version }, scratch) {
	const tree = join(scratch, "initramfs");
	for (const folder of ["bin", "modules", "proc", "sys", "dev", "host", "memory", "root"]) {
		mkdirSync(join(tree, folder), { recursive: true });
	}
	copyFileSync(needProgram("busybox"), join(tree, "bin/busybox"));
	for (const name of BUSYBOX_NAMES) runQuietly("ln", ["-s", "busybox", join(tree, "bin", name)], "make the initramfs");
	copyFileSync(inRoot("test/vm/init.sh"), join(tree, "init"));
	chmodSync(join(tree, "init"), 0o755);
	modulePaths(root, version).forEach((path, index) => {
		// insmod goes by the order of names
		const name = `${String(index).padStart(2, "0")}-${basename(path, ".xz")}`;
		const copy = path.endsWith(".xz") ? 'xz -dc "$1" > "$2"' : 'cp "$1" "$2"';
		runQuietly("sh", ["-c", copy, "sh", path, join(tree, "modules", name)], `unpack ${path}`);
	});
	const archive = join(scratch, "initramfs.cpio");
	const pack = 'cd "$1" && find . | cpio --quiet -o -H newc > "$2"';
	runQuietly("sh", ["-c", pack, "sh", tree, archive], "pack the initramfs");
	return archive;
}

/** Files of the modules, each after those it needs. @param {string} root @param {string} version @returns {string[]} */
function modulePaths(root, version) {
	runQuietly(needProgram("depmod"), ["-b", root, version], `index the modules of ${version}`);
	const files = new Set(
		readdirSync(join(root, "lib/modules", version), { recursive: true }).map((path) => basename(String(path), ".xz")),
	);
	// what is no file is built in
	const paths = BOOT_MODULES.filter((name) => files.has(`${name}.ko`)).flatMap((name) => {
		const purpose = `find the module ${name} of ${version}`;
		const lines = runQuietly(needProgram("modprobe"), ["-d", root, "-S", version, "--show-depends", name], purpose);
		return [...lines.matchAll(/^insmod (\S+)/gm)].map(([, path = ""]) => path);
	});
	if (paths.length === 0) throw new ToolFailure(`the kernel ${version} has no modules`);
	return [...new Set(paths)];
}
