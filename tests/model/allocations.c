/*
 * allocations: there is no memory, at each allocation that each kind of step makes (each_call.h).
 *
 *	allocations [EACH [FIRST]]
 *	allocations --seconds N
 *
 * Ours, SQLite's, libsodium's, zstd's and the C library's alike.  It is refused once, or from then on.
 */
#include "each_call.h"

#include <errno.h>

static const struct each_call_way ways[] = {
	{ "no memory once", FAULT_FAIL, ENOMEM },
	{ "no memory from then on", FAULT_FAIL_ALL, ENOMEM },
};

int main(int argc, char *argv[])
{
	const struct each_call_lab lab = { FAULT_MEMORY, "allocation", 200, ways, sizeof(ways) / sizeof(ways[0]) };

	return each_call_main(&lab, argc, argv);
}
