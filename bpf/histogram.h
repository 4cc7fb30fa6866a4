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
_Static_assert(HISTOGRAM_BUCKETS == 256, "the search below halves eight times");

/* Index of the bucket, HISTOGRAM_BELOW or HISTOGRAM_ABOVE. Exact: eight comparisons with the true bounds. */
NUMBER_FUNCTION int histogram_bucket(u64 ns)
{
	u32 bucket = 0;

	if (ns <= histogram_bounds[0])
		return HISTOGRAM_BELOW;
	if (ns > histogram_bounds[HISTOGRAM_BUCKETS])
		return HISTOGRAM_ABOVE;
#pragma unroll
	for (u32 step = HISTOGRAM_BUCKETS / 2; step; step /= 2)
		if (ns > histogram_bounds[(bucket + step) & (HISTOGRAM_BUCKETS - 1)])
			bucket += step;
	return bucket;
}

#endif
