/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * world.h: one connection and the machine around it: the maps of bpf/ in small sizes, a socket, and packets that go
 * through the same functions as in the kernel, watch_packet() and the socket hooks.
 */
#ifndef HTTPEEK_WORLD_H
#define HTTPEEK_WORLD_H

#include "bpf_shim.h"
#include "shim_ring.h"

#include "../bpf/sockets.h"
#include "../bpf/traffic.h"

enum {
	/* few, so that a script can use them up */
	WORLD_ENDPOINTS = 48,
	WORLD_CELLS = 64,
	WORLD_OTHERS = 4,
	WORLD_ENTRIES = 256, /* of the hashes */
	WORLD_HINTS = 32,    /* a power of two, and few: endpoints displace each other */

	PACKET_ADDRESS = 0x20000000, /* an skb points to its data with 32 bits */
	PACKET_BYTES = 1 << 16,
	HEADER_BYTES = 40,
	PAYLOAD_BYTES = PACKET_BYTES - HEADER_BYTES,
	SERVER_PORT = 8080,
	CLIENT_PORT = 40000,
};

static struct bpf_sock world_socket, world_listener;

/* What a watcher was sent: how many exchanges, and a hash of all that is the same however a conversation is cut. */
static u64 world_sent, world_sent_hash;

static void shim_sent(const void *record)
{
	const struct exchange_event *event = record;
	u32 i;

	if (event->kind != EVENT_KIND_EXCHANGE || event->path_bytes > LIMIT_PATH_BYTES)
		shim_fail("a record that no reader would believe");
	world_sent++;
	world_sent_hash = hash_mix(world_sent_hash, event->status | event->method << 16 | event->outcome << 24);
	for (i = 0; i < event->path_bytes; i++)
		world_sent_hash = hash_mix(world_sent_hash, event->path[i]);
}
static u8 *world_packet;

/* Which heads are known when a segment passes (bpf/recall.h): it must not matter. */
enum known_heads {
	KNOWN_NONE = 0,
	KNOWN_LAST = 1, /* of each direction the last one that was read whole */
};
static enum known_heads world_knows = KNOWN_LAST;

/* What lies in the parsers' memory behind the bytes of a segment: it must not matter. */
static u8 world_stale[CARRY_BYTES + WINDOW_SLACK];

static void fill_slots(void *queue, u32 first, u32 slots)
{
	struct shim_map *m = shim_find(queue);
	u32 i;

	for (i = 0; i < slots; i++)
		((u32 *)m->values)[i] = first + i;
}

/* Once per process. */
static void make_world(void)
{
	SHIM_TABLE(connections, 0);
	SHIM_TABLE(pipelines, 0);
	SHIM_TABLE(request_carries, 0);
	SHIM_TABLE(response_carries, 0);
	SHIM_TABLE(targets, 0);
	SHIM_TABLE(workspaces, LIMIT_WORKSPACES_PER_CPU);
	SHIM_TABLE(endpoint_ids, WORLD_ENTRIES);
	SHIM_TABLE(cell_ids, WORLD_ENTRIES);
	SHIM_TABLE(owner_ids, WORLD_ENTRIES);
	SHIM_TABLE(peers, WORLD_ENTRIES);
	SHIM_TABLE(scope_pids, WORLD_ENTRIES);
	SHIM_TABLE(endpoints, LIMIT_OTHER_ENDPOINTS + WORLD_ENDPOINTS);
	SHIM_TABLE(starts, LIMIT_OTHER_ENDPOINTS + WORLD_ENDPOINTS);
	SHIM_TABLE(cell_hints, LIMIT_OTHER_ENDPOINTS + WORLD_ENDPOINTS);
	SHIM_TABLE(endpoint_hints, WORLD_HINTS);
	SHIM_TABLE(cells, LIMIT_OTHER_CELLS + WORLD_CELLS);
	SHIM_TABLE(owners, WORLD_ENTRIES);
	SHIM_TABLE(early_requests, 1);
	SHIM_QUEUE(free_endpoints, WORLD_ENDPOINTS);
	SHIM_QUEUE(free_cells, WORLD_CELLS);
	SHIM_QUEUE(free_owners, WORLD_ENTRIES);
	SHIM_QUEUE(free_other_endpoints, WORLD_OTHERS);
	SHIM_QUEUE(free_other_cells, WORLD_OTHERS);
	world_packet = mmap((void *)PACKET_ADDRESS, PACKET_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (world_packet != (void *)PACKET_ADDRESS)
		shim_fail("no memory for packets at a 32-bit address");
	shim_packet = world_packet;
}

/* An empty machine and a connection that nobody knows yet. The watched end is the socket's. */
static void begin_world(bool is_server)
{
	shim_reset();
	memset(counters, 0, sizeof(counters));
	world_sent = 0;
	world_sent_hash = 0;
	fill_slots(&free_endpoints, LIMIT_OTHER_ENDPOINTS, WORLD_ENDPOINTS);
	fill_slots(&free_cells, LIMIT_OTHER_CELLS, WORLD_CELLS);
	fill_slots(&free_owners, 1, WORLD_ENTRIES - 1);
	fill_slots(&free_other_endpoints, LIMIT_OTHER_ENDPOINTS - WORLD_OTHERS, WORLD_OTHERS);
	fill_slots(&free_other_cells, LIMIT_OTHER_CELLS - WORLD_OTHERS, WORLD_OTHERS);
	world_socket = (struct bpf_sock){
		.family = FAMILY_INET,
		.type = SOCKET_STREAM,
		.state = BPF_TCP_ESTABLISHED,
		.src_port = is_server ? SERVER_PORT : CLIENT_PORT,
		.dst_port = bpf_htons(is_server ? CLIENT_PORT : SERVER_PORT),
		.dst_ip4 = bpf_htonl(0x7f000001),
	};
	world_listener = world_socket;
	world_listener.state = BPF_TCP_LISTEN;
	own_socket(&world_listener);
}

static struct connection *world_connection(void)
{
	return bpf_sk_storage_get(&connections, &world_socket, NULL, 0);
}

static struct pipeline *world_pipeline(void)
{
	return bpf_sk_storage_get(&pipelines, &world_socket, NULL, 0);
}

/* The handshake is complete: what sockops does. */
static void establish_world(bool is_server, u32 first_in, u32 first_out)
{
	struct bpf_sock_ops ops = { .rcv_nxt = first_in, .snd_nxt = first_out };

	own_socket(&world_socket);
	ops.remote_port = bpf_htonl(is_server ? CLIENT_PORT : SERVER_PORT);
	establish(&ops, &world_socket, world_connection(), is_server ? ROLE_SERVER : ROLE_CLIENT);
}

static void change_state(u32 to)
{
	struct bpf_sock_ops ops = { .sk = &world_socket };
	struct connection *c = world_connection();

	ops.args[0] = world_socket.state;
	ops.args[1] = to;
	world_socket.state = to;
	if (c)
		note_state(&ops, c);
}

/* This end closes the socket, and the other one answers. */
static void close_here(void)
{
	struct connection *c = world_connection();

	if (c)
		note_release(&world_socket, c);
	change_state(BPF_TCP_FIN_WAIT1);
	change_state(BPF_TCP_FIN_WAIT2);
	change_state(BPF_TCP_CLOSE);
}

static void fill_stale(void *to, size_t bytes)
{
	memcpy(to, world_stale, bytes);
}

/* Repeats the text all over it; an empty one is zeroes. */
static void set_stale(const char *text)
{
	size_t length = strlen(text), i;

	for (i = 0; i < sizeof(world_stale); i++)
		world_stale[i] = length ? text[i % length] : 0;
}

static void spoil_carry(void *carries, u32 carried)
{
	struct carry *carry = bpf_sk_storage_get(carries, &world_socket, NULL, 0);

	if (carry && carried <= sizeof(carry->bytes))
		fill_stale(carry->bytes + carried, sizeof(carry->bytes) - carried);
}

static void prepare_known(struct known_head *known)
{
	if (world_knows == KNOWN_NONE)
		memset(known, 0, sizeof(*known));
	known->strangers = STRANGERS_MASK; /* the next one takes its place */
	fill_stale(known->window.bytes + known->bytes, sizeof(known->window.bytes) - known->bytes);
}

/* A segment passes the hook of its direction. */
static void pass_segment(struct bpf_sock *sk, bool is_egress, u32 seq, u32 ack, const u8 *payload, u32 bytes)
{
	struct iphdr ip = { .version = 4, .ihl = 5, .protocol = IPPROTO_TCP };
	struct tcphdr tcp = { .doff = 5, .ack = 1, .seq = bpf_htonl(seq), .ack_seq = bpf_htonl(ack) };
	struct __sk_buff skb = { .len = HEADER_BYTES + bytes, .data = PACKET_ADDRESS, .sk = sk };
	struct connection *c = world_connection();
	u32 zero = 0;
	struct workspace *ws = bpf_map_lookup_elem(&workspaces, &zero);

	tcp.source = is_egress ? bpf_htons(sk->src_port) : sk->dst_port;
	memcpy(world_packet, &ip, sizeof(ip));
	memcpy(world_packet + sizeof(ip), &tcp, sizeof(tcp));
	memcpy(world_packet + HEADER_BYTES, payload, bytes);
	skb.data_end = skb.data + skb.len;
	fill_stale(&ws->window, sizeof(ws->window));
	prepare_known(&ws->known[false]);
	prepare_known(&ws->known[true]);
	if (c) {
		spoil_carry(&request_carries, c->request.carried);
		spoil_carry(&response_carries, c->response.carried);
	}
	watch_packet(&skb, is_egress);
}

#endif
