/**
 * A machine of its own for what looks into a whole host: QEMU emulates it, with a kernel of Debian's, as for
 * `npm run test:kernels`, whose parts in tools/ do the work.
 */
import { pathToFileURL } from "node:url";
import { inCheckout } from "./workplace.js";

/** It has kprobes and BTF, and the structures that bench/vm/http-status.bt reads. */
const RELEASE = "6.12";
/** It takes two minutes on an idle machine. */
const DEADLINE_SECONDS = 900;
const TOLD_CHARACTERS = 2000;

/**
 * Boots the machine and runs a program of the checkout in it.
 * @param program its compiled file, from the checkout on
 * @param argument one word for it
 * @param read takes the result from what the program wrote to standard output
 * @returns undefined where there can be no such machine, or it failed, which is told on standard error
 */
export async function runEmulated<T>(
	program: string,
	argument: string,
	read: (output: string) => T | undefined,
): Promise<T | undefined> {
	const leaveOut = (reason: string): undefined => {
		process.stderr.write(`bench: left out: what watches a whole host, in an emulated machine: ${reason}\n`);
	};
	if (process.arch !== "x64") return leaveOut("it is an x86-64 one, with the programs of this machine");
	const { ToolFailure } = await tool("failure.mjs");
	try {
		const { needProgram } = await tool("programs.mjs");
		for (const name of ["bpftrace", "qemu-system-x86_64"]) needProgram(name);
		const { debianKernel } = await tool("debian-kernels.mjs");
		const { runInVm } = await tool("vm.mjs");
		const kernel = debianKernel(RELEASE);
		process.stderr.write(`bench: starting an emulated machine with Linux ${kernel.version}\n`);
		const options = { argument, deadlineSeconds: DEADLINE_SECONDS };
		const { output, console, isTimedOut } = await runInVm(kernel, inCheckout(program), options);
		const result = read(output);
		if (result !== undefined) return result;
		const end = isTimedOut ? `was not done in ${DEADLINE_SECONDS} s` : "ended without a result";
		return leaveOut(`it ${end}; the end of its console:\n${console.slice(-TOLD_CHARACTERS).trimEnd()}`);
	} catch (error) {
		if (error instanceof ToolFailure) return leaveOut((error as Error).message);
		throw error;
	}
}

/** tools/ is JavaScript, and not compiled into dist. */
async function tool(name: string) {
	return await import(pathToFileURL(inCheckout("tools/lib", name)).href);
}
