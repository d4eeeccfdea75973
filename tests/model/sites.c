/*
 * sites: each change of the disk that each kind of step makes goes wrong, in every way (each_call.h).
 *
 *	sites [EACH [FIRST]]
 *	sites --seconds N
 *
 * The process ends before it, half of a write is there, the power is cut, the call fails once, it and all
 * after it fail.  The start behind it goes wrong as well, at each of its own changes, and then once more not.
 */
#include "each_call.h"

#include <errno.h>

static const struct each_call_way ways[] = {
	{ "the process ends", FAULT_EXIT, 0 },
	{ "half of a write", FAULT_TEAR, 0 },
	{ "the power is cut", FAULT_POWER, 0 },
	{ "the power is cut, sectors are lost", FAULT_SHUFFLE, 0 },
	{ "EIO once", FAULT_FAIL, EIO },
	{ "ENOSPC once", FAULT_FAIL, ENOSPC },
	{ "EDQUOT once", FAULT_FAIL, EDQUOT },
	{ "EINTR once", FAULT_FAIL, EINTR },
	{ "EIO from then on", FAULT_FAIL_ALL, EIO },
	{ "ENOSPC from then on", FAULT_FAIL_ALL, ENOSPC },
};

int main(int argc, char *argv[])
{
	const struct each_call_lab lab = { FAULT_ANY, "change", 50, ways, sizeof(ways) / sizeof(ways[0]) };

	return each_call_main(&lab, argc, argv);
}
