/**
 * A BPF object file: opened, sized and configured, then loaded into the kernel. It owns its maps and programs, and closing
 * it takes everything out of the kernel that no link holds: close the links first.
 */
import { existsSync } from "node:fs";
import { HttpeekError } from "../base/errors.js";
import { errnoText } from "./errno.js";
import { native, TRACE_UPROBE_MULTI } from "./libbpf.js";
import { BpfMap } from "./map.js";
import type { Pointer } from "./native.js";
import { BpfProgram } from "./program.js";
import { bpfRefused, loadRefused } from "./refusal.js";

/** Where a configuration variable stands in `.rodata`, in bytes. Generated: src/wire/object.ts. */
export interface ConfigField {
	readonly offset: number;
	readonly size: number;
}

/** Bytes are those of an array, as they lie in memory. */
export type ConfigValue = number | bigint | boolean | Uint8Array;

/** What a caller knows of an object file's contents, so that names are checked by the compiler. */
export interface ObjectNames {
	readonly program: string;
	readonly map: string;
	readonly config: string;
}

export interface OpenObjectOptions<Names extends ObjectNames> {
	/** Entries of maps that are not to have the size the file gives them. */
	readonly mapSizes?: Partial<Readonly<Record<Names["map"], number>>>;
	/** Values of `const volatile` variables; the others keep the value of the file. */
	readonly config?: Partial<Readonly<Record<Names["config"], ConfigValue>>>;
	/** Where those variables are; needed if there is a `config`. */
	readonly configLayout?: Readonly<Record<Names["config"], ConfigField>>;
	/** Maps that are those of another object, loaded already. */
	readonly sharedMaps?: Partial<Readonly<Record<Names["map"] | ".bss", BpfMap>>>;
	/** All maps are those of an object of the same file, loaded already. */
	readonly mapsOf?: BpfObject<Names>;
	/** Programs that are to be attached to many places of a file at once: BpfProgram.attachUprobes(). Linux 6.6. */
	readonly forManyUprobes?: readonly Names["program"][];
	/** The programs to load; default: those of the file. */
	readonly only?: readonly Names["program"][];
	/** Programs to load that the file leaves out unless they are asked for (`SEC("?...")`). */
	readonly optionalPrograms?: readonly Names["program"][];
}

/** As much as every kernel takes; the memory is only touched when a program is refused. */
const VERIFIER_LOG_BYTES = 0xff_ffff;

export class BpfObject<Names extends ObjectNames = ObjectNames> {
	readonly path: string;
	#object: Pointer | undefined;
	// the kernel writes here as long as the object can be loaded
	#verifierLog: Buffer | undefined;
	readonly #maps = new Map<string, BpfMap>();
	/** Objects of openBeside(), by their programs. */
	readonly #beside = new Map<string, BpfObject<Names>>();

	private constructor(path: string, object: Pointer, verifierLog: Buffer) {
		this.path = path;
		this.#object = object;
		this.#verifierLog = verifierLog;
	}

	/**
	 * Reads an object file and prepares it; nothing reaches the kernel yet.
	 *
	 * @throws HttpeekError HTTPEEK_BUILD when the file is missing, broken, or lacks something that `options` names;
	 * HTTPEEK_NO_LIBBPF
	 */
	static open<Names extends ObjectNames>(path: string, options: OpenObjectOptions<Names> = {}): BpfObject<Names> {
		if (!existsSync(path)) throw doesNotFit(`the BPF object ${path} is missing`);
		const verifierLog = Buffer.alloc(VERIFIER_LOG_BYTES);
		const { result, warnings } = native().collectWarnings(() => {
			const pointer = native().objectOpen(path, { logBuffer: verifierLog });
			return { pointer, errno: pointer === null ? native().errno() : 0 };
		});
		if (result.pointer === null) {
			throw doesNotFit(`cannot open the BPF object ${path}: ${warnings.at(-1) ?? errnoText(result.errno)}`);
		}
		const object = new BpfObject<Names>(path, result.pointer, verifierLog);
		try {
			if (options.mapsOf !== undefined) object.#shareAllOf(options.mapsOf.#handle());
			object.#share(options.sharedMaps ?? {});
			object.#resize(options.mapSizes ?? {});
			object.#configure(options);
			if (options.only !== undefined) object.#loadOnly(options.only);
			object.#include(options.optionalPrograms ?? []);
			object.#prepareForManyUprobes(options.forManyUprobes ?? []);
			return object;
		} catch (error) {
			object.close();
			throw error;
		}
	}

	/**
	 * Creates the maps and loads the programs.
	 * @throws HttpeekError HTTPEEK_VERIFIER, HTTPEEK_PRIVILEGE, HTTPEEK_BPF
	 */
	load(): void {
		const { result, warnings } = native().collectWarnings(() => native().objectLoad(this.#handle()));
		const log = this.#verifierLog;
		if (result >= 0) {
			this.#verifierLog = undefined;
			return;
		}
		const end = log?.indexOf(0) ?? 0;
		throw loadRefused({
			path: this.path,
			error: result,
			warnings,
			verifierLog: log?.toString("latin1", 0, end < 0 ? log.length : end) ?? "",
		});
	}

	/**
	 * The same in another thread, while this one goes on. The object must not be closed before it is done. Never rejects.
	 * @returns false when it was refused: opened once more, load() says why
	 */
	async loadInBackground(): Promise<boolean> {
		const result = await native().objectLoadInBackground(this.#handle());
		this.#verifierLog = undefined;
		return result >= 0;
	}

	/**
	 * Opens the file of this object, which is loaded, once more: on the same maps, for programs that were left out. So the
	 * verifier can be at several at the same time. The programs are then found in this object, and closed with it.
	 * @throws HttpeekError HTTPEEK_BUILD, HTTPEEK_BPF
	 */
	openBeside(names: readonly Names["program"][]): BpfObject<Names> {
		const object = BpfObject.open<Names>(this.path, { only: names, mapsOf: this });
		for (const name of names) {
			this.#beside.get(name)?.close();
			this.#beside.set(name, object);
		}
		return object;
	}

	/** @throws HttpeekError HTTPEEK_BUILD when there is no such program */
	program(name: Names["program"]): BpfProgram {
		return new BpfProgram(name, (this.#beside.get(name) ?? this).#findProgram(name));
	}

	/**
	 * A map by its name, or a section: `.bss`, `.rodata`. The same map is the same value.
	 * @throws HttpeekError HTTPEEK_BUILD when there is no such map
	 */
	map(name: Names["map"] | ".bss" | ".rodata"): BpfMap {
		const known = this.#maps.get(name);
		if (known !== undefined) return known;
		const map = new BpfMap(name, this.#findMap(name));
		this.#maps.set(name, map);
		return map;
	}

	/** Unmaps the maps' memory and unloads everything. Views on maps must have been dropped. */
	close(): void {
		if (this.#object === undefined) return;
		for (const map of this.#maps.values()) map.close();
		this.#maps.clear();
		for (const object of this.#beside.values()) object.close();
		native().objectClose(this.#object);
		this.#object = undefined;
		this.#verifierLog = undefined;
	}

	[Symbol.dispose](): void {
		this.close();
	}

	#handle(): Pointer {
		if (this.#object === undefined) throw new HttpeekError("HTTPEEK_INTERNAL", `${this.path} is closed`);
		return this.#object;
	}

	#findProgram(name: string): Pointer {
		const program = native().findProgram(this.#handle(), name);
		if (program === null) throw doesNotFit(`${this.path} has no program ${name}`);
		return program;
	}

	#findMap(name: string): Pointer {
		const map = native().findMap(this.#handle(), name);
		if (map === null) throw doesNotFit(`${this.path} has no map ${name}`);
		return map;
	}

	#share(maps: Partial<Readonly<Record<string, BpfMap>>>): void {
		for (const [name, map] of Object.entries(maps)) map?.share(this.#findMap(name));
	}

	#shareAllOf(object: Pointer): void {
		let theirs = native().nextMap(object, null);
		let own = native().nextMap(this.#handle(), null);
		while (theirs !== null && own !== null) {
			const error = native().mapReuseFd(own, native().mapFd(theirs));
			if (error < 0) throw bpfRefused(`share the maps of ${this.path}`, error);
			theirs = native().nextMap(object, theirs);
			own = native().nextMap(this.#handle(), own);
		}
	}

	#resize(sizes: Partial<Readonly<Record<string, number>>>): void {
		for (const [name, maxEntries] of Object.entries(sizes)) {
			if (maxEntries === undefined) continue;
			const error = native().mapSetMaxEntries(this.#findMap(name), maxEntries);
			if (error < 0) throw bpfRefused(`give the map ${name} ${maxEntries} entries`, error);
		}
	}

	#loadOnly(names: readonly string[]): void {
		let program = native().nextProgram(this.#handle(), null);
		for (; program !== null; program = native().nextProgram(this.#handle(), program)) {
			const name = native().programName(program);
			const error = native().programSetAutoload(program, names.includes(name));
			if (error < 0) throw bpfRefused(`choose the program ${name}`, error);
		}
	}

	#include(names: readonly string[]): void {
		for (const name of names) {
			const error = native().programSetAutoload(this.#findProgram(name), true);
			if (error < 0) throw bpfRefused(`load the program ${name}`, error);
		}
	}

	#prepareForManyUprobes(names: readonly string[]): void {
		for (const name of names) {
			const error = native().programSetAttachType(this.#findProgram(name), TRACE_UPROBE_MULTI);
			if (error < 0) throw bpfRefused(`prepare the program ${name}`, error);
		}
	}

	#configure(options: OpenObjectOptions<Names>): void {
		const config: Partial<Record<string, ConfigValue>> = options.config ?? {};
		const layout: Partial<Record<string, ConfigField>> = options.configLayout ?? {};
		if (Object.keys(config).length === 0) return;
		const map = this.#findMap(".rodata");
		const bytes = native().mapInitialValue(map);
		if (bytes === null) throw doesNotFit(`${this.path} has no configuration`);
		for (const [name, value] of Object.entries(config)) {
			if (value === undefined) continue;
			const field = layout[name];
			if (field === undefined || field.offset + field.size > bytes.length) {
				throw doesNotFit(`${this.path} has no configuration variable ${name}`);
			}
			if (value instanceof Uint8Array) writeArray(bytes, field, value);
			else writeUnsigned(bytes, field, BigInt(value));
		}
		const error = native().mapSetInitialValue(map, bytes);
		if (error < 0) throw bpfRefused(`configure ${this.path}`, error);
	}
}

function writeArray(bytes: Uint8Array, field: ConfigField, value: Uint8Array): void {
	if (value.length !== field.size) {
		throw new HttpeekError("HTTPEEK_INTERNAL", `a configuration variable has ${field.size} bytes, not ${value.length}`);
	}
	bytes.set(value, field.offset);
}

/** Little-endian, as all hosts that httpeek runs on. */
function writeUnsigned(bytes: Uint8Array, field: ConfigField, value: bigint): void {
	if (value < 0n || value >> BigInt(field.size * 8) !== 0n) {
		throw new HttpeekError("HTTPEEK_INTERNAL", `${value} does not fit a configuration variable of ${field.size} bytes`);
	}
	for (let i = 0; i < field.size; i++) bytes[field.offset + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}

function doesNotFit(message: string): HttpeekError {
	return new HttpeekError("HTTPEEK_BUILD", message, {
		hint: "reinstall httpeek; in a checkout, build it again: npm run build",
	});
}
