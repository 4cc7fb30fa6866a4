/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* report.h: what the programs counted of a conversation, as one line of JSON, and the laws that hold for every one. */
#ifndef HTTPEEK_REPORT_H
#define HTTPEEK_REPORT_H

#include "world.h"

enum { REPORT_BYTES = 1 << 17 };

/* Slots are the shim's own affair, lines that were not shown no affair of counts. */
static bool is_told(enum counter which)
{
	return which < COUNTER_ENDPOINTS_USED || (which > COUNTER_OWNERS_USED && which < COUNTER_WATCH_DROPPED);
}

/* Everything that says that something was missed. */
static u64 count_losses(void)
{
	u64 losses = 0;
	u32 i;

	for (i = 0; i <= COUNTER_MAP_UPDATE_FAILED; i++)
		losses += counters[i];
	return losses + counters[COUNTER_WORKSPACE_REFUSED];
}

static u64 count_begun(void)
{
	struct shim_map *m = shim_find(&starts);
	u64 begun = 0;
	u32 i;

	for (i = m->lowest; i < m->used; i++)
		begun += ((u64 *)m->values)[i];
	return begun;
}

static u64 count_ended(void)
{
	struct shim_map *m = shim_find(&cells);
	u64 ended = 0;
	u32 i;

	for (i = m->lowest; i < m->used; i++)
		ended += ((struct cell *)m->values)[i].count;
	return ended;
}

static int write_cell(char *to, size_t room, const struct cell *cell)
{
	const struct endpoint *e = (struct endpoint *)shim_find(&endpoints)->values + cell->endpoint;
	int written = snprintf(to, room,
			       "{\"role\":%u,\"method\":%u,\"protocol\":%u,\"status\":%u,\"outcome\":%u,\"count\":%llu,"
			       "\"isOther\":%u,\"route\":\"",
			       e->role, e->method, e->protocol, cell->status, cell->outcome,
			       (unsigned long long)cell->count, e->is_other);
	u32 i;

	for (i = 0; i < e->route_bytes; i++)
		written += snprintf(to + written, room - written, "%02x", e->route[i]);
	return written + snprintf(to + written, room - written, "\"}");
}

/*
 * Writes exchanges in the order in which their kinds were first seen, routes in hex, counters that moved by their
 * numbers in enum counter, and how the connection stands.
 */
static void write_report(char *to)
{
	const struct cell *all = (struct cell *)shim_find(&cells)->values;
	const struct connection *c = world_connection();
	int written = snprintf(to, REPORT_BYTES, "{\"exchanges\":[");
	const char *comma = "";
	u32 i;

	for (i = 0; i < LIMIT_OTHER_CELLS + WORLD_CELLS; i++) {
		u32 slot = (i + LIMIT_OTHER_CELLS) % (LIMIT_OTHER_CELLS + WORLD_CELLS);

		if (!all[slot].count)
			continue;
		written += snprintf(to + written, REPORT_BYTES - written, "%s", comma);
		written += write_cell(to + written, REPORT_BYTES - written, &all[slot]);
		comma = ",";
	}
	written += snprintf(to + written, REPORT_BYTES - written, "],\"counters\":{");
	comma = "";
	for (i = 0; i < COUNTERS; i++) {
		if (!counters[i] || !is_told(i))
			continue;
		written += snprintf(to + written, REPORT_BYTES - written, "%s\"%u\":%llu", comma, i,
				    (unsigned long long)counters[i]);
		comma = ",";
	}
	snprintf(to + written, REPORT_BYTES - written,
		 "},\"mode\":%u,\"request\":%u,\"response\":%u,\"pending\":%u,\"begun\":%llu,\"ended\":%llu,"
		 "\"sent\":\"%016llx\"}",
		 c ? c->mode : 0, c ? c->request.state : 0, c ? c->response.state : 0,
		 c ? pending_requests(c, world_pipeline()) : 0, (unsigned long long)count_begun(),
		 (unsigned long long)count_ended(), (unsigned long long)world_sent_hash);
}

/* One direction, as it was after the last segment. */
struct progress {
	u64 next;
	u8 state;
};

static struct progress progress[2];

static void check_stream(const struct stream *s, struct progress *before, const char *what)
{
	/* a direction whose framing was lost goes on where the other side's acknowledgement says */
	if (before->state != STREAM_UNKNOWN && before->state != STREAM_LOST && s->next < before->next)
		shim_fail(what);
	if (s->state > STREAM_LOST)
		shim_fail("a stream is in no state");
	if (s->carried >= WINDOW_BYTES)
		shim_fail("more is carried than fits a window");
	before->next = s->next;
	before->state = s->state;
}

/* Requests that wait for their response and are counted as begun. */
static u32 counted_pending(const struct connection *c, const struct pipeline *p)
{
	return !!c->pending + (p ? p->tail - p->head : 0);
}

/* The laws. Called behind every segment. */
static void check_world(bool is_request)
{
	const struct connection *c = world_connection();
	const struct early *early = (struct early *)shim_find(&early_requests)->values;
	u32 waiting;

	(void)is_request;
	if (!c)
		return;
	check_stream(&c->request, &progress[0], "the position of requests went back");
	check_stream(&c->response, &progress[1], "the position of responses went back");
	if (c->serves != (c->mode == MODE_HTTP && c->role == ROLE_SERVER))
		shim_fail("what serves is not what is HTTP and a server");
	waiting = counted_pending(c, world_pipeline());
	if (waiting > PENDING_SLOTS)
		shim_fail("more requests are pending than there are slots");
	if (early->is_waiting)
		waiting += counted_pending(&early->connection, &early->pipeline);
	if (c->mode != MODE_OPAQUE && count_begun() - count_ended() != waiting)
		shim_fail("requests begun, less exchanges ended, are not the requests pending");
	if ((s64)(count_begun() - count_ended()) < 0)
		shim_fail("more exchanges ended than requests began");
	if (cfg_watch && world_sent != count_ended() + counters[COUNTER_CELLS_FULL])
		shim_fail("the exchanges that were sent to a watcher are not those that ended");
}

static void begin_checks(void)
{
	memset(progress, 0, sizeof(progress));
}

#endif
