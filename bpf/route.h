/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * route.h (pure): a path becomes a route template, "/users/4711" -> "/users/:id".
 *
 * A segment is an id when it is all digits, or when it is made of hex digits and dashes only, is at least
 * ROUTE_HEX_BYTES long and has a digit in it (UUIDs, object ids, digests). The path ends at '?', '#' or white space.
 * Only the first LIMIT_ROUTE_BYTES of the path are told apart.
 *
 * route_hash() runs for every request; route_write() only when a new endpoint is registered. Both walk with the same
 * classes and the same is_id().
 */
#ifndef HTTPEEK_ROUTE_H
#define HTTPEEK_ROUTE_H

#include "window.h"
#include "wire.h"

enum { ROUTE_HEX_BYTES = 16 };

/* Character classes; a segment is judged by the classes that occur in it. */
enum {
	CLASS_DIGIT = 1,
	CLASS_HEX = 2,
	CLASS_DASH = 4,
	CLASS_SLASH = 16,
	CLASS_END = 32,
	/* everything else: 8, by route_class() */
	CLASS_OTHER = 8,
};

#define UNLIKE_OTHER(class) ((class) ^ CLASS_OTHER)

/* Of each byte what its class differs in from CLASS_OTHER, which is 0 for all that are not listed. */
static const u8 route_classes[256] = {
	['0' ... '9'] = UNLIKE_OTHER(CLASS_DIGIT), ['a' ... 'f'] = UNLIKE_OTHER(CLASS_HEX),
	['A' ... 'F'] = UNLIKE_OTHER(CLASS_HEX),   ['-'] = UNLIKE_OTHER(CLASS_DASH),
	['/'] = UNLIKE_OTHER(CLASS_SLASH),	   [' '] = UNLIKE_OTHER(CLASS_END),
	['?'] = UNLIKE_OTHER(CLASS_END),	   ['#'] = UNLIKE_OTHER(CLASS_END),
	['\r'] = UNLIKE_OTHER(CLASS_END),	   ['\n'] = UNLIKE_OTHER(CLASS_END),
	['\t'] = UNLIKE_OTHER(CLASS_END),
};

static __always_inline u32 route_class(u8 byte)
{
	return UNLIKE_OTHER(route_classes[byte]);
}

/* 1 if `value`, which is small, is 0: without a jump. */
static __always_inline u64 is_zero(u64 value)
{
	return (value - 1) >> 63;
}

/* 1 or 0, without a jump: each would double the ways that the verifier goes. */
static __always_inline u64 is_id(u64 classes, u64 bytes)
{
	u64 is_long = (ROUTE_HEX_BYTES - 1 - bytes) >> 63;

	return is_zero(classes ^ CLASS_DIGIT) |
	       (is_zero((classes & (CLASS_DIGIT | CLASS_OTHER)) ^ CLASS_DIGIT) & is_long);
}

/* What a segment adds to the hash of its path: what it hashes to, or what all ids do. */
static __always_inline u64 segment_hash(u64 segment, u64 seed, u64 is_id)
{
	return segment ^ ((segment ^ ~seed) & -is_id);
}

/* MurmurHash3's 64-bit finalizer as a step. https://github.com/aappleby/smhasher/wiki/MurmurHash3 */
static __always_inline u64 hash_mix(u64 hash, u64 word)
{
	hash ^= word;
	hash *= 0xff51afd7ed558ccdull;
	hash ^= hash >> 32;
	return hash * 0xc4ceb9fe1a85ec53ull;
}

/*
 * Hash of the route template of the path that starts the range. `seed` is secret and new with every start, so that
 * nobody can prepare paths that collide. Returns the hash; *path_bytes is the length of the path as far as it was
 * walked.
 */
WINDOW_FUNCTION_TO(u64, route_hash, (u32 from_to, u64 seed), (from_to, seed), u32, path_bytes)
{
	u64 zero = opaque_zero, hash = seed, segment = seed, classes = zero, start = zero;
	u32 from = range_from(from_to), to = range_to(from_to), i;

	if (!w || !path_bytes)
		return 0;
	start += from;
	for (i = 0; i < LIMIT_ROUTE_BYTES; i++) {
		u32 at = from + i, class;
		u8 byte;

		if (!is_before(at, to))
			break;
		byte = byte_at(w, at);
		class = route_class(byte);
		if (class & CLASS_END)
			break;
		if (class & CLASS_SLASH) {
			hash = hash_mix(hash, segment_hash(segment, seed, is_id(classes, at - start)));
			start = at + 1;
			forget_bounds(start, WINDOW_BYTES * 2 - 1);
			segment = seed;
			classes = zero;
			continue;
		}
		segment = (segment ^ byte) * 0x100000001b3ull; /* FNV-1a, from a secret basis */
		segment ^= segment >> 29;
		classes |= class;
	}
	*path_bytes = i;
	return hash_mix(hash, segment_hash(segment, seed, is_id(classes, from + i - start)));
}

/* Where route_write() stands; lies in memory of the caller's, see below. */
struct route_writer {
	u16 out;	 /* bytes written */
	u16 segment_out; /* of them before the current segment */
	u16 segment;	 /* where the current segment begins in the path */
	u16 classes;	 /* that occurred in it */
};

/*
 * Writes the template of the path at w[from], `path_bytes` long, into `route` (LIMIT_ROUTE_BYTES, zeroed). Returns its
 * length in bytes. The state lies in zeroed memory that is handed in (volatile): what is read from there is unknown to
 * the verifier, so that its loop states converge.
 */
static __always_inline u32 route_write(const struct window *w, u32 from, u32 path_bytes, u8 *route,
				       volatile struct route_writer *writer)
{
	u32 i;

	for (i = 0; i <= LIMIT_ROUTE_BYTES; i++) {
		u32 class = CLASS_END;
		u8 byte = 0;

		if (i < path_bytes && i < LIMIT_ROUTE_BYTES) {
			byte = byte_at(w, from + i);
			class = route_class(byte);
		}
		if (class & (CLASS_SLASH | CLASS_END)) {
			if (is_id(writer->classes, i - writer->segment)) {
				u32 id = writer->segment_out;

				if (id <= LIMIT_ROUTE_BYTES - 3) {
					route[id] = ':';
					route[id + 1] = 'i';
					route[id + 2] = 'd';
				}
				writer->out = id + 3;
			}
			if (class & CLASS_END)
				break;
			writer->classes = 0;
			writer->segment = i + 1;
			writer->segment_out = writer->out + 1;
		}
		if (writer->out < LIMIT_ROUTE_BYTES)
			route[writer->out & (LIMIT_ROUTE_BYTES - 1)] = byte;
		writer->out++;
		if (!(class & CLASS_SLASH))
			writer->classes |= class;
	}
	return writer->out <= LIMIT_ROUTE_BYTES ? writer->out : LIMIT_ROUTE_BYTES;
}

#endif
