/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* resume.h: where framing begins without a handshake: in the middle of an old connection, and after it was lost. */
#ifndef HTTPEEK_RESUME_H
#define HTTPEEK_RESUME_H

#include "begin.h"
#include "conversation.h"

enum {
	RECEIVE_WINDOW_BYTES = 1 << 20, /* beyond what TCP has, a segment is believed so far */
};

/* Whether the segment begins with a whole request line. It is loaded into the workspace's window. */
static __always_inline bool begins_with_request(struct __sk_buff *skb, struct workspace *ws)
{
	u64 n = ws->segment.bytes;

	if (!n)
		return false;
	if (n > WINDOW_BYTES)
		n = WINDOW_BYTES;
	return load_payload(skb, &ws->segment, 0, ws->window.bytes, n) &&
	       parse_request_line(&ws->window, n, n >= WINDOW_BYTES, &ws->line) == 1;
}

/*
 * A connection met in the middle: waits for a segment that begins with a whole request line. That tells the role, and
 * the request's acknowledgement number tells where the response direction stands.
 * Returns 1 if the segment begins a request.
 */
SEGMENT_FUNCTION(meet)
{
	struct segment *seg;
	struct bpf_sock *sk;

	if (!c || !ws)
		return 0;
	seg = &ws->segment;
	sk = full_socket(skb);
	if (!sk)
		return 0;
	if (!begins_with_request(skb, ws)) {
		if (++c->tries >= ADOPT_TRIES)
			become_opaque(c, COUNTER_NOT_HTTP);
		return 0;
	}
	count(COUNTER_ADOPTED);
	begin_stream(&c->request, first_position(seg->seq), STREAM_START);
	begin_stream(&c->response, first_position(seg->ack), STREAM_START);
	become_http(c);
	set_role(c, sk, seg->is_egress ? ROLE_CLIENT : ROLE_SERVER);
	return 1;
}

/*
 * Whether TCP may take the segment: this hook runs before TCP looks at sequence numbers, and where framing begins anew
 * there is no position of our own to compare with. What waits in the socket's backlog is ahead of rcv_nxt by a little.
 */
static __always_inline bool is_in_window(struct bpf_sock *sk, const struct segment *seg)
{
	struct bpf_tcp_sock *tcp;

	if (seg->is_egress)
		return true;
	tcp = bpf_tcp_sock(sk);
	return !tcp || seg->seq - tcp->rcv_nxt < RECEIVE_WINDOW_BYTES;
}

/*
 * A request direction whose framing was lost goes on where it is certain: nothing awaits a response, the client has
 * seen all that was answered, and the segment begins with a whole request line. Where the responses cannot be followed
 * either, the request line has to do: both go on from there, or neither would ever.
 */
SEGMENT_FUNCTION(resume_requests)
{
	struct segment *seg;
	struct pipeline *p;
	struct bpf_sock *sk;
	bool is_answered;

	if (!c || !ws)
		return 0;
	seg = &ws->segment;
	sk = full_socket(skb);
	if (!sk || !is_in_window(sk, seg))
		return 0;
	p = c->is_pipelined ? find_pipeline(skb, seg->is_early, 0) : 0;
	is_answered = !pending_requests(c, p) && c->response.state == STREAM_START && (u32)c->response.next == seg->ack;
	if (!is_answered && c->response.state != STREAM_LOST && !is_behind(&c->response, seg->ack))
		return 0;
	if (seg->pos + seg->bytes <= c->request.next || !begins_with_request(skb, ws))
		return 0;
	c->request.next = seg->pos;
	c->request.state = STREAM_START;
	c->request.skipping = 0;
	return 1;
}

/*
 * A segment beyond the next position, in a direction of which the receiver has bytes that never passed. A response that
 * begins where the client's request says it expects the next one is the answer to that request: a client that waits for
 * its answers had seen all others when it asked again. Returns 1 if framing goes on with the segment.
 */
SEGMENT_FUNCTION(catch_up)
{
	struct segment *seg;

	if (!c || !ws)
		return 0;
	seg = &ws->segment;
	if (seg->is_request) {
		lose_framing(c, true, COUNTER_REQUEST_GAP);
		return 0;
	}
	if (seg->seq != c->request.ack) {
		lose_framing(c, false, COUNTER_RESPONSE_GAP);
		return 0;
	}
	drop_pending(skb, c, ws);
	resume_responses(c, seg->seq);
	return 1;
}

#endif
