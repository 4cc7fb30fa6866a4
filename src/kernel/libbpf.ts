/**
 * The one gate to native code: declares the functions of libbpf.so.1 and of the C library that native.ts lists. Loaded when
 * first needed, so that `--help` and the pure parts work on machines without libbpf.
 */
import { createRequire } from "node:module";
import type * as Koffi from "koffi";
import { HttpeekError } from "../base/errors.js";
import { Background } from "./background.js";
import { Errno } from "./errno.js";
import type { Native, Pointer, TestRunInput, TestRunOutput } from "./native.js";
import { pollHandle } from "./poll-handle.js";

const LIBRARY = "libbpf.so.1";
/** enum libbpf_print_level: warnings and errors; 1 is information, 2 is debugging. */
const LIBBPF_WARN = 0;
const MESSAGE_BYTES = 4096;
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
/**
 * `bpf(BPF_LINK_CREATE, …)` for BPF_TRACE_UPROBE_MULTI, which libbpf has from 1.3 on, Debian 12 has not. Places in
 * `union bpf_attr`, in bytes: include/uapi/linux/bpf.h.
 */
const SYS_BPF: Readonly<Record<string, number>> = { x64: 321, arm64: 280 };
const BPF_LINK_CREATE = 28;
export const TRACE_UPROBE_MULTI = 48;
const UPROBE_MULTI_RETURN = 1;
const LINK_UPROBES = {
	...{ program: 0, attachType: 8, path: 16, offsets: 24, cookies: 40, count: 48, flags: 52, pid: 56 },
	bytes: 64,
} as const;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** The real libraries once they are loaded: koffi's type names are global, so they can be declared only once. */
let loaded: Native | undefined;
let replacement: Native | undefined;

/**
 * The native functions, loaded once.
 * @throws HttpeekError HTTPEEK_NO_LIBBPF when libbpf.so.1, a function of it, or koffi's binary is missing.
 */
export function native(): Native {
	if (replacement !== undefined) return replacement;
	loaded ??= load();
	return loaded;
}

/** For tests: puts a fake in place of the native functions; `undefined` brings the real ones back. */
export function replaceNative(fake: Native | undefined): void {
	replacement = fake;
}

/**
 * Version of the libbpf in use, such as `1.1`.
 * @throws HttpeekError HTTPEEK_NO_LIBBPF
 */
export function libbpfVersion(): string {
	return native().libbpfVersion().replace(/^v/, "");
}

function load(): Native {
	try {
		// koffi takes 12-21 ms to import and is not needed by every command; require keeps this function synchronous
		const koffi = createRequire(import.meta.url)("koffi") as typeof Koffi;
		// the process itself, for the C library under whatever name the distribution gives it
		return declare(koffi, koffi.load(LIBRARY), koffi.load(null));
	} catch (cause) {
		const reason = cause instanceof Error ? cause.message : String(cause);
		throw new HttpeekError("HTTPEEK_NO_LIBBPF", `cannot use ${LIBRARY}: ${reason}`, {
			hint: "install libbpf 1.0 or later: apt-get install libbpf1",
			cause,
		});
	}
}

type LibraryHandle = ReturnType<typeof Koffi.load>;

/** Declares everything. Signatures: https://github.com/libbpf/libbpf/blob/v1.1.2/src/libbpf.h and bpf.h */
function declare(koffi: typeof Koffi, libbpf: LibraryHandle, libc: LibraryHandle): Native {
	const openOptions = koffi.struct("httpeek_open_options", {
		sz: "size_t",
		object_name: "void *",
		relaxed_maps: "bool",
		pin_root_path: "void *",
		_removed: "uint32_t",
		kconfig: "void *",
		btf_custom_path: "void *",
		kernel_log_buf: "void *",
		kernel_log_size: "size_t",
		kernel_log_level: "uint32_t",
	});
	const testRunOptions = koffi.struct("httpeek_test_run_options", {
		sz: "size_t",
		data_in: "void *",
		data_out: "void *",
		data_size_in: "uint32_t",
		data_size_out: "uint32_t",
		ctx_in: "void *",
		ctx_out: "void *",
		ctx_size_in: "uint32_t",
		ctx_size_out: "uint32_t",
		retval: "uint32_t",
		repeat: "int",
		duration: "uint32_t",
		flags: "uint32_t",
		cpu: "uint32_t",
		batch_size: "uint32_t",
	});
	const uprobeOptions = koffi.struct("httpeek_uprobe_options", {
		sz: "size_t",
		ref_ctr_offset: "size_t",
		bpf_cookie: "uint64_t",
		retprobe: "bool",
		func_name: "void *",
	});
	const printer = koffi.pointer(koffi.proto("httpeek_printer", "int", ["int", "void *", "void *"]));

	const load = libbpf.func("int bpf_object__load(void *object)");
	const linkDestroy = libbpf.func("int bpf_link__destroy(void *link)");
	const setPrint = libbpf.func("libbpf_set_print", "void *", ["void *"]);
	const versionString = libbpf.func("const char *libbpf_version_string(void)");
	const open = libbpf.func("bpf_object__open_file", "void *", ["str", koffi.pointer(openOptions)]);
	const testRun = libbpf.func("bpf_prog_test_run_opts", "int", ["int", koffi.inout(koffi.pointer(testRunOptions))]);
	const linkCreate = libbpf.func("int bpf_link_create(int program_fd, int target_fd, int attach_type, void *opts)");
	const attachUprobe = libbpf.func("bpf_program__attach_uprobe_opts", "void *", [
		...["void *", "int", "str", "size_t"],
		koffi.pointer(uprobeOptions),
	]);
	const initialValue = libbpf.func("bpf_map__initial_value", "void *", ["void *", "void *"]);
	const setInitialValue = libbpf.func("int bpf_map__set_initial_value(void *map, void *data, size_t size)");
	const infoByFd = libbpf.func("int bpf_obj_get_info_by_fd(int fd, void *info, void *length)");
	const batch = libbpf.func(
		"int bpf_map_lookup_batch(int fd, void *in, void *out, void *keys, void *values, void *count, void *opts)",
	);
	const format = libc.func("int vsnprintf(void *text, size_t size, void *format, void *args)");
	const mmap = libc.func("mmap", "void *", ["void *", "size_t", "int", "int", "int", "long"]);
	const syscall = libc.func("syscall", "long", ["long", "long", "long", "long", "long"]);
	const address = (memory: Uint8Array | BigUint64Array): bigint => BigInt(koffi.address(memory));

	// libbpf prints to stderr unless told otherwise
	setPrint(null);
	let loadsInBackground = 0;

	/*
	 * The callback is variadic in C only by way of a va_list. A va_list is handed over by address by the calling conventions
	 * of x86-64 (an array type) and of arm64 (a struct of 32 bytes), so it can be passed on to vsnprintf as a pointer.
	 */
	function collectWarnings<T>(work: () => T): { result: T; warnings: string[] } {
		const warnings: string[] = [];
		// another thread's messages would wait for this one, and come when the callback is gone
		if (loadsInBackground > 0) return { result: work(), warnings };
		const text = Buffer.alloc(MESSAGE_BYTES);
		const callback = koffi.register((level: number, template: Pointer, args: Pointer): number => {
			if (level === LIBBPF_WARN) {
				const length = Math.min(format(text, text.length, template, args), text.length - 1);
				warnings.push(
					text
						.toString("utf8", 0, Math.max(length, 0))
						.replace(/^libbpf: /, "")
						.trimEnd(),
				);
			}
			return 0;
		}, printer);
		setPrint(callback);
		try {
			return { result: work(), warnings };
		} finally {
			setPrint(null);
			koffi.unregister(callback);
		}
	}

	const background = new Background();
	return {
		libbpfVersion: versionString,
		errno: () => koffi.errno(),
		collectWarnings,

		objectOpen: (path, { logBuffer, logLevel = 0 }) =>
			open(path, {
				sz: koffi.sizeof(openOptions),
				kernel_log_buf: koffi.address(logBuffer),
				kernel_log_size: logBuffer.length,
				kernel_log_level: logLevel,
			}),
		objectLoad: load,
		objectLoadInBackground: (object) =>
			new Promise((resolve) => {
				loadsInBackground++;
				load.async(object, (error: unknown, result: number) => {
					loadsInBackground--;
					resolve(error === null ? result : -Errno.EINVAL);
				});
			}),
		objectClose: libbpf.func("void bpf_object__close(void *object)"),

		findProgram: libbpf.func("void *bpf_object__find_program_by_name(void *object, const char *name)"),
		nextProgram: libbpf.func("void *bpf_object__next_program(void *object, void *previous)"),
		programName: libbpf.func("const char *bpf_program__name(void *program)"),
		programFd: libbpf.func("int bpf_program__fd(void *program)"),
		programSetAutoload: libbpf.func("int bpf_program__set_autoload(void *program, bool autoload)"),
		attachCgroup: libbpf.func("void *bpf_program__attach_cgroup(void *program, int cgroup_fd)"),
		linkCgroup: (programFd, cgroupFd, type) => linkCreate(programFd, cgroupFd, type, null),
		attachUprobe: (program, pid, path, offset, atReturn) =>
			attachUprobe(program, pid, path, offset, {
				sz: koffi.sizeof(uprobeOptions),
				ref_ctr_offset: 0,
				bpf_cookie: 0,
				retprobe: atReturn,
				func_name: null,
			}),
		programSetAttachType: libbpf.func("int bpf_program__set_expected_attach_type(void *program, int type)"),
		linkUprobes: (programFd, { path, offsets, cookies, pid, atReturn }) => {
			const name = Buffer.from(`${path}\0`);
			const attributes = Buffer.alloc(LINK_UPROBES.bytes);
			attributes.writeUInt32LE(programFd, LINK_UPROBES.program);
			attributes.writeUInt32LE(TRACE_UPROBE_MULTI, LINK_UPROBES.attachType);
			attributes.writeBigUInt64LE(address(name), LINK_UPROBES.path);
			attributes.writeBigUInt64LE(address(offsets), LINK_UPROBES.offsets);
			attributes.writeBigUInt64LE(address(cookies), LINK_UPROBES.cookies);
			attributes.writeUInt32LE(offsets.length, LINK_UPROBES.count);
			attributes.writeUInt32LE(atReturn ? UPROBE_MULTI_RETURN : 0, LINK_UPROBES.flags);
			attributes.writeUInt32LE(pid, LINK_UPROBES.pid);
			return Number(syscall(SYS_BPF[process.arch] ?? -1, BPF_LINK_CREATE, address(attributes), attributes.length, 0));
		},
		attachRawTracepoint: libbpf.func("void *bpf_program__attach_raw_tracepoint(void *program, const char *name)"),
		linkDestroy,
		linkDestroyInBackground: (link) => background.run((done) => linkDestroy.async(link, done)),
		testRun: (programFd: number, input: TestRunInput): TestRunOutput => {
			const options = {
				sz: koffi.sizeof(testRunOptions),
				data_in: koffi.address(input.data),
				data_size_in: input.data.length,
				data_out: koffi.address(input.dataOut),
				data_size_out: input.dataOut.length,
				ctx_in: input.context === undefined ? null : koffi.address(input.context),
				ctx_size_in: input.context?.length ?? 0,
				repeat: input.repeat,
				retval: 0,
				duration: 0,
			};
			const error = testRun(programFd, options);
			return {
				error,
				returnValue: options.retval,
				durationNs: options.duration,
				dataOutBytes: options.data_size_out,
			};
		},
		objectInfo: (fd, info) => infoByFd(fd, info, Uint32Array.of(info.length)),
		enableStats: libbpf.func("int bpf_enable_stats(int type)"),

		findMap: libbpf.func("void *bpf_object__find_map_by_name(void *object, const char *name)"),
		nextMap: libbpf.func("void *bpf_object__next_map(void *object, void *previous)"),
		mapFd: libbpf.func("int bpf_map__fd(void *map)"),
		mapFlags: libbpf.func("uint32_t bpf_map__map_flags(void *map)"),
		mapKeySize: libbpf.func("uint32_t bpf_map__key_size(void *map)"),
		mapValueSize: libbpf.func("uint32_t bpf_map__value_size(void *map)"),
		mapMaxEntries: libbpf.func("uint32_t bpf_map__max_entries(void *map)"),
		mapSetMaxEntries: libbpf.func("int bpf_map__set_max_entries(void *map, uint32_t max_entries)"),
		mapReuseFd: libbpf.func("int bpf_map__reuse_fd(void *map, int fd)"),
		mapInitialValue: (map) => {
			const size = new BigUint64Array(1);
			const address: Pointer | null = initialValue(map, size);
			return address === null ? null : new Uint8Array(koffi.view(address, Number(size[0]))).slice();
		},
		mapSetInitialValue: (map, value) => setInitialValue(map, value, value.length),

		lookup: libbpf.func("int bpf_map_lookup_elem(int fd, void *key, void *value)"),
		update: libbpf.func("int bpf_map_update_elem(int fd, void *key, void *value, uint64_t flags)"),
		delete: libbpf.func("int bpf_map_delete_elem(int fd, void *key)"),
		nextKey: libbpf.func("int bpf_map_get_next_key(int fd, void *key, void *next)"),
		lookupAndDelete: libbpf.func("int bpf_map_lookup_and_delete_elem(int fd, void *key, void *value)"),
		lookupBatch: (fd, position, nextPosition, keys, values, count) =>
			batch(fd, position, nextPosition, keys, values, count, null),

		mapMemory: (fd, lengthBytes, offsetBytes, isWritable = false) => {
			const protection = isWritable ? PROT_READ | PROT_WRITE : PROT_READ;
			const address: Pointer = mmap(null, lengthBytes, protection, MAP_SHARED, fd, offsetBytes);
			return address === MAP_FAILED ? null : address;
		},
		unmapMemory: libc.func("int munmap(void *address, size_t length)"),
		viewMemory: koffi.view,
		pageBytes: libc.func("int getpagesize(void)"),
		pollHandle: (fd) => pollHandle(koffi, fd),
		systemCall: (number, a = 0, b = 0, c = 0, d = 0) => Number(syscall(number, a, b, c, d)),
	};
}
