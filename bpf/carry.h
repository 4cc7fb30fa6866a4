/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* carry.h: the unfinished line of a head that segments split, kept until the rest comes. */
#ifndef HTTPEEK_CARRY_H
#define HTTPEEK_CARRY_H

#include "heads.h"
#include "kept.h"
#ifdef HTTPEEK_SOURCE_USER
#include "source_user.h"
#else
#include "source_skb.h"
#endif

/*
 * Keeps the unfinished line w[line..total) for the next segment; the window's new bytes are as the workspace says. A line that
 * began in an earlier segment already lies at the carry's start, because only one line is ever kept.
 */
VERIFIED_ONCE int keep_line(source *src, struct connection *c, struct workspace *ws, u32 line_total)
{
	u32 line = range_from(line_total), total = range_to(line_total);
	struct segment *seg;
	struct carry *carry;
	struct stream *s;

	if (source_missing(src) || !c || !ws)
		return 0;
	seg = &ws->segment;
	s = stream_of(c, seg->is_request);
	carry = find_carry(src, seg->is_request, BPF_SK_STORAGE_GET_F_CREATE);
	if (!carry) {
		lose_framing(c, seg->is_request, COUNTER_CARRY_REFUSED);
		return 0;
	}
	if (line >= s->carried && !load_payload(src, seg, ws->at + line - s->carried, carry->bytes, total - line)) {
		lose_framing(c, seg->is_request, seg->is_request ? COUNTER_REQUEST_GAP : COUNTER_RESPONSE_GAP);
		return 0;
	}
	s->carried = total - line;
	s->next += ws->bytes;
	return 0;
}

#endif
