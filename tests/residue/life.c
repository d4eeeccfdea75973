#include "life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "needles.h"

#define PURPOSE     "--purpose=" STAGE_PURPOSE
#define HOUR_MS     3600000LL
#define GRACE_HOURS 73 /* the grace period is over */
#define SLOW_MS     (20 * 60 * 1000LL)

static const char erasure_rules[] =
	"grace: 72h\ndaily_slots: 1000000\ndaily_cohorts: 1000000\n";

static const char people_map[] =
	"source: shop\n"
	"subject: {kind: person, key: number}\n"
	"records:\n"
	"  - collection: profile\n"
	"    fields: {given_name: name, note: note}\n"
	"  - collection: contact_point\n"
	"    name: mail\n"
	"    fields: {email: mail}\n"
	"  - collection: need\n"
	"    name: need\n"
	"    fields: {topic: topic}\n"
	"  - collection: interaction\n"
	"    name: call\n"
	"    fields: {date: day, summary: summary}\n";

/* --- who they are ------------------------------------------------------------------------ */

/* splitmix64 */
static uint64_t draw(struct life *l, uint64_t below)
{
	uint64_t z = (l->seed += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) % below;
}

/* 20 letters and digits, about 100 bits; no case, since some values are folded. */
static void draw_word(struct life *l, char to[32])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

	for (int i = 0; i < 20; i++) {
		to[i] = letters[draw(l, 32)];
	}
	to[20] = '\0';
}

/* Eight characters of three bytes, U+4E00 to U+9FA5. */
static void draw_chinese(struct life *l, char to[32])
{
	char *at = to;

	for (int i = 0; i < 8; i++) {
		unsigned c = 0x4e00 + (unsigned)draw(l, 0x9fa6 - 0x4e00);

		*at++ = (char)(0xe0 | c >> 12);
		*at++ = (char)(0x80 | (c >> 6 & 0x3f));
		*at++ = (char)(0x80 | (c & 0x3f));
	}
	*at = '\0';
}

void life_init(struct life *l, struct stage *st, unsigned nto_go, uint64_t seed)
{
	*l = (struct life){
		.stage = st, .n = nto_go + (nto_go + 3) / 4, .nto_go = nto_go, .seed = seed };
	l->people = calloc(l->n, sizeof(*l->people));
	assert_non_null(l->people);
	for (unsigned i = 0; i < l->n; i++) {
		struct life_person *p = &l->people[i];

		for (int s = 0; s < LIFE_NSECRETS_; s++) {
			s == LIFE_NOTE ? draw_chinese(l, p->secret[s]) : draw_word(l, p->secret[s]);
		}
		p->is_to_go = i % 5 != 4;
		p->part = i % 10 == 3 || i % 20 == 4 ? LIFE_TOPIC :
			i % 10 == 5 || i % 20 == 14  ? LIFE_SUMMARY :
						       LIFE_NSECRETS_;
	}
}

void life_done(struct life *l)
{
	free(l->people);
	*l = (struct life){ 0 };
}

void life_add_needles(const struct life *l, struct needles *s)
{
	for (unsigned i = 0; i < l->n; i++) {
		const struct life_person *p = &l->people[i];

		for (int which = 0; which < LIFE_NSECRETS_; which++) {
			bool is_erased = p->is_to_go || p->part == (enum life_secret)which;

			needles_add_text(s, is_erased ? NEEDLE_ERASED : NEEDLE_REMEMBERED,
				p->secret[which]);
		}
	}
}

/* --- calls ------------------------------------------------------------------------------- */

/* Takes parameters; the reply is a new reference. */
static json_t *call(struct client *c, const char *method, json_t *parameters)
{
	json_t *reply = NULL;
	struct cu_err err = { 0 };

	assert_non_null(parameters);
	if (client_call(c, method, parameters, -1, &reply, &err) < 0) {
		fail_msg("%s: %s", method, err.msg);
	}
	json_decref(parameters);
	return reply;
}

static void back_up(struct life *l)
{
	stage_ctl(l->stage, AS_ADMIN, "backup", "run");
	stage_expect(l->stage, 0);
	l->nbackups++;
}

static void go_on_hours_later(struct life *l, unsigned hours)
{
	static char option[64];

	if (l->stage->daemon) {
		stage_stop(l->stage);
	}
	snprintf(option, sizeof(option), "--clock-ahead-ms=%lld", hours * HOUR_MS);
	l->stage->options[0] = option;
	stage_start(l->stage);
}

/* --- a life ------------------------------------------------------------------------------ */

static void add(struct client *c, const struct life_person *p)
{
	char email[64];

	snprintf(email, sizeof(email), "%s@example.org", p->secret[LIFE_EMAIL]);
	json_decref(call(c, "io.custos.subject.Add",
		json_pack("{s:s, s:s, s:[{s:s, s:{s:s, s:s}}, {s:s, s:{s:s}}, {s:s, s:{s:s}},"
			  " {s:s, s:{s:s, s:s}}, {s:s, s:{s:s, s:s}}]}",
			"kind", "person", "purpose", STAGE_PURPOSE, "records", "collection",
			"profile", "fields", "given_name", p->secret[LIFE_NAME], "note",
			p->secret[LIFE_NOTE], "collection", "contact_point", "fields", "email", email,
			"collection", "need", "fields", "topic", p->secret[LIFE_TOPIC], "collection",
			"interaction", "fields", "date", "2026-03-05", "summary",
			p->secret[LIFE_SUMMARY], "collection", "interaction", "fields", "date",
			"2026-03-06", "summary", "called back")));
}

static void import_half(struct life *l)
{
	struct stage *st = l->stage;
	struct buf csv = BUF_INIT;
	char map[256];

	buf_put_str(&csv, "number,name,note,mail,topic,day,summary\n");
	for (unsigned i = 0; i < l->n; i += 2) {
		const struct life_person *p = &l->people[i];

		buf_putf(&csv, "%u,%s,%s,%s@example.org,%s,2026-02-%02u,%s\n", i,
			p->secret[LIFE_NAME], p->secret[LIFE_NOTE], p->secret[LIFE_EMAIL],
			p->secret[LIFE_TOPIC], i % 28 + 1, p->secret[LIFE_SUMMARY]);
	}
	snprintf(map, sizeof(map), "--map=%s", stage_text(st, "people.yaml", people_map));
	stage_ctl(st, AS_PRIVACY, "import", stage_file(st, "people.csv", csv.p, csv.n), map, PURPOSE);
	stage_expect(st, 0);
	buf_done(&csv);
}

static void come(struct life *l)
{
	struct client *c = stage_client(l->stage, AS_PRIVACY);

	import_half(l);
	for (unsigned i = 1; i < l->n; i += 2) {
		add(c, &l->people[i]);
	}
	client_close(c);
}

static bool has_secret(
	const json_t *record, const char *field, const struct life_person *p, enum life_secret which)
{
	const json_t *fields = json_object_get(record, "fields");

	return strcmp(json_string_value(json_object_get(fields, field)), p->secret[which]) == 0;
}

/* Searched for by the address, and looked at. */
static void find(struct client *c, struct life_person *p)
{
	char email[64];
	json_t *reply, *record;
	size_t i;

	snprintf(email, sizeof(email), "%s@example.org", p->secret[LIFE_EMAIL]);
	reply = call(c, "io.custos.subject.Search",
		json_pack("{s:s, s:s, s:s}", "by", "email", "value", email, "purpose", STAGE_PURPOSE));
	assert_int_equal(json_array_size(json_object_get(reply, "subjects")), 1);
	snprintf(p->id, sizeof(p->id), "%s",
		json_string_value(json_array_get(json_object_get(reply, "subjects"), 0)));
	json_decref(reply);
	reply = call(c, "io.custos.subject.Get",
		json_pack("{s:s, s:s}", "subject", p->id, "purpose", STAGE_PURPOSE));
	json_array_foreach(json_object_get(reply, "records"), i, record)
	{
		const char *of = json_string_value(json_object_get(record, "collection")),
			   *id = json_string_value(json_object_get(record, "record"));

		if (strcmp(of, "profile") == 0) {
			snprintf(p->profile, sizeof(p->profile), "%s", id);
		} else if (strcmp(of, "interaction") == 0 && has_secret(record, "summary", p, LIFE_SUMMARY)) {
			snprintf(p->interaction, sizeof(p->interaction), "%s", id);
		}
	}
	json_decref(reply);
	assert_true(p->profile[0] && p->interaction[0]);
}

static void correct(struct client *c, const struct life_person *p)
{
	json_decref(call(c, "io.custos.subject.Update",
		json_pack("{s:s, s:s, s:s, s:s, s:{s:s}}", "subject", p->id, "purpose",
			STAGE_PURPOSE, "record", p->profile, "collection", "profile", "fields",
			"given_name", p->secret[LIFE_CHANGED])));
}

/* What was typed is in it, as it was corrected. */
static void export(struct life *l)
{
	struct needles *s = needles_new();
	struct search seen;

	for (unsigned i = 0; i < l->n; i++) {
		for (int which = 0; which < LIFE_NSECRETS_; which++) {
			needles_add_text(s, which == LIFE_NAME ? NEEDLE_ERASED : NEEDLE_REMEMBERED,
				l->people[i].secret[which]);
		}
	}
	stage_ctl(l->stage, AS_PRIVACY, "export", "-", PURPOSE);
	stage_expect(l->stage, 0);
	needles_search(s, (const uint8_t *)l->stage->last.out, l->stage->last.nout, &seen);
	if (seen.found[0][NEEDLE_REMEMBERED][FORM_RAW] != needles_count(s, NEEDLE_REMEMBERED) ||
		seen.found[0][NEEDLE_ERASED][FORM_RAW] != 0) {
		fail_msg("an export has not what was typed, or what was corrected");
	}
	needles_free(s);
}

static void be_seen(struct life *l)
{
	struct client *c = stage_client(l->stage, AS_PRIVACY);

	for (unsigned i = 0; i < l->n; i++) {
		find(c, &l->people[i]);
		correct(c, &l->people[i]);
	}
	client_close(c);
	export(l);
}

/* --- erasures ---------------------------------------------------------------------------- */

static void begin(struct client *c, const struct life_person *p, enum life_secret part)
{
	json_t *parameters = json_pack("{s:s, s:s, s:b, s:b, s:b}", "subject", p->id, "purpose",
		"erasure_request", "now", 0, "wait", 0, "dry_run", 0);

	if (part == LIFE_TOPIC) {
		json_object_set_new(parameters, "collections", json_pack("[s]", "need"));
	} else if (part == LIFE_SUMMARY) {
		json_object_set_new(parameters, "record", json_string(p->interaction));
	}
	json_decref(call(c, "io.custos.erase.Run", parameters));
}

/* Until no more than this many are under way. */
static void wait_for_erasures(struct life *l, size_t may_be_left)
{
	struct client *c = stage_client(l->stage, AS_PRIVACY);
	int64_t end = clock_monotonic_ms() + SLOW_MS;
	size_t left = SIZE_MAX;

	while (left > may_be_left) {
		json_t *reply = call(c, "io.custos.erase.List", json_pack("{s:b}", "all", 0));

		left = json_array_size(json_object_get(reply, "erasures"));
		json_decref(reply);
		if (clock_monotonic_ms() > end) {
			fail_msg("%zu erasures are not done: %s", left, stage_daemon_log(l->stage));
		}
		if (left > may_be_left) {
			run_sleep_ms(50);
		}
	}
	client_close(c);
}

static void erase_parts(struct life *l)
{
	struct client *c = stage_client(l->stage, AS_PRIVACY);

	for (unsigned i = 0; i < l->n; i++) {
		if (l->people[i].part != LIFE_NSECRETS_) {
			begin(c, &l->people[i], l->people[i].part);
		}
	}
	client_close(c);
	go_on_hours_later(l, GRACE_HOURS);
	wait_for_erasures(l, 0);
}

void life_live(struct life *l)
{
	stage_policy(l->stage, "erasure.yaml", erasure_rules);
	stage_start(l->stage);
	stage_init(l->stage);
	come(l);
	back_up(l);
	be_seen(l);
	back_up(l);
	erase_parts(l);
	back_up(l);
	stage_stop(l->stage);
}

/* Slots, as custosd says. */
static uint64_t count_shredded(struct life *l)
{
	struct client *c = stage_client(l->stage, AS_PRIVACY);
	json_t *reply = call(c, "io.custos.erase.List", json_pack("{s:b}", "all", 1)), *e;
	uint64_t n = 0;
	size_t i;

	json_array_foreach(json_object_get(reply, "erasures"), i, e)
	{
		n += (uint64_t)json_integer_value(json_object_get(e, "slots"));
	}
	json_decref(reply);
	client_close(c);
	return n;
}

void life_erase_most(struct life *l)
{
	struct client *c;

	stage_start(l->stage);
	c = stage_client(l->stage, AS_PRIVACY);
	for (unsigned i = 0; i < l->n; i++) {
		if (l->people[i].is_to_go) {
			begin(c, &l->people[i], LIFE_NSECRETS_);
		}
	}
	client_close(c);
	go_on_hours_later(l, 2 * GRACE_HOURS);
	for (unsigned i = 3; i > 0; i--) {
		if (!l->stage->daemon) {
			stage_start(l->stage);
		}
		wait_for_erasures(l, l->nto_go * i / 4);
		back_up(l); /* some of them are in it, and must not be in the next */
		stage_kill(l->stage);
	}
}

void life_erase_rest(struct life *l)
{
	stage_start(l->stage);
	wait_for_erasures(l, 0);
	back_up(l);
	stage_ctl(l->stage, AS_PRIVACY, "erase", "scan");
	stage_expect(l->stage, 0);
	l->nshredded = count_shredded(l);
	stage_stop(l->stage);
}
