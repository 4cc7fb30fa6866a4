/**
 * Go's crypto/tls in a program.
 *
 * Go moves a goroutine's stack when it grows, and a uretprobe changes the return address on the stack: the runtime finds
 * an address there that it does not know, and ends the program. So returns are hooked where they are, at each return
 * instruction, by ordinary probes. A probe in the middle of an instruction would destroy it: what is not understood to
 * the last byte is not hooked at all. Entries are hooked behind the stack check, before which a call may begin twice.
 */
import { codeOffsetOf, type Elf } from "./elf.js";
import { goMinorVersion, goVersion } from "./go-build.js";
import { findGoFunctions, type GoFunction, isGoProgram, mentionsGoFunction } from "./go-functions.js";
import { afterStackCheck, MOST_BYTES_OF_PROLOGUE } from "./go-prologue.js";
import { GO, type Hook } from "./hooks.js";
import { findReturns } from "./instructions.js";
import type { HookPoint, TlsLibrary } from "./libraries.js";

/** Since this version, 1.N, arguments and results are in registers, as the programs of the kernel side expect them. */
const FIRST_MINOR_VERSION = { "x86-64": 17, arm64: 18 } as const;
const READ = "crypto/tls.(*Conn).Read";
/** The largest function of crypto/tls has some ten thousand. */
const MOST_BYTES_OF_FUNCTION = 256 * 1024;
/** Read has seven. Each is a probe, and whoever made the file should not be able to have thousands of them set. */
const MOST_RETURNS = 64;
/** Undefined for programs that are not Go's, or do not use crypto/tls. */
export function goLibrary(elf: Elf): TlsLibrary | undefined {
	if (!isGoProgram(elf)) return undefined;
	const version = goVersion(elf);
	const minor = version === undefined ? undefined : goMinorVersion(version);
	const first = FIRST_MINOR_VERSION[elf.machine];
	const tooOld = (built: number) => unsupported(version, `it was built with Go 1.${built}, and 1.${first} is needed`);
	// tables of old versions may have another form
	if (minor !== undefined && minor < first) return mentionsGoFunction(elf, READ) ? tooOld(minor) : undefined;
	const found = findGoFunctions(
		elf,
		GO.hooks.map(({ symbol }) => symbol),
		(start) => bodyOffsetOf(elf, start) !== undefined,
	);
	if (found === undefined) {
		return mentionsGoFunction(elf, READ) ? unsupported(version, "its table of functions is not understood") : undefined;
	}
	const { byName, sinceMinorVersion } = found;
	if (GO.required.some((alternatives) => !alternatives.some((name) => byName.has(name)))) return undefined;
	if (minor === undefined && sinceMinorVersion < first) return tooOld(sinceMinorVersion);
	const points = GO.hooks.map((hook) => pointsOf(elf, hook, byName.get(hook.symbol)));
	if (points.includes(undefined)) return unsupported(version, "the instructions of its functions are not understood");
	return { kind: "go", version, points: points.flatMap((some) => some ?? []), problem: undefined };
}

function unsupported(version: string | undefined, problem: string): TlsLibrary {
	return { kind: "go", version, points: [], problem };
}

/** No points for a function that the program does without; undefined for one that cannot be hooked safely. */
function pointsOf(elf: Elf, hook: Hook, found: GoFunction | undefined): HookPoint[] | undefined {
	if (found === undefined) return [];
	const { symbol, atEntry, atReturn } = hook;
	const offset = codeOffsetOf(elf, found.start);
	const bodyOffset = bodyOffsetOf(elf, found.start);
	if (offset === undefined || bodyOffset === undefined) return undefined;
	const entry = { program: atEntry, offset: bodyOffset, atReturn: false, symbol };
	if (atReturn === undefined) return [entry];
	const lengthBytes = found.end - found.start;
	if (lengthBytes <= 0 || lengthBytes > MOST_BYTES_OF_FUNCTION) return undefined;
	const returns = findReturns(elf.machine, elf.file.read(offset, lengthBytes));
	if (returns === undefined || returns.length === 0 || returns.length > MOST_RETURNS) return undefined;
	return [entry, ...returns.map((at) => ({ program: atReturn, offset: offset + at, atReturn: false, symbol }))];
}

/**
 * Where in the file a function has passed its stack check, until when it may begin again, and what it does would count twice.
 * Undefined for what does not begin as Go's functions do; of ours all have a check.
 */
function bodyOffsetOf(elf: Elf, start: number): number | undefined {
	const offset = codeOffsetOf(elf, start);
	if (offset === undefined) return undefined;
	const bytes = Math.min(MOST_BYTES_OF_PROLOGUE, elf.file.sizeBytes - offset);
	const after = afterStackCheck(elf.machine, elf.file.read(offset, bytes));
	return after === undefined ? undefined : offset + after;
}
