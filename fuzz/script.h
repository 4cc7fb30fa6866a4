/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * script.h: conversations as bytes, for fuzzers to change and people to read. fuzz/README.md describes the language.
 */
#ifndef HTTPEEK_SCRIPT_H
#define HTTPEEK_SCRIPT_H

#include "world.h"

enum {
	FILLERS = 4, /* of a script: more only cost time */
	FILLER_BYTES = 5000,
	LARGE_FILLER_BYTES = 60000,
	JUMP_BYTES = 1000,
	PADDING_UNIT_BYTES = 8,
};

/* One direction, as its sender sees it. */
struct sender {
	u32 first_seq;
	u32 sent;      /* bytes, lost ones included */
	u32 last_from; /* the last segment, to send it again */
	u32 last_bytes;
	u32 held_from;
	u32 held_bytes; /* a segment that waits to be overtaken; 0: none */
	/* not cleared for each script */
	u8 last[PAYLOAD_BYTES];
	u8 held[PAYLOAD_BYTES];
};

struct player {
	struct sender *senders;		  /* [is_response] */
	void (*checked)(bool is_request); /* called behind every segment */
	u32 piece_bytes;		  /* segments are cut to this; 0: as written */
	u32 fillers;
	u32 bytes;
	u32 shift; /* the next segment begins so many bytes too early */
	bool is_server;
	bool is_deferred; /* the first request comes before its socket */
	bool is_ended;
	bool is_response;
	bool is_orderly; /* no segment came twice, late, early or never */
	bool hold;
	bool lose;
	u8 payload[PAYLOAD_BYTES]; /* not cleared for each script */
};

/* What of a direction has arrived: what the other side acknowledges. */
static u32 acknowledged(const struct sender *s)
{
	return s->first_seq + (s->held_bytes ? s->held_from : s->sent);
}

static void transmit(struct player *p, bool is_response, u32 from, const u8 *payload, u32 bytes)
{
	struct sender *s = &p->senders[is_response], *other = &p->senders[!is_response];
	u32 piece = p->piece_bytes ? p->piece_bytes : bytes, at;

	if (p->is_deferred) {
		pass_segment(&world_listener, false, s->first_seq + from, acknowledged(other), payload, bytes);
		p->is_deferred = false;
		establish_world(true, p->senders[0].first_seq, p->senders[1].first_seq);
		if (p->checked)
			p->checked(true);
		return;
	}
	for (at = 0; at < bytes; at += piece) {
		pass_segment(&world_socket, is_response == p->is_server, s->first_seq + from + at, acknowledged(other),
			     payload + at, bytes - at < piece ? bytes - at : piece);
		if (p->checked)
			p->checked(!is_response);
	}
}

static void send_held(struct player *p, bool is_response)
{
	struct sender *s = &p->senders[is_response];
	u32 bytes = s->held_bytes;

	if (!bytes)
		return;
	s->held_bytes = 0;
	transmit(p, is_response, s->held_from, s->held, bytes);
}

/* The bytes that were gathered become a segment. */
static void send_segment(struct player *p)
{
	struct sender *s = &p->senders[p->is_response];
	u32 bytes = p->bytes, from = s->sent - (p->shift < s->sent ? p->shift : s->sent);

	if (!bytes)
		return;
	p->bytes = 0;
	p->shift = 0;
	s->last_from = from;
	s->last_bytes = bytes;
	memcpy(s->last, p->payload, bytes);
	if (from + bytes > s->sent)
		s->sent = from + bytes;
	if (p->lose) {
		p->lose = false;
		return;
	}
	if (p->hold && !s->held_bytes) {
		p->hold = false;
		s->held_from = from;
		s->held_bytes = bytes;
		memcpy(s->held, p->payload, bytes);
		return;
	}
	transmit(p, p->is_response, from, p->payload, bytes);
	send_held(p, p->is_response);
}

static void append(struct player *p, u8 byte)
{
	p->payload[p->bytes++] = byte;
	if (p->bytes == PAYLOAD_BYTES)
		send_segment(p);
}

/* A segment of what would be requests and responses, were it not in a body. */
static void send_filler(struct player *p, u32 bytes)
{
	static const char text[] = "GET /in-a-body HTTP/1.1\r\n\r\nHTTP/1.1 500 In-a-body\r\n\r\n0\r\n\r\n";
	u32 i;

	send_segment(p);
	if (p->fillers++ >= FILLERS)
		return;
	for (i = 0; i < bytes; i++)
		p->payload[i] = text[i % (sizeof(text) - 1)];
	p->bytes = bytes;
	send_segment(p);
}

/* Header text of almost any length, so that a search finds the ends of the parsers' window. */
static void pad(struct player *p, u32 bytes)
{
	while (bytes--)
		append(p, 'p');
}

static void send_again(struct player *p)
{
	struct sender *s = &p->senders[p->is_response];

	send_segment(p);
	p->is_orderly = false;
	if (s->last_bytes && !p->is_deferred)
		transmit(p, p->is_response, s->last_from, s->last, s->last_bytes);
}

static void end_conversation(struct player *p, bool is_here)
{
	send_segment(p);
	send_held(p, false);
	send_held(p, true);
	p->is_ended = true;
	if (is_here) {
		close_here();
		return;
	}
	change_state(BPF_TCP_CLOSE_WAIT);
	change_state(BPF_TCP_CLOSE);
}

/* The character behind '~'. */
static void direct(struct player *p, u8 what)
{
	switch (what) {
	case 'b':
		send_filler(p, FILLER_BYTES);
		return;
	case 'B':
		send_filler(p, LARGE_FILLER_BYTES);
		return;
	case 'r':
		send_again(p);
		return;
	case 'x':
		send_segment(p);
		p->hold = true;
		break;
	case 'l':
		send_segment(p);
		p->lose = true;
		break;
	case '+':
		send_segment(p);
		p->senders[p->is_response].sent += JUMP_BYTES;
		break;
	case 'c':
	case 'f':
		end_conversation(p, what == 'c');
		return;
	default:
		if (what < '1' || what > '9') {
			append(p, what);
			return;
		}
		send_segment(p);
		p->shift = (what - '0') * (what - '0');
	}
	p->is_orderly = false;
}

/* How a connection is met: the first character of a script. */
static void open_conversation(struct player *p, u8 how)
{
	u32 in, out;

	p->is_server = how != 'c' && how != 'C';
	p->is_orderly = how != 'S' && how != 'C';
	p->senders[0].first_seq = 1000;
	p->senders[1].first_seq = 0u - 16; /* wraps soon */
	begin_world(p->is_server);
	in = p->senders[!p->is_server].first_seq;
	out = p->senders[p->is_server].first_seq;
	p->is_deferred = how == 'd';
	if (p->is_orderly && !p->is_deferred)
		establish_world(p->is_server, in, out);
}

/* Plays a script from an empty world on. `checked` is called behind every segment, if there is one. */
static void play(struct player *p, const u8 *script, size_t bytes, u32 piece_bytes, void (*checked)(bool is_request))
{
	static struct sender senders[2];
	size_t i;

	for (i = 0; i < 2; i++)
		memset(&senders[i], 0, offsetof(struct sender, last));
	memset(p, 0, offsetof(struct player, payload));
	p->senders = senders;
	p->piece_bytes = piece_bytes;
	p->checked = checked;
	open_conversation(p, bytes ? script[0] : 's');
	for (i = 1; i < bytes && !p->is_ended; i++) {
		u8 c = script[i];

		if (c == '{' || c == '}' || c == '|') {
			send_segment(p);
			if (c != '|')
				p->is_response = c == '}';
		} else if (c == '~' && i + 2 < bytes && script[i + 1] == 'p') {
			pad(p, script[i + 2] * PADDING_UNIT_BYTES);
			i += 2;
		} else if (c == '~' && i + 1 < bytes) {
			direct(p, script[++i]);
		} else {
			append(p, c);
		}
	}
	send_segment(p);
	send_held(p, false);
	send_held(p, true);
}

#endif
