/** Which functions of which TLS library are hooked, and by which program of the kernel side (bpf/). */

/** Programs for one function: at its entry, and when it returns. */
export interface Hook {
	readonly symbol: string;
	readonly atEntry: string;
	readonly atReturn?: string;
}

/** Hooks of a library, and what a file must have to count as that library. */
export interface HookTable {
	readonly hooks: readonly Hook[];
	/** One of each: what can only be read, or only written, would be half a conversation. */
	readonly required: readonly (readonly string[])[];
}

/**
 * OpenSSL 1.1 and 3, BoringSSL, LibreSSL: they have the same functions as far as they have them. `SSL_peek` is not among
 * them on purpose: what is peeked at is read later. `SSL_write_ex` of OpenSSL 3.3 and later is itself a call of
 * `SSL_write_ex2`: both programs run, and the first to end takes the call.
 */
export const OPENSSL: HookTable = {
	hooks: [
		{ symbol: "SSL_read", atEntry: "tls_read_begin", atReturn: "tls_read_end" },
		{ symbol: "SSL_read_ex", atEntry: "tls_read_ex_begin", atReturn: "tls_read_ex_end" },
		{ symbol: "SSL_read_early_data", atEntry: "tls_read_ex_begin", atReturn: "tls_read_early_end" },
		{ symbol: "SSL_write", atEntry: "tls_write_begin", atReturn: "tls_write_end" },
		{ symbol: "SSL_write_ex", atEntry: "tls_write_ex_begin", atReturn: "tls_write_ex_end" },
		{ symbol: "SSL_write_ex2", atEntry: "tls_write_ex2_begin", atReturn: "tls_write_ex_end" },
		{ symbol: "SSL_write_early_data", atEntry: "tls_write_ex_begin", atReturn: "tls_write_ex_end" },
		{ symbol: "SSL_sendfile", atEntry: "tls_sendfile_begin", atReturn: "tls_write_end" },
		{ symbol: "SSL_do_handshake", atEntry: "tls_handshake" },
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
		{ symbol: "gnutls_record_recv", atEntry: "tls_read_begin", atReturn: "tls_read_end" },
		{ symbol: "gnutls_record_send", atEntry: "tls_write_begin", atReturn: "tls_write_end" },
		{ symbol: "gnutls_record_send2", atEntry: "tls_write_begin", atReturn: "tls_write_end" },
		{ symbol: "gnutls_handshake", atEntry: "tls_handshake" },
		{ symbol: "gnutls_deinit", atEntry: "tls_free" },
	],
	required: [["gnutls_record_recv"], ["gnutls_record_send"]],
};

/** Larger than any function that only passes its arguments on, much smaller than one that sends. */
const MOST_BYTES_OF_FORWARDER = 64;

/**
 * Leaves out `gnutls_record_send` where it only calls `gnutls_record_send2`: one pair of hooks a call instead of two. A
 * compiler that copied the one into the other made it large, and then both are needed.
 * @param sizeBytes of a function that the file has
 */
export function withoutForwarders(hooks: readonly Hook[], sizeBytes: (symbol: string) => number | undefined): Hook[] {
	const forwarder = "gnutls_record_send";
	const isForwarded =
		sizeBytes("gnutls_record_send2") !== undefined && (sizeBytes(forwarder) ?? 0) <= MOST_BYTES_OF_FORWARDER;
	return hooks.filter(({ symbol }) => !(isForwarded && symbol === forwarder));
}

/** Go's crypto/tls. Functions with `atReturn` are hooked at each of their return instructions: see go-library.ts. */
export const GO: HookTable = {
	hooks: [
		{ symbol: "crypto/tls.(*Conn).Read", atEntry: "go_read_begin", atReturn: "go_read_end" },
		{ symbol: "crypto/tls.(*Conn).Write", atEntry: "go_write" },
		{ symbol: "crypto/tls.(*Conn).flush", atEntry: "go_flush" },
		{ symbol: "crypto/tls.(*Conn).Close", atEntry: "go_close" },
	],
	required: [["crypto/tls.(*Conn).Read"], ["crypto/tls.(*Conn).Write"]],
};
