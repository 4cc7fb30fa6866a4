/** The exit codes of DESIGN.md section 4; other programs are written against them. */
export const ExitCode = { ok: 0, runtime: 1, usage: 2, failIf: 3, notAllowed: 4 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/**
 * Every code an error of httpeek can carry, with the exit code it ends the program with. docs/errors.md lists them for
 * users; a test holds the two together.
 */
export const ERROR_CODES = {
	/** A flag, argument or expression cannot be used. */
	HTTPEEK_USAGE: ExitCode.usage,
	/** A cgroup, unit or container of the scope does not exist. */
	HTTPEEK_SCOPE_NOT_FOUND: ExitCode.usage,
	/** A process of the scope does not exist. */
	HTTPEEK_PROCESS_NOT_FOUND: ExitCode.usage,
	/** Not root, and a capability is missing. */
	HTTPEEK_PRIVILEGE: ExitCode.notAllowed,
	/** No cgroup v2 tree is mounted. */
	HTTPEEK_NO_CGROUP2: ExitCode.notAllowed,
	/** libbpf.so.1 (or a function of it) cannot be loaded. */
	HTTPEEK_NO_LIBBPF: ExitCode.notAllowed,
	/** The kernel refused a program: the message carries the end of the verifier's log. */
	HTTPEEK_VERIFIER: ExitCode.notAllowed,
	/** The kernel refused another BPF operation: a map, an attachment. */
	HTTPEEK_BPF: ExitCode.notAllowed,
	/** The machine is of a kind that is not supported: not Linux, big-endian, an architecture without an object. */
	HTTPEEK_PLATFORM: ExitCode.notAllowed,
	/** A built file is missing or does not fit this version. */
	HTTPEEK_BUILD: ExitCode.runtime,
	/** Reading or writing a file failed. */
	HTTPEEK_IO: ExitCode.runtime,
	/** A recording cannot be read: it is damaged, or of another version. */
	HTTPEEK_RECORDING: ExitCode.runtime,
	/** Something that should not be possible. */
	HTTPEEK_INTERNAL: ExitCode.runtime,
} as const;
export type ErrorCode = keyof typeof ERROR_CODES;

export interface HttpeekErrorOptions {
	/** What to do about it: one sentence, a command where there is one. */
	readonly hint?: string;
	readonly cause?: unknown;
}

/** An error that a person can act on: what failed and why (message), a stable code, and what to do (hint). */
export class HttpeekError extends Error {
	override readonly name = "HttpeekError";
	readonly code: ErrorCode;
	readonly hint: string | undefined;

	constructor(code: ErrorCode, message: string, options: HttpeekErrorOptions = {}) {
		super(message, options.cause === undefined ? undefined : { cause: options.cause });
		this.code = code;
		this.hint = options.hint;
	}

	/** The code the program ends with when this error reaches it. */
	get exitCode(): ExitCode {
		return ERROR_CODES[this.code];
	}
}
