/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* tls_records.h: what can be seen of an encrypted connection: that it is one, and what its ClientHello tells it by. */
#ifndef HTTPEEK_TLS_RECORDS_H
#define HTTPEEK_TLS_RECORDS_H

#include "connection.h"
#include "maps.h"
#include "window.h"

/* Content types of records: RFC 8446 appendix B.1. */
enum {
	TLS_CHANGE_CIPHER_SPEC = 20,
	TLS_HANDSHAKE = 22,
	TLS_APPLICATION_DATA = 23,
	TLS_NEWEST_MINOR = 4,
};

/* Of a ClientHello, the first handshake message in the first record: RFC 8446 section 4.1.2. */
enum {
	HELLO_TYPE_AT = 5,
	HELLO_CLIENT = 1,
	HELLO_RANDOM_AT = 19, /* its second eight bytes: the first four were a clock once */
	HELLO_RANDOM_END = HELLO_RANDOM_AT + 8,
};

/*
 * Whether the window begins with a TLS record: its type is one of four, and the version that all versions write there.
 * RFC 8446 section 5.1.
 */
static __always_inline bool begins_with_tls(const struct window *w)
{
	u8 type = byte_at(w, 0);

	return type >= TLS_CHANGE_CIPHER_SPEC && type <= TLS_APPLICATION_DATA && byte_at(w, 1) == 3 &&
	       byte_at(w, 2) <= TLS_NEWEST_MINOR;
}

/* What is left to do of an encrypted connection is to learn which object its application reads and writes it by. */
static __always_inline void become_tls(struct connection *c)
{
	count(COUNTER_TLS_CONNECTIONS);
	c->holes[TLS_SLOT_OBJECT] = c->holes[TLS_SLOT_GENERATION] = 0;
	c->endpoint_hash = 0;
	c->tries = 0;
	set_other_mode(c, MODE_TLS);
}

/* What tells this connection from all others, if its first packet has it: window of `n` bytes. */
static __always_inline void note_random(struct connection *c, const struct window *w, u32 n)
{
	if (n >= HELLO_RANDOM_END && byte_at(w, 0) == TLS_HANDSHAKE && byte_at(w, HELLO_TYPE_AT) == HELLO_CLIENT)
		c->endpoint_hash = word_at(w, HELLO_RANDOM_AT);
}

#endif
