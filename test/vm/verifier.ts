/** How many instructions the verifier of the running kernel processes for each program of an object. */
import { native } from "../../src/kernel/libbpf.js";
import type { Pointer } from "../../src/kernel/native.js";
import { CONFIG_LAYOUT } from "../../src/wire/object.js";

/** BPF_LOG_STATS. */
const STATISTICS = 4;
const LOG_BYTES = 0xff_ffff;

export interface VerifiedProgram {
	readonly name: string;
	/** Instructions processed, of a million allowed. */
	readonly instructions: number;
	/** The end of what the verifier said, if it refused the program. */
	readonly refusal?: string;
}

/**
 * Loads each program by itself and lets go of it. A log holds one program's figures, so each needs an object of its own.
 * The figures are those of a program with nothing switched on that can be; it must load with all of that as well.
 * @param names programs of the object
 */
export function verify(path: string, names: readonly string[]): VerifiedProgram[] {
	return names.map((name) => {
		const { refusal } = verifyOne(path, names, name, true);
		return { ...(refusal !== undefined && { refusal }), ...verifyOne(path, names, name, false) };
	});
}

function verifyOne(path: string, names: readonly string[], name: string, hasAll: boolean): VerifiedProgram {
	const logBuffer = Buffer.alloc(LOG_BYTES);
	const object = native().objectOpen(path, { logBuffer, logLevel: STATISTICS });
	if (object === null) throw new Error(`cannot open ${path}`);
	try {
		for (const other of names) {
			const program = native().findProgram(object, other);
			if (program === null) throw new Error(`${path} has no program ${other}`);
			native().programSetAutoload(program, other === name);
		}
		if (hasAll) switchOn(object);
		const error = native().objectLoad(object);
		const log = logBuffer.toString("latin1", 0, logBuffer.indexOf(0));
		const instructions = Number(/processed (\d+) insns/.exec(log)?.[1] ?? 0);
		return { name, instructions, ...(error < 0 && { refusal: log.trimEnd().split("\n").slice(-8).join("\n") }) };
	} finally {
		native().objectClose(object);
	}
}

/** Watching, and TLS: the same places in every object. */
function switchOn(object: Pointer): void {
	const map = native().findMap(object, ".rodata");
	const bytes = map === null ? null : native().mapInitialValue(map);
	if (map === null || bytes === null) throw new Error("an object has no configuration");
	for (const { offset } of [CONFIG_LAYOUT.cfg_watch, CONFIG_LAYOUT.cfg_tls]) bytes[offset] = 1;
	native().mapSetInitialValue(map, bytes);
}
