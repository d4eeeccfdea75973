#include "ctl/out.h"

void out_json(const json_t *parameters)
{
	json_dumpf(parameters, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
}
