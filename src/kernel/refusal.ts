/** What the kernel's refusals look like to a person. */
import { release } from "node:os";
import { HttpeekError } from "../base/errors.js";
import { Errno, errnoText } from "./errno.js";
import { missingCapabilitiesHere } from "./privilege.js";

const LOG_LINES_SHOWN = 12;
/** Statistics after the reason; `-- END` and `-- BEGIN` frame the log in libbpf's own messages. */
const NO_REASON = /^(processed \d+ insns|verification time |stack depth |insns processed |-- (BEGIN|END) )/;

/**
 * The end of a verifier's log, where the reason stands: at most twelve lines, statistics left out, preceded by how many
 * lines were left out. Empty for an empty log.
 */
export function summarizeVerifierLog(log: string): string {
	const lines = log
		.split("\n")
		.map((line) => line.trimEnd())
		.filter((line) => line !== "" && !NO_REASON.test(line));
	const shown = lines.slice(-LOG_LINES_SHOWN);
	const omitted = lines.length - shown.length;
	if (omitted > 0) shown.unshift(`(${omitted} ${omitted === 1 ? "line" : "lines"} omitted)`);
	return shown.map((line) => `  ${line}`).join("\n");
}

/** Everything that is known after `bpf_object__load` failed. */
export interface LoadFailure {
	readonly path: string;
	/** Negative, as libbpf returns it. */
	readonly error: number;
	readonly warnings: readonly string[];
	readonly verifierLog: string;
	readonly missingCapabilities?: readonly string[];
	readonly kernelRelease?: string;
}

/** Explains a failed load: a missing privilege, a program that the verifier refused, or another refusal. */
export function loadRefused(failure: LoadFailure): HttpeekError {
	const kernel = `Linux ${failure.kernelRelease ?? release()}`;
	const missing = failure.missingCapabilities ?? missingCapabilitiesHere();
	if (missing.length > 0) return privilegeMissing("cannot load the BPF programs", missing);

	const program = firstMatch(failure.warnings, /^prog '([^']*)': BPF program load failed/);
	if (program !== undefined || failure.verifierLog !== "") {
		const summary = summarizeVerifierLog(failure.verifierLog);
		const what = `${kernel} refused the BPF program ${program ?? "(unknown)"}: ${errnoText(failure.error)}`;
		return new HttpeekError("HTTPEEK_VERIFIER", summary === "" ? what : `${what}\n${summary}`, {
			hint: "httpeek supports kernels from 5.10 on; please report this with the output of httpeek doctor",
		});
	}
	const map = firstMatch(failure.warnings, /^map '([^']*)': failed to create/);
	if (map !== undefined) return bpfRefused(`create the map ${map} on ${kernel}`, failure.error);
	const detail = failure.warnings.length === 0 ? "" : ` [${failure.warnings.join("; ")}]`;
	return bpfRefused(`load ${failure.path} into ${kernel}`, failure.error, { detail });
}

/**
 * A refused BPF operation.
 *
 * @param what an infinitive, such as `attach traffic_ingress to /sys/fs/cgroup/a`
 * @param error errno, positive or negative
 */
export function bpfRefused(what: string, error: number, more: { detail?: string; hint?: string } = {}): HttpeekError {
	const number = Math.abs(error);
	if (number === Errno.EPERM || number === Errno.EACCES) {
		const missing = missingCapabilitiesHere();
		if (missing.length > 0) return privilegeMissing(`cannot ${what}`, missing);
	}
	const hint = more.hint ?? HINTS[number];
	const message = `cannot ${what}: ${errnoText(error)}${more.detail ?? ""}`;
	return new HttpeekError("HTTPEEK_BPF", message, hint === undefined ? {} : { hint });
}

const HINTS: Readonly<Record<number, string>> = {
	[Errno.EPERM]:
		"on kernels before 5.11 raise the limit of locked memory (ulimit -l unlimited); in a container allow the bpf system call",
	[Errno.ENOMEM]: "the machine or its cgroup is short of memory: lower --max-endpoints",
	[Errno.E2BIG]: "a table is larger than this kernel allows: lower --max-endpoints",
};

function privilegeMissing(what: string, missing: readonly string[]): HttpeekError {
	return new HttpeekError("HTTPEEK_PRIVILEGE", `${what}: this process lacks ${missing.join(", ")}`, {
		hint: "run as root (sudo httpeek ...), or grant these capabilities to the process",
	});
}

function firstMatch(texts: readonly string[], pattern: RegExp): string | undefined {
	for (const text of texts) {
		const match = pattern.exec(text);
		if (match !== null) return match[1];
	}
	return undefined;
}
