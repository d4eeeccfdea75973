#include "control/approval.h"

#include <string.h>

#include "control/erase.h"
#include "control/expiry.h"
#include "control/gap.h"
#include "control/keeping.h"
#include "control/request_approval.h"

static const struct approval_kind *const kinds[] = { &erase_approval_now, &erase_approval_cap,
	&gap_approval, &expiry_approval, &keeping_approval_clock, &keeping_approval_rules,
	&request_approval };

const struct approval_kind *approval_kind_find(const char *key)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i]->key, key) == 0) {
			return kinds[i];
		}
	}
	return NULL;
}
