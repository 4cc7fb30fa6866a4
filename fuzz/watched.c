/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* watched.c: the configuration of a watcher who wants to see everything, in place of the weak one of bpf/config.h. */
#include <stdbool.h>

#define ALL ~0ull
#define FOUR(value) value, value, value, value

volatile bool cfg_watch = true; /* for the fuzzer to change */
const volatile bool cfg_watch_query = true;
const volatile unsigned long long cfg_watch_statuses[32] = {
	FOUR(ALL), FOUR(ALL), FOUR(ALL), FOUR(ALL), FOUR(ALL), FOUR(ALL), FOUR(ALL), FOUR(ALL),
};
