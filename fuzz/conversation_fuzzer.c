/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * conversation_fuzzer.c: libFuzzer's target. Plays each script as it is written and checks the laws of report.h behind
 * every segment; then again in other circumstances that must not matter, and compares what was counted.
 */
#include "report.h"
#include "script.h"

static struct player player;
static char first[REPORT_BYTES], second[REPORT_BYTES];

/* Bytes that would change what a parser sees if it looked behind the end of a segment. */
static const char misleading[] = "\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
				 "GET / HTTP/1.1\r\n\r\n";

extern volatile bool is_watched __asm__("cfg_watch"); /* which the programs may not change */

static void expect(bool is_alike, const char *what)
{
	if (is_alike)
		return;
	fprintf(stderr, "fuzz: %s changes what is counted\n%s\n%s\n", what, first, second);
	abort();
}

static void compare(const char *what)
{
	write_report(second);
	expect(!strcmp(first, second), what);
}

/* But for what watchers are sent. */
static void compare_counts(const char *what)
{
	write_report(second);
	expect(!strncmp(first, second, strstr(first, "\"sent\"") - first), what);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	make_world();
	return 0;
}

/* Plays a script in which nothing is out of order once more, in smaller segments. */
static void play_cut(const uint8_t *script, size_t bytes, u32 piece_bytes, bool is_certain)
{
	play(&player, script, bytes, piece_bytes, NULL);
	/* once framing is lost, where it goes on depends on where segments begin: only that it is lost does not */
	if (is_certain || !count_losses())
		compare("cutting into smaller segments");
}

int LLVMFuzzerTestOneInput(const uint8_t *script, size_t bytes)
{
	bool is_certain;

	begin_checks();
	set_stale("");
	world_knows = KNOWN_NONE;
	play(&player, script, bytes, 0, check_world);
	write_report(first);
	is_certain = !count_losses();
	begin_checks();
	world_knows = KNOWN_LAST;
	play(&player, script, bytes, 0, check_world);
	compare("which heads are known");
	begin_checks();
	is_watched = false;
	play(&player, script, bytes, 0, check_world);
	compare_counts("that nobody watches");
	is_watched = true;
	set_stale(misleading);
	play(&player, script, bytes, 0, NULL);
	compare("what lies behind a segment's bytes");
	if (!player.is_orderly || player.fillers || (bytes && script[0] == 'd'))
		return 0;
	play_cut(script, bytes, 1, is_certain);
	play_cut(script, bytes, 7, is_certain);
	return 0;
}
