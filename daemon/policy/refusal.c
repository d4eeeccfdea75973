#include "policy/refusal.h"

#include <string.h>

#define AT(member) offsetof(struct law_refusal, member)

/* clang-format off */
static const struct row refusal_row[] = {
	{ "refusal", SET_NAME, MUST, "Its key, as in `request deny --reason`.", AT(key) },
	{ "text", SET_MAP, MUST, "What the person is told: a sentence.", AT(text), .of = &said_rows },
	{ "cite", SET_MAP, MUST, "Where the law says so.", AT(cite), .of = &said_rows },
	{ "requests", SET_NAMES, 0, "For which requests it is one; for all by default.",
	  AT(requests) },
};
/* clang-format on */
const struct rows refusal_rows = { "Why a request may be refused", refusal_row,
	sizeof(refusal_row) / sizeof(refusal_row[0]), sizeof(struct law_refusal), AT(node) };

bool refusal_is_for(const struct law_refusal *r, const char *request)
{
	for (size_t i = 0; i < r->requests.n; i++) {
		if (strcmp(r->requests.v[i], request) == 0) {
			return true;
		}
	}
	return r->requests.n == 0;
}
