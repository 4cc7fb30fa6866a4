/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * replay.c: plays scripts from stdin and prints what was counted of each, a line of JSON. A script comes as its length
 * (32 bits, little-endian) and its bytes. A length of 0 ends the program, as does the end of the input.
 */
#include "report.h"
#include "script.h"

enum { SCRIPT_BYTES = 1 << 20 };

static struct player player;
static char line[REPORT_BYTES];
static u8 script[SCRIPT_BYTES];

int main(void)
{
	u32 bytes;

	make_world();
	while (fread(&bytes, sizeof(bytes), 1, stdin) == 1 && bytes) {
		if (bytes > sizeof(script) || fread(script, 1, bytes, stdin) != bytes)
			shim_fail("a script is too long or ends early");
		begin_checks();
		play(&player, script, bytes, 0, check_world);
		write_report(line);
		puts(line);
		fflush(stdout);
	}
	return 0;
}
