/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * tls_maps.h: the tables of connections whose plaintext is read where applications hand it to their TLS library. A uprobe
 * has no socket at hand, so what belongs to a connection is found by the address of the library's object for it, in the
 * process that has it.
 *
 * They are in both objects, which share them: packets tell which socket an object belongs to (tls_link.h), uprobes read
 * what passes through it (tls.h), the socket's end ends what still waits. Unless TLS is read, user space makes them as small
 * as there can be.
 */
#ifndef HTTPEEK_TLS_MAPS_H
#define HTTPEEK_TLS_MAPS_H

#include "maps.h" /* which includes this file where MAP is known */

/* What is known of a TLS connection. */
struct tls_connection {
	struct connection connection; /* of the plaintext; positions count its bytes */
	u64 generation;		      /* of the link: an address is used again for other connections */
	u64 retry_address;  /* of data that was not taken, and is offered again, perhaps without being named */
	u64 retry_ns;	    /* when it was first offered */
	u64 fed_address[2]; /* the last data of each direction, [is_egress], and the call that it was of: */
	u64 fed_ns[2];	    /* when that began */
	u32 peer[4];	    /* the socket's ends: role and port may become known later */
	u16 local_port;
	u16 remote_port;
	u8 is_freed;	 /* the library's object is gone, or begins anew: the next socket may have its address */
	u8 is_uncorking; /* what is sent now was counted when it was handed over */
	u8 _pad[2];
	u32 retry_bytes; /* of the data at retry_address; 0: nothing waits, or it was read already: */
	u32 ahead_bytes; /* read before they were taken, and not to be read again when they are */
};
_Static_assert(sizeof(struct tls_connection) == 272, "struct tls_connection");

/*
 * Object -> its connection. Inserted by the egress hook when it sees the thread that works on the object send on a socket, and
 * by uprobes that find the socket in tls_hellos: so only for sockets in scope; deleted when the socket is released, when the address serves another socket, or, of a
 * process that is gone, by user space. Full: COUNTER_TLS_FULL, and the connection counts as not read.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct tls_key);
	__type(value, struct tls_connection);
} tls_connections MAP;

/* How a thread works on an object. */
enum tls_work_kind {
	WORK_CALL,     /* in a call of a library, which sends in there or writes to memory */
	WORK_GO_WRITE, /* Go: right before it sends, but never on behalf of a ClientHello */
	WORK_GO_FLUSH, /* the same, of a handshake: tls_go.h */
};

/* The object without a socket that a thread works on, or has worked on last. */
struct tls_work {
	struct tls_key key;
	u16 depth;	 /* calls in progress; 0: what the library has written may lie in memory */
	u8 is_ambiguous; /* there was another object before, and nothing was sent since */
	u8 kind;	 /* enum tls_work_kind */
	u32 searches;	 /* of the object, in vain: so often it did not hold its ClientHello's random */
};

/*
 * Thread (its task_struct's address: the one name for it that every kernel has for packets as well) -> its work. Inserted by
 * uprobes, deleted by them and by the egress hook, and by user space when the process is gone: the address will be another
 * thread's. It may forget: then a connection is linked when its thread works on it again.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, u64);
	__type(value, struct tls_work);
} tls_tasks MAP;

/* What this thread works on, or 0. */
static __always_inline struct tls_work *thread_work(void)
{
	u64 task = bpf_get_current_task();

	return bpf_map_lookup_elem(&tls_tasks, &task);
}

/* For which socket without an object a thread has sent last, in a handshake. */
struct tls_sent {
	u64 random;   /* of its ClientHello, under which it waits in tls_hellos; 0: for none so far */
	u64 ns;	      /* when */
	u64 other_ns; /* when it has last sent for another one; 0: never */
	u64 flush_ns; /* when a flush of Go's has last begun in it; 0: never */
	u64 role;
};

/*
 * Thread, as in tls_tasks -> what it has sent. Inserted by the egress hook and by uprobes, which read it. It may forget: then a
 * connection is linked when it is written to again.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, u64);
	__type(value, struct tls_sent);
} tls_sent MAP;

/* A socket that has sent or received a ClientHello, and the object that was found to be its own. */
struct tls_end {
	u64 object;	/* 0: not found yet */
	u64 generation; /* of the link */
	u64 ns;		/* when the ClientHello passed */
	u32 peer[4];
	u32 tgid; /* the process that was first seen to send records on it; 0: none */
	u16 local_port;
	u16 remote_port;
	u16 owner;
	u8 is_there;
	u8 _pad[5];
};

struct tls_hello {
	struct tls_end client;
	struct tls_end server;
};

/*
 * Eight bytes of a ClientHello's random -> the sockets that it has passed: both, if they are of this host. Inserted by the
 * packet hooks as long as the object is not known, given its object by uprobes, deleted by the packet hooks when they see
 * that, or by the socket's end. Full: COUNTER_TLS_FULL, and the connection may end as one that was not read.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, u64);
	__type(value, struct tls_hello);
} tls_hellos MAP;

/*
 * Processes that have made a socket, and when that was told last, in ns: not each socket is. Inserted by sock_create; forgets
 * the oldest. They are told to user space through the ring, which it empties as soon as it can; if it is full the next look
 * finds them.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} tls_seen MAP;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} tls_processes MAP;

/* As pipelines, request_carries, response_carries and targets (maps.h), by object; user space sizes them as pools. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct tls_key);
	__type(value, struct pipeline);
} tls_pipelines MAP;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct tls_key);
	__type(value, struct carry);
} tls_request_carries MAP, tls_response_carries MAP;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct tls_key);
	__type(value, struct targets);
} tls_targets MAP;

/*
 * What the entries of those tables begin as: in memory of its own, because it does not fit the stack. [0]; never written.
 */
struct tls_nothing {
	u8 bytes[sizeof(struct targets)];
};
_Static_assert(sizeof(struct targets) >= sizeof(struct carry) && sizeof(struct targets) >= sizeof(struct pipeline) &&
		       sizeof(struct targets) >= sizeof(struct tls_connection) &&
		       sizeof(struct targets) >= sizeof(struct tls_hello),
	       "the largest of them");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct tls_nothing);
} tls_nothing MAP;

static __always_inline void tell_process(u32 pid, bool has_executed)
{
	struct process_event *event = bpf_ringbuf_reserve(&tls_processes, sizeof(*event), 0);

	if (!event)
		return;
	event->pid = pid;
	event->has_executed = has_executed;
	event->_pad[0] = event->_pad[1] = event->_pad[2] = 0;
	bpf_ringbuf_submit(event, 0);
}

/* The entry of an object, made empty if `flags` say so (BPF_SK_STORAGE_GET_F_CREATE, as for socket storage) and it is not there. */
static __always_inline void *find_kept(void *map, const void *key, u64 flags)
{
	struct tls_nothing *nothing;
	void *found = bpf_map_lookup_elem(map, key);
	u32 zero = 0;

	if (found || !flags)
		return found;
	nothing = bpf_map_lookup_elem(&tls_nothing, &zero);
	if (!nothing)
		return 0;
	bpf_map_update_elem(map, key, nothing, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, key);
}

#endif
