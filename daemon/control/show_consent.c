#include "control/show_consent.h"

#include "base/civil.h"
#include "base/json.h"
#include "store/record.h"

static void put_key(struct json *j, const char *name, const char *key)
{
	if (key[0]) {
		json_str(j, name, key);
	}
}

static void put_paper(struct json *j, const struct record *papers, const char *field,
	const char *name)
{
	struct span v = record_get(papers, field);

	if (v.n > 0) {
		json_strn(j, name, (const char *)v.p, v.n);
	}
}

void show_consent(struct json *j, const char *key, const struct row_consent *row, int64_t now_ms,
	const struct record *papers)
{
	char day[CIVIL_DAY_SIZE];

	json_open_object(j, key);
	json_uint(j, "event", row->seq);
	json_str(j, "purpose", row->purpose);
	put_key(j, "channel", row->channel);
	json_str(j, "state", consent_state_word(row->state));
	json_int(j, "at_ms", row->at_ms);
	if (row->said_day != CIVIL_NO_DAY) {
		civil_format_day(row->said_day, day);
		json_str(j, "said", day);
	}
	if (row->expires_ms != 0) {
		json_int(j, "expires_ms", row->expires_ms);
	}
	json_bool(j, "is_expired", row->expires_ms != 0 && row->expires_ms <= now_ms);
	if (row->method != METHOD_NONE) {
		json_str(j, "method", consent_method_word(row->method));
	}
	put_key(j, "notice", row->notice);
	put_key(j, "language", row->language);
	json_hex(j, "operator", row->actor.b, sizeof(row->actor.b));
	json_uint(j, "entry", row->leaf);
	if (!id_is_nil(&row->record)) {
		json_hex(j, "record", row->record.b, sizeof(row->record.b));
	}
	if (papers) {
		put_paper(j, papers, "source", "source");
		put_paper(j, papers, "text", "evidence");
	}
	json_close_object(j);
}
