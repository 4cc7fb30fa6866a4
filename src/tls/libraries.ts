/** Which TLS libraries a file holds, and where in it their functions are hooked. */
import { BoundedFile, UnreadableFile } from "./bounded-file.js";
import { codeOffsetOf, type Elf, readElf } from "./elf.js";
import { goLibrary } from "./go-library.js";
import {
	BORINGSSL_ONLY,
	GNUTLS,
	type Hook,
	type HookProgram,
	type HookTable,
	OPENSSL,
	withoutForwarders,
} from "./hooks.js";
import { type InnerFunction, innerFunctions } from "./openssl-inner.js";
import { allFunctions, exportedFunctions, type FunctionSymbol } from "./symbols.js";
import { opensslVersion } from "./versions.js";

/** A place in a file where a program of the kernel side is attached. */
export interface HookPoint {
	/** Its name in bpf/. */
	readonly program: HookProgram;
	/** Of an instruction, bytes from the beginning of the file. */
	readonly offset: number;
	/** The program runs when the function that begins there returns (a uretprobe), not when it begins. */
	readonly atReturn: boolean;
	/** The function, for messages. */
	readonly symbol: string;
}

/** A TLS library in a file. */
export interface TlsLibrary {
	readonly kind: "openssl" | "boringssl" | "gnutls" | "go";
	/** As the library calls it, as far as it can be found out cheaply. Comes from the file: escape it. */
	readonly version: string | undefined;
	/** Empty where `problem` says why. */
	readonly points: readonly HookPoint[];
	/** Why this library is not seen through, for a person; undefined where it is. */
	readonly problem: string | undefined;
}

/**
 * The TLS libraries that a program or shared library holds itself: none for nearly every file, and for what is no ELF
 * file of this kind of machine, or a damaged one. Throws the error of the system when it cannot be opened or read.
 */
export function findTlsLibraries(path: string): TlsLibrary[] {
	try {
		using file = new BoundedFile(path);
		const elf = readElf(file);
		const go = goLibrary(elf);
		return [...linkedLibraries(elf), ...(go === undefined ? [] : [go])];
	} catch (error) {
		if (error instanceof UnreadableFile) return [];
		throw error;
	}
}

/** Those whose functions have symbols. What other files can link to is enough where it is there: finding it is cheap. */
function linkedLibraries(elf: Elf): TlsLibrary[] {
	const names = [...OPENSSL.hooks, ...GNUTLS.hooks].map(({ symbol }) => symbol).concat(BORINGSSL_ONLY);
	const signs = [OPENSSL, GNUTLS].flatMap(({ required }) => required[0] ?? []);
	const exported = librariesOf(elf, exportedFunctions(elf, names));
	return exported.length > 0 ? exported : librariesOf(elf, allFunctions(elf, names, signs));
}

function librariesOf(elf: Elf, functions: ReadonlyMap<string, FunctionSymbol>): TlsLibrary[] {
	return [opensslIn(elf, functions), gnutlsIn(elf, functions)].filter((library) => library !== undefined);
}

function opensslIn(elf: Elf, functions: ReadonlyMap<string, FunctionSymbol>): TlsLibrary | undefined {
	if (!hasAll(OPENSSL, functions)) return undefined;
	const inner = innerFunctions(elf, (symbol) => functions.get(symbol)?.address);
	const replaced = new Set<string>(inner.flatMap(({ replaces }) => replaces));
	const outer = hooksIn(OPENSSL, functions).filter(({ symbol }) => !replaced.has(symbol));
	const isBoring = BORINGSSL_ONLY.some((name) => functions.has(name));
	return {
		kind: isBoring ? "boringssl" : "openssl",
		version: isBoring ? undefined : opensslVersion(elf),
		points: [...inner.flatMap((one) => innerPoints(elf, one)), ...pointsOf(elf, outer, functions)],
		problem: undefined,
	};
}

function innerPoints(elf: Elf, { replaces, atEntry, address }: InnerFunction): HookPoint[] {
	const offset = codeOffsetOf(elf, address);
	const place = { offset: offset ?? 0, symbol: `what ${replaces[0]} calls` };
	return offset === undefined
		? []
		: [
				{ ...place, program: atEntry, atReturn: false },
				{ ...place, program: "tls_end", atReturn: true },
			];
}

function gnutlsIn(elf: Elf, functions: ReadonlyMap<string, FunctionSymbol>): TlsLibrary | undefined {
	if (!hasAll(GNUTLS, functions)) return undefined;
	const points = pointsOf(elf, hooksIn(GNUTLS, functions), functions);
	return { kind: "gnutls", version: undefined, points, problem: undefined };
}

function hooksIn({ hooks }: HookTable, functions: ReadonlyMap<string, FunctionSymbol>): Hook[] {
	return withoutForwarders(hooks, (symbol) => functions.get(symbol)?.sizeBytes);
}

function hasAll({ required }: HookTable, functions: ReadonlyMap<string, unknown>): boolean {
	return required.every((alternatives) => alternatives.some((name) => functions.has(name)));
}

function pointsOf(elf: Elf, hooks: readonly Hook[], functions: ReadonlyMap<string, FunctionSymbol>): HookPoint[] {
	return hooks.flatMap(({ symbol, atEntry, atReturn }) => {
		const address = functions.get(symbol)?.address;
		const offset = address === undefined ? undefined : codeOffsetOf(elf, address);
		if (offset === undefined) return [];
		const entry = { program: atEntry, offset, atReturn: false, symbol };
		return atReturn === undefined ? [entry] : [entry, { program: atReturn, offset, atReturn: true, symbol }];
	});
}
