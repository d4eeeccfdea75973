#include "ctl/watch_facts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/intl.h"
#include "ctl/out.h"

void facts_line(const char *fmt, ...)
{
	char text[1024], when[32];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	out_line("%s  %s", out_time((int64_t)time(NULL) * 1000, when), text);
}

__attribute__((format(printf, 3, 4))) static void put(json_t *facts, const char *name, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_object_set_new(facts, name, json_string(text));
}

/* --- what there is ------------------------------------------------------------------ */

static void put_attention(json_t *facts, const json_t *status)
{
	char name[320];
	json_t *e;
	size_t i;

	json_array_foreach(json_object_get(status, "attention"), i, e) {
		snprintf(name, sizeof(name), "! %s", out_str(e, "text"));
		put(facts, name, "%s%s", json_object_get(e, "command") ? "custosctl " : "", out_str(e, "command"));
	}
	if (json_object_get(status, "incidents")) {
		put(facts, _("incidents"), "%" PRId64, out_int(json_object_get(status, "incidents"), "open"));
	}
}

static void put_open(json_t *facts, const json_t *status)
{
	const json_t *requests = json_object_get(status, "requests"),
		     *erasures = json_object_get(status, "erasures"), *agent = json_object_get(status, "agent");

	if (requests) {
		put(facts, _("requests"), _("open: %" PRId64 ", late: %" PRId64), out_int(requests, "open"),
			out_int(requests, "late"));
	}
	if (erasures) {
		put(facts, _("erasures"),
			_("in their grace period: %" PRId64 ", for a second user: %" PRId64
			  ", under way: %" PRId64), out_int(erasures, "cooling_off"),
			out_int(erasures, "awaiting_approval"), out_int(erasures, "under_way"));
	}
	if (json_object_get(status, "approvals")) {
		put(facts, _("for a second user"), "%" PRId64, out_int(status, "approvals"));
	}
	if (agent) {
		put(facts, _("messages"), _("waiting: %" PRId64 ", given up: %" PRId64), out_int(agent, "waiting"),
			out_int(agent, "given_up"));
	}
}

static void put_jobs(json_t *facts, const json_t *status)
{
	char name[96], when[32];
	json_t *e;
	size_t i;

	json_array_foreach(json_object_get(status, "jobs"), i, e) {
		int64_t last = out_int(e, "last_ms");

		snprintf(name, sizeof(name), _("job %s"), out_str(e, "job"));
		if (json_object_get(e, "running_since_ms")) {
			put(facts, name, "%s", _("running"));
		} else if (last > 0) {
			put(facts, name, json_is_true(json_object_get(e, "last_went_well")) ?
					_("done, %s") : _("FAILED, %s"), out_time(last, when));
		}
	}
}

static void put_targets(json_t *facts, const json_t *status)
{
	char name[160], when[32];
	json_t *e;
	size_t i;

	json_array_foreach(json_object_get(status, "targets"), i, e) {
		if (out_int(e, "data_ms") > 0) {
			snprintf(name, sizeof(name), _("backup at %s"), out_str(e, "name"));
			put(facts, name, "%s", out_time(out_int(e, "data_ms"), when));
		}
	}
}

json_t *facts_of(const json_t *status)
{
	json_t *facts = json_object();

	put(facts, _("state"), _("%s, custosd %s"), out_word(status, "state"), out_str(status, "version"));
	put_attention(facts, status);
	put_open(facts, status);
	put_jobs(facts, status);
	put_targets(facts, status);
	return facts;
}

/* --- what changed ------------------------------------------------------------------- */

void facts_show(const json_t *before, const json_t *now)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)now, name, value) {
		if (!json_equal(value, json_object_get(before, name))) {
			facts_line("%s%s%s", name, json_string_length(value) > 0 ? ": " : "",
				json_string_value(value));
		}
	}
	json_object_foreach((json_t *)(uintptr_t)before, name, value) {
		if (!json_object_get(now, name)) {
			facts_line(_("no more: %s"), name);
		}
	}
}
