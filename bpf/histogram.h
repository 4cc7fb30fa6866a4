/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* histogram.h (pure): nanoseconds to the bucket of the exponential histogram that wire.h describes. */
#ifndef HTTPEEK_HISTOGRAM_H
#define HTTPEEK_HISTOGRAM_H

#include "base.h"
#include "wire.h"

#include "histogram_bounds.h"

enum {
	HISTOGRAM_BELOW = -1,
	HISTOGRAM_ABOVE = HISTOGRAM_BUCKETS,
};
_Static_assert(HISTOGRAM_SCALE == 3 && HISTOGRAM_OFFSET == -20 * 8, "the octaves below");
_Static_assert(HISTOGRAM_BUCKETS == 32 * 8, "octaves are numbered with five bits");

enum {
	LOWEST_OCTAVE_BIT = 30,	 /* where scaled time of the lowest octave, from 2^-20 s on, has its highest bit */
	SCALED_PER_NS = 1125899, /* 2^(20 + LOWEST_OCTAVE_BIT) / 10^9, rounded down */
};

/* 1 if a > b, without a jump; both are below 2^63. */
static __always_inline u64 is_above(u64 a, u64 b)
{
	return (b - a) >> 63;
}

/* Moves `value` down by `bits` if it has a bit there or above; returns by how many it did. */
static __always_inline u64 halve(u64 *value, u32 bits)
{
	u64 shift = is_above(*value, (1ull << bits) - 1) * bits;

	*value >>= shift;
	return shift;
}

/*
 * Index of the bucket, HISTOGRAM_BELOW or HISTOGRAM_ABOVE.
 *
 * Scaled so that octaves begin at powers of two, the highest bit tells the octave, and the three below it, taken for the
 * eighth, are the bucket or the one below that: the logarithm of 1 + t is t to t + 0.087 (0.69 eighths). So one comparison with the
 * true bound makes it exact. No jump depends on the time, which differs from exchange to exchange: to guess wrong costs a CPU as
 * much as all of this, and a search by halves would guess eight times.
 */
NUMBER_FUNCTION int histogram_bucket(u64 ns)
{
	u64 scaled, octave, high;
	u32 bucket;

	if (ns <= histogram_bounds[0])
		return HISTOGRAM_BELOW;
	if (ns > histogram_bounds[HISTOGRAM_BUCKETS])
		return HISTOGRAM_ABOVE;
	scaled = ns * SCALED_PER_NS;
	high = scaled >> LOWEST_OCTAVE_BIT;
	octave = halve(&high, 16);
	octave += halve(&high, 8);
	octave += halve(&high, 4);
	octave += halve(&high, 2);
	octave += halve(&high, 1);
	bucket = octave << HISTOGRAM_SCALE | (scaled >> (octave + LOWEST_OCTAVE_BIT - HISTOGRAM_SCALE) & 7);
	bucket &= HISTOGRAM_BUCKETS - 1;
	return bucket + is_above(ns, histogram_bounds[bucket + 1]);
}

#endif
