/**
 * What the kernel folder calls in native code, as one typed object. libbpf.ts fills it in with the real libraries; unit
 * tests replace it with a fake. Nothing here interprets results: functions of libbpf return 0 or a negative errno, or null
 * with `errno()` set, exactly as in C.
 */

/** An address in this process. Never null: a null pointer is `null`. */
export type Pointer = bigint;

/** `struct bpf_object_open_opts`, as far as it is used. */
export interface OpenOptions {
	/** Where the kernel writes the verifier's log of a refused program; must stay alive until the object is loaded. */
	readonly logBuffer: Uint8Array;
	/** What is written there: 0 (default) refusals only, 4 also how many instructions the verifier processed. */
	readonly logLevel?: number;
}

/** `struct bpf_test_run_opts`: what goes in. */
export interface TestRunInput {
	readonly data: Uint8Array;
	readonly context: Uint8Array | undefined;
	readonly dataOut: Uint8Array;
	readonly repeat: number;
}

/** `struct bpf_test_run_opts`: what comes out. */
export interface TestRunOutput {
	/** 0 or a negative errno. */
	readonly error: number;
	/** The program's return value. */
	readonly returnValue: number;
	/** Average of one run. */
	readonly durationNs: number;
	/** Bytes of `dataOut` that the kernel filled. */
	readonly dataOutBytes: number;
}

/**
 * Says when a descriptor is readable, as long as it is. Must be held by somebody until it is closed: one that nobody refers
 * to is collected, and says nothing any more.
 */
export interface PollHandle {
	/** Calls back each time the event loop finds the descriptor readable, until stop(). */
	start(onReadable: () => void): void;
	stop(): void;
	close(): void;
}

/** `struct { … } uprobe_multi` of `union bpf_attr`. */
export interface UprobeLinkInput {
	readonly path: string;
	/** In the file, in bytes. */
	readonly offsets: BigUint64Array;
	/** For each offset what bpf_get_attach_cookie() returns there. */
	readonly cookies: BigUint64Array;
	/** 0: in all processes that map the file. */
	readonly pid: number;
	readonly atReturn: boolean;
}

export interface Native {
	libbpfVersion(): string;
	/** errno of the last call, to be read straight after one that returned null or -1. */
	errno(): number;
	/**
	 * Runs `work` and returns with its result the warnings that libbpf printed meanwhile, one string each; none while an
	 * object is loaded in the background.
	 */
	collectWarnings<T>(work: () => T): { readonly result: T; readonly warnings: readonly string[] };

	objectOpen(path: string, options: OpenOptions): Pointer | null;
	objectLoad(object: Pointer): number;
	/** The same in another thread. The object must stay open until it is done. Never rejects. */
	objectLoadInBackground(object: Pointer): Promise<number>;
	objectClose(object: Pointer): void;

	findProgram(object: Pointer, name: string): Pointer | null;
	/** The first one after null; null after the last one. */
	nextProgram(object: Pointer, previous: Pointer | null): Pointer | null;
	programName(program: Pointer): string;
	programFd(program: Pointer): number;
	/** Whether `objectLoad` loads the program. */
	programSetAutoload(program: Pointer, isLoaded: boolean): number;
	attachCgroup(program: Pointer, cgroupFd: number): Pointer | null;
	/** The same as another type (enum bpf_attach_type) than it was loaded for: a descriptor, or a negative errno. */
	linkCgroup(programFd: number, cgroupFd: number, type: number): number;
	/** `pid` -1: in all processes that map the file. `offset`: in the file. `atReturn`: when the function there returns. */
	attachUprobe(program: Pointer, pid: number, path: string, offset: number, atReturn: boolean): Pointer | null;
	/** Before loading: what the program will be attached to (enum bpf_attach_type). */
	programSetAttachType(program: Pointer, type: number): number;
	/** One link for many places of a file (Linux 6.6): a descriptor, or -1 with `errno()` set. */
	linkUprobes(programFd: number, places: UprobeLinkInput): number;
	attachRawTracepoint(program: Pointer, name: string): Pointer | null;
	linkDestroy(link: Pointer): number;
	/** The same in another thread: returns at once. */
	linkDestroyInBackground(link: Pointer): void;
	testRun(programFd: number, input: TestRunInput): TestRunOutput;
	/** Fills `info` (a `struct bpf_prog_info` or the like) as far as both it and the kernel's struct reach. */
	objectInfo(fd: number, info: Uint8Array): number;
	/** Statistics of kind `type` are kept while the descriptor it returns is open; or a negative errno. */
	enableStats(type: number): number;

	findMap(object: Pointer, name: string): Pointer | null;
	/** The first one after null; null after the last one. In the order of the file. */
	nextMap(object: Pointer, previous: Pointer | null): Pointer | null;
	mapFd(map: Pointer): number;
	mapFlags(map: Pointer): number;
	mapKeySize(map: Pointer): number;
	mapValueSize(map: Pointer): number;
	mapMaxEntries(map: Pointer): number;
	mapSetMaxEntries(map: Pointer, maxEntries: number): number;
	/** The map of an object that is not loaded yet will be the one that `fd` stands for. */
	mapReuseFd(map: Pointer, fd: number): number;
	/** Copy of the initial value of a `.rodata`, `.data` or `.bss` map; null when it has none. */
	mapInitialValue(map: Pointer): Uint8Array | null;
	mapSetInitialValue(map: Pointer, value: Uint8Array): number;

	lookup(mapFd: number, key: Uint8Array, value: Uint8Array): number;
	update(mapFd: number, key: Uint8Array | null, value: Uint8Array, flags: number): number;
	delete(mapFd: number, key: Uint8Array): number;
	nextKey(mapFd: number, key: Uint8Array | null, next: Uint8Array): number;
	/** For queues and stacks `key` is null. */
	lookupAndDelete(mapFd: number, key: Uint8Array | null, value: Uint8Array): number;
	/** `count[0]`: in, entries that fit; out, entries read. */
	lookupBatch(
		mapFd: number,
		position: Uint8Array | null,
		nextPosition: Uint8Array,
		keys: Uint8Array,
		values: Uint8Array,
		count: Uint32Array,
	): number;

	/** Maps `lengthBytes` of `fd` from `offsetBytes` on (whole pages), for reading unless said otherwise; null on failure. */
	mapMemory(fd: number, lengthBytes: number, offsetBytes: number, isWritable?: boolean): Pointer | null;
	unmapMemory(address: Pointer, lengthBytes: number): number;
	/** The memory itself, not a copy. Touching it after it was unmapped kills the process. */
	viewMemory(address: Pointer, lengthBytes: number): ArrayBuffer;
	/** Of a page of memory: 4096 or 65536. */
	pageBytes(): number;
	/** A watch on `fd`, stopped at first; undefined where the runtime has none to offer. */
	pollHandle(fd: number): PollHandle | undefined;
	/** The raw system call with integer arguments: its result, or -1 with `errno()` set. */
	systemCall(number: number, ...args: readonly number[]): number;
}
