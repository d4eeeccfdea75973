#include "privacy/outgoing.h"

#include <string.h>

#include "privacy/request.h"
#include "policy/law.h"

static const char *const whys[] = { "",
#define X(id, word) word,
	OUTGOING_WHYS(X)
#undef X
};

const char *outgoing_why_word(unsigned why)
{
	return why < OUTGOING_NWHYS_ ? whys[why] : "";
}

unsigned outgoing_why_parse(const char *word)
{
	for (unsigned i = 1; i < OUTGOING_NWHYS_; i++) {
		if (strcmp(whys[i], word) == 0) {
			return i;
		}
	}
	return OUTGOING_NO_WHY_;
}

bool outgoing_is_true(const struct row_dsr *row)
{
	switch (row->state) {
	case REQ_NEEDS_INPUT: return row->type != REQUEST_ERASURE;
	case REQ_LIVE_DONE:
	case REQ_BACKUPS_PENDING:
	case REQ_FULFILLED:
	case REQ_PARTIALLY_FULFILLED: return true;
	default: return false;
	}
}

const char *outgoing_stage(const struct row_dsr *row, const struct row_outgoing *out)
{
	if (out->state != OUTGOING_PREPARED) {
		return out->state == OUTGOING_SENT	   ? "sent" :
			out->state == OUTGOING_UNDERWAY ? "under_way" :
							  "waived";
	}
	return !id_is_nil(&out->message) ? "failed" :
		outgoing_is_true(row)  ? "ready" :
		row->closed_ms != 0 ? "void" :
				      "waiting";
}

static bool has_name(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++) {
		if (strcmp(names->v[i], name) == 0) {
			return true;
		}
	}
	return false;
}

bool outgoing_gets(const struct purposes *p, const bool *is_used, const char *recipient,
	const char *collection, const char *field)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct purpose *u = &p->v[i];

		if (is_used[i] && has_name(&u->recipients, recipient) &&
			(field ? purpose_covers_field(u, collection, field) :
				 purpose_covers(u, collection))) {
			return true;
		}
	}
	return false;
}
