/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * tls_go.h: which socket an object of Go's crypto/tls belongs to. It does not hold its ClientHello's random, but it sends in a
 * function that is hooked: flush, in its handshake. Only that a goroutine may be stopped in there, and go on in another
 * thread, before it sends or after that, while its first thread goes on with another one's flush. So the packet hook notes for
 * which socket a thread has sent, and where the flush ends, the thread in which it has begun and the one in which it ends tell.
 */
#ifndef HTTPEEK_TLS_GO_H
#define HTTPEEK_TLS_GO_H

#include "tls_calls.h"

/* Data that is to be sent for an object without a socket: perhaps when the handshake is over, which it may begin. */
struct tls_write {
	u64 address;
	u64 bytes;
};

/*
 * Object -> its Write in progress, or over. Inserted and deleted by uprobes. It may forget: then the data is missing, as is
 * that of a connection that is older than httpeek.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct tls_key);
	__type(value, struct tls_write);
} tls_writes MAP;

/*
 * Object -> the socket for which the thread has sent in which the object's flush began, but not where it ended. Inserted and
 * deleted by uprobes. It may forget: then a connection is linked when it is written to again.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct tls_key);
	__type(value, struct tls_sent);
} tls_candidates MAP;

/* The end of a socket with this random that waits for its object, or 0. */
static __always_inline struct tls_end *waiting_at(u64 random, u64 role)
{
	struct tls_hello *hello = bpf_map_lookup_elem(&tls_hellos, &random);
	struct tls_end *end;

	if (!hello)
		return 0;
	opaque(hello); /* the additions stay behind the test */
	end = role == ROLE_SERVER ? &hello->server : &hello->client;
	return is_waiting(end) ? end : 0;
}

/*
 * Data passes through an object without a socket: it has its candidate, if that still waits. Whoever else it might have been
 * has ended its own flush by now. Returns 1 if the object has a socket now. With numbers alone, every kernel verifies it once.
 */
__noinline __weak int take_candidate(u64 object)
{
	struct tls_key key = tls_key(object);
	struct tls_sent *found = bpf_map_lookup_elem(&tls_candidates, &key);
	struct tls_end *end;
	u64 random, role;

	if (!found)
		return 0;
	random = found->random;
	role = found->role;
	bpf_map_delete_elem(&tls_candidates, &key);
	end = waiting_at(random, role);
	return end && give_socket(&key, end, role, true);
}

/* A Go program writes, and sends that in the same function. With numbers alone, every kernel verifies it once. */
__noinline __weak int begin_write(u64 object, u64 address, u64 bytes)
{
	struct tls_write write = { .address = address, .bytes = bytes };
	struct tls_key key = tls_key(object);

	if (find_object(&key) || take_candidate(object))
		return 0;
	begin_work(&key, WORK_GO_WRITE);
	bpf_map_update_elem(&tls_writes, &key, &write, BPF_ANY);
	return 0;
}

/* What was to be written to an object that has its socket now, and will be sent after its handshake; false if nothing was. */
static __always_inline bool take_write(u64 object, struct tls_write *write)
{
	struct tls_key key = tls_key(object);
	struct tls_write *found = bpf_map_lookup_elem(&tls_writes, &key);

	if (!found)
		return false;
	*write = *found;
	bpf_map_delete_elem(&tls_writes, &key);
	return true;
}

/* The object is closed, and its address will be another one's. */
static __always_inline void forget_write(u64 object)
{
	struct tls_key key = tls_key(object);

	bpf_map_delete_elem(&tls_writes, &key);
}

/* A flush in progress is known by its goroutine, as is the Read that it may be in: goroutines have even addresses. */
static __always_inline struct tls_caller flush_of(u64 goroutine)
{
	return caller_at(goroutine | 1);
}

/* The object that a goroutine's flush is on, or 0. */
static __always_inline u64 flushed_object(u64 goroutine)
{
	struct tls_caller caller = flush_of(goroutine);
	struct tls_call *flush = bpf_map_lookup_elem(&tls_calls, &caller);

	return flush ? flush->object : 0;
}

/* A flush begins in this thread. */
static __always_inline void note_flush(u64 task, u64 ns)
{
	struct tls_sent sent = { .flush_ns = ns }, *before = bpf_map_lookup_elem(&tls_sent, &task);

	if (before) {
		sent = *before;
		sent.flush_ns = ns;
	}
	bpf_map_update_elem(&tls_sent, &task, &sent, BPF_ANY);
}

/* What the handshake has written is about to be sent. With numbers alone, every kernel verifies it once for all programs. */
__noinline __weak int begin_flush(u64 goroutine, u64 object)
{
	struct tls_call call = { .object = object, .result = RESULT_FLUSH };
	struct tls_caller caller = flush_of(goroutine);
	struct tls_key key = tls_key(object);

	if (find_object(&key)) {
		bpf_map_delete_elem(&tls_calls, &caller); /* of one that did not return: it panicked */
		return 0;
	}
	begin_work(&key, WORK_GO_FLUSH);
	call.address = bpf_get_current_task();
	call.ns = bpf_ktime_get_ns();
	note_flush(call.address, call.ns);
	if (bpf_map_update_elem(&tls_calls, &caller, &call, BPF_ANY))
		count(COUNTER_TLS_FULL);
	return 0;
}

/* What a thread sends next is on behalf of others. `key`: only if it is noted to work on this object; 0: on any. */
static __always_inline void forget_work(u64 task, const struct tls_key *key)
{
	struct tls_work *work = bpf_map_lookup_elem(&tls_tasks, &task);

	if (!work || work->kind == WORK_CALL)
		return;
	if (!key || (work->key.object == key->object && work->key.tgid == key->tgid))
		bpf_map_delete_elem(&tls_tasks, &task);
}

/* Whether what a thread has sent last can be of a flush: since that began, for a socket that has had its ClientHello by then. */
static __always_inline bool can_be_of(const struct tls_sent *sent, const struct tls_call *flush, u32 tgid)
{
	struct tls_end *end;

	if (!sent->random || sent->ns < flush->ns)
		return false;
	end = waiting_at(sent->random, sent->role);
	return end && end->ns < flush->ns && (!end->tgid || end->tgid == tgid);
}

/*
 * It was sent, or there was nothing to send: this ends handshakes that failed, too. Data comes after that.
 *
 * The thread in which the flush ends has sent it, or the one in which it began, if the goroutine has left that after its system
 * call. What that one has sent after another flush had begun in it, is of that other one. Where it has sent for several
 * sockets since, or both threads tell of one, nobody knows which it is: then there is no link, rather than a wrong one. Where
 * only the first thread tells, it may have sent for another goroutine whose flush has not ended: that is asked later.
 * Returns 1 if the object has a socket now.
 */
__noinline __weak int end_flush(u64 goroutine)
{
	struct tls_caller caller = flush_of(goroutine);
	u64 task = bpf_get_current_task();
	struct tls_sent *found, sent;
	struct tls_call flush;
	struct tls_key key;
	struct tls_end *end;
	bool is_told;

	forget_work(task, 0);
	if (!end_call(caller.stack, &flush))
		return 0;
	key = tls_key(flush.object);
	found = bpf_map_lookup_elem(&tls_sent, &task);
	is_told = found && can_be_of(found, &flush, key.tgid);
	if (is_told)
		sent = *found;
	if (flush.address != task) {
		forget_work(flush.address, &key);
		found = bpf_map_lookup_elem(&tls_sent, &flush.address);
		if (found && found->other_ns >= flush.ns)
			return 0;
		if (found && (found->flush_ns <= flush.ns || found->flush_ns > found->ns) &&
		    can_be_of(found, &flush, key.tgid)) {
			sent = *found;
			if (!is_told)
				bpf_map_update_elem(&tls_candidates, &key, &sent, BPF_ANY);
			return 0;
		}
	}
	if (!is_told)
		return 0;
	end = waiting_at(sent.random, sent.role);
	return end && !find_object(&key) && give_socket(&key, end, sent.role, true);
}

#endif
