/** Which functions of which TLS library are hooked, and by which program of the kernel side (bpf/). */

import type { ProgramName } from "../wire/tls-object.js";

/** Programs of bpf/tls.bpf.c that functions are hooked with. */
export type HookProgram = Exclude<ProgramName, "tls_any" | "process_executed">;

/** Programs for one function: at its entry, and when it returns. */
export interface Hook {
	readonly symbol: string;
	readonly atEntry: HookProgram;
	readonly atReturn?: HookProgram;
}

/** Hooks of a library, and what a file must have to count as that library. */
export interface HookTable {
	readonly hooks: readonly Hook[];
	/** One of each: what can only be read, or only written, would be half a conversation. */
	readonly required: readonly (readonly string[])[];
}

/**
 * OpenSSL 1.1 and 3, BoringSSL, LibreSSL: they have the same functions as far as they have them. `SSL_peek` is not among
 * them on purpose: what is peeked at is read later. Since 3.3 `SSL_write_ex` only calls `SSL_write_ex2`: see
 * withoutForwarders().
 */
export const OPENSSL: HookTable = {
	hooks: [
		{ symbol: "SSL_read", atEntry: "tls_read", atReturn: "tls_end" },
		{ symbol: "SSL_read_ex", atEntry: "tls_read_ex", atReturn: "tls_end" },
		{ symbol: "SSL_read_early_data", atEntry: "tls_read_early", atReturn: "tls_end" },
		{ symbol: "SSL_write", atEntry: "tls_write", atReturn: "tls_end" },
		{ symbol: "SSL_write_ex", atEntry: "tls_write_ex", atReturn: "tls_end" },
		{ symbol: "SSL_write_ex2", atEntry: "tls_write_ex2", atReturn: "tls_end" },
		{ symbol: "SSL_write_early_data", atEntry: "tls_write_ex", atReturn: "tls_end" },
		{ symbol: "SSL_sendfile", atEntry: "tls_sendfile", atReturn: "tls_end" },
		{ symbol: "SSL_do_handshake", atEntry: "tls_handshake", atReturn: "tls_end" },
		{ symbol: "SSL_free", atEntry: "tls_free" },
		{ symbol: "SSL_clear", atEntry: "tls_free" },
	],
	required: [
		["SSL_read", "SSL_read_ex"],
		["SSL_write", "SSL_write_ex"],
	],
};

/** Functions of BoringSSL that OpenSSL does not have. Only their presence matters. */
export const BORINGSSL_ONLY = ["SSL_CTX_set_custom_verify", "SSL_set_custom_verify"];

/**
 * GnuTLS. Since 3.6.3 `gnutls_record_send` only calls `gnutls_record_send2`, which some programs call themselves: see
 * withoutForwarders().
 */
export const GNUTLS: HookTable = {
	hooks: [
		{ symbol: "gnutls_record_recv", atEntry: "tls_read", atReturn: "tls_end" },
		{ symbol: "gnutls_record_send", atEntry: "tls_write", atReturn: "tls_end" },
		{ symbol: "gnutls_record_send2", atEntry: "tls_write", atReturn: "tls_end" },
		{ symbol: "gnutls_record_uncork", atEntry: "tls_uncork", atReturn: "tls_end" },
		{ symbol: "gnutls_handshake", atEntry: "tls_handshake", atReturn: "tls_end" },
		{ symbol: "gnutls_deinit", atEntry: "tls_free" },
	],
	required: [["gnutls_record_recv"], ["gnutls_record_send"]],
};

/** Larger than any function that only passes its arguments on, much smaller than one that sends. */
const MOST_BYTES_OF_FORWARDER = 64;

/** Functions that only pass their arguments on, where the library has the other one. */
const FORWARDERS: ReadonlyMap<string, string> = new Map([
	["gnutls_record_send", "gnutls_record_send2"],
	["SSL_write_ex", "SSL_write_ex2"],
]);

/**
 * Leaves out functions that only call another one that is hooked: one pair of hooks a call instead of two, and no data
 * counted twice. A compiler that copied the one into the other made it large, and then both are needed.
 * @param sizeBytes of a function that the file has
 */
export function withoutForwarders(hooks: readonly Hook[], sizeBytes: (symbol: string) => number | undefined): Hook[] {
	return hooks.filter(({ symbol }) => {
		const target = FORWARDERS.get(symbol);
		const isForwarded = target !== undefined && sizeBytes(target) !== undefined;
		return !(isForwarded && (sizeBytes(symbol) ?? 0) <= MOST_BYTES_OF_FORWARDER);
	});
}

/** Go's crypto/tls. Functions with `atReturn` are hooked at each of their return instructions: see go-library.ts. */
export const GO: HookTable = {
	hooks: [
		{ symbol: "crypto/tls.(*Conn).Read", atEntry: "go_read", atReturn: "tls_end" },
		{ symbol: "crypto/tls.(*Conn).Write", atEntry: "go_write" },
		{ symbol: "crypto/tls.(*Conn).flush", atEntry: "go_flush", atReturn: "go_flushed" },
		{ symbol: "crypto/tls.(*Conn).Close", atEntry: "go_close" },
	],
	required: [["crypto/tls.(*Conn).Read"], ["crypto/tls.(*Conn).Write"]],
};
