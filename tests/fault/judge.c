#include "judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/clock.h"
#include "base/err.h"

#define NSAMPLE     16
#define LEAVES_MAX  1000 /* that log show gives at a time */
#define ERASURES_MS 60000

/* --- files ---------------------------------------------------------------------------- */

void judge_database(const char *path)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	const char *says = NULL;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
		sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, NULL) != SQLITE_OK ||
		sqlite3_step(s) != SQLITE_ROW) {
		fail_msg("%s: %s", path, sqlite3_errmsg(db));
	}
	says = (const char *)sqlite3_column_text(s, 0);
	if (!says || strcmp(says, "ok") != 0) {
		fail_msg("%s: integrity_check: %s", path, says ? says : "nothing");
	}
	sqlite3_finalize(s);
	sqlite3_close(db);
}

void judge_files(struct judge *j)
{
	static const char *const names[] = { "data", "index", "vault" };
	const struct stage *st = j->load->stage;
	char path[224];

	free(run_shell("rm -rf '%s/copy'; mkdir -m 700 '%s/copy'; cp '%s'/*.db* '%s/copy'; "
		       "rm -f '%s/copy'/*-shm",
		st->dir, st->dir, st->state, st->dir, st->dir));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%.128s/copy/%s.db", st->dir, names[i]);
		judge_database(path);
	}
}

/* --- people --------------------------------------------------------------------------- */

static json_t *ask(struct client *c, const char *method, json_t *parameters)
{
	json_t *reply = NULL;
	struct cu_err err;

	if (client_call(c, method, parameters, -1, &reply, &err) < 0) {
		fail_msg("%s: %s", method, err.msg);
	}
	json_decref(parameters);
	return reply;
}

/* Borrowed from reply; NULL when there is no record of this collection. */
static const json_t *record_of(const json_t *reply, const char *collection)
{
	const json_t *records = json_object_get(reply, "records"), *r;
	size_t i;

	json_array_foreach (records, i, r) {
		if (strcmp(json_string_value(json_object_get(r, "collection")), collection) == 0) {
			return r;
		}
	}
	return NULL;
}

static const char *field_of(const json_t *record, const char *field)
{
	return json_string_value(json_object_get(json_object_get(record, "fields"), field));
}

/* It was erased, or somebody tried and it happened; it is nowhere any more. */
static bool is_gone(struct person *p, int r, const struct cu_err *err)
{
	if (r < 0 && (r != CU_ENOENT || (!p->is_erased && !p->is_erasing))) {
		fail_msg("%s, who was acknowledged, is lost: %s", p->id, err->msg);
	}
	if (r == 0 && p->is_erased) {
		fail_msg("%s was erased, and is there", p->id);
	}
	if (r < 0 && (p->nadds != 1 || p->nerasures != 1)) {
		fail_msg("%s: %u leaves that add it and %u that erase it", p->id, p->nadds, p->nerasures);
	}
	return r < 0;
}

/* What was acknowledged is there; what was tried is there whole, or not at all. */
static void look_at(struct judge *j, struct client *c, struct person *p)
{
	struct cu_err err;
	json_t *reply = NULL;
	json_t *call = json_pack("{s:s, s:s}", "subject", p->id, "purpose", STAGE_PURPOSE);
	const json_t *profile;
	const char *email, *name;
	uint32_t version;
	char want[64];
	int r = client_call(c, "io.custos.subject.Get", call, -1, &reply, &err);

	json_decref(call);
	j->nchecked++;
	p->is_touched = false;
	if (is_gone(p, r, &err)) {
		p->is_erased = true;
		p->is_erasing = false;
		return;
	}
	snprintf(want, sizeof(want), "n%u@example.org", p->number);
	email = field_of(record_of(reply, "contact_point"), "email");
	if (!email || strcmp(email, want) != 0) {
		fail_msg("%s has another e-mail address", p->id);
	}
	profile = record_of(reply, "profile");
	name = field_of(profile, "given_name");
	version = (uint32_t)json_integer_value(json_object_get(profile, "version"));
	snprintf(p->profile, sizeof(p->profile), "%s",
		name ? json_string_value(json_object_get(profile, "record")) : "");
	snprintf(want, sizeof(want), "v%u", version);
	if (!name || strcmp(name, want) != 0) {
		fail_msg("%s has another name than its version says", p->id);
	}
	if (version != p->version && !(p->is_updating && version == p->version + 1)) {
		fail_msg("%s: version %u is there, %u was acknowledged", p->id, version, p->version);
	}
	json_decref(reply);
	p->version = version;
	p->is_updating = p->is_erasing = false;
	if (p->nadds != 1 || p->nputs != version) {
		fail_msg("%s: %u leaves that add it and %u that write it, for version %u", p->id,
			p->nadds, p->nputs, version);
	}
}

/* --- leaves --------------------------------------------------------------------------- */

/* A leaf names somebody whom no answer named: one of those who were tried. */
static struct person *recognise(struct judge *j, struct client *c, const char *id)
{
	json_t *reply = ask(c, "io.custos.subject.Get",
		json_pack("{s:s, s:s}", "subject", id, "purpose", STAGE_PURPOSE));
	const char *email = field_of(record_of(reply, "contact_point"), "email");
	struct person *found = NULL;
	unsigned number;

	if (!email || sscanf(email, "n%u@", &number) != 1) {
		fail_msg("%s is in the log and has no address", id);
	}
	for (unsigned i = j->load->n; !found && i-- > 0;) {
		found = j->load->people[i].number == number ? &j->load->people[i] : NULL;
	}
	if (!found || found->id[0] || !found->is_adding) {
		fail_msg("%s was not asked for, or was added twice", id);
	}
	snprintf(found->id, sizeof(found->id), "%s", id);
	found->is_adding = false;
	found->version = 1;
	json_decref(reply);
	return found;
}

static void take_leaf(struct judge *j, struct client *c, const char *leaf)
{
	bool is_add = strstr(leaf, " act=subject.add ") != NULL;
	bool is_put = strstr(leaf, " act=record.put ") != NULL;
	bool is_erasure = strstr(leaf, " act=erase.begin ") != NULL;
	const char *sub = strstr(leaf, " sub=");
	struct person *p;
	char id[33];

	if ((!is_add && !is_put && !is_erasure) || !sub) {
		return;
	}
	snprintf(id, sizeof(id), "%.32s", sub + 5);
	p = load_find(j->load, id);
	if (!p) {
		p = recognise(j, c, id);
	}
	p->nadds += is_add;
	p->nputs += is_put;
	p->nerasures += is_erasure;
}

static void read_leaves(struct judge *j, struct client *c)
{
	size_t n;

	do {
		json_t *reply = ask(c, "io.custos.log.Show",
			json_pack("{s:I, s:i}", "from", (json_int_t)j->nleaves, "count", LEAVES_MAX));
		const json_t *leaves = json_object_get(reply, "leaves"), *leaf;
		size_t i;

		n = json_array_size(leaves);
		json_array_foreach (leaves, i, leaf) {
			if ((uint64_t)json_integer_value(json_object_get(leaf, "index")) !=
				j->nleaves++) {
				fail_msg("a leaf is missing before %llu",
					(unsigned long long)j->nleaves);
			}
			take_leaf(j, c, json_string_value(json_object_get(leaf, "leaf")));
		}
		json_decref(reply);
	} while (n == LEAVES_MAX);
}

/* --- all of it ------------------------------------------------------------------------ */

static void check_counts(struct judge *j, struct client *c)
{
	json_t *reply = ask(c, "io.custos.Status", NULL);
	unsigned there = 0;

	for (unsigned i = 0; i < j->load->n; i++) {
		there += j->load->people[i].id[0] != '\0' && !j->load->people[i].is_erased;
	}
	if (json_integer_value(json_object_get(reply, "subjects")) != there ||
		json_integer_value(json_object_get(reply, "records")) != 2 * (json_int_t)there) {
		fail_msg("%lld subjects and %lld records, %u people were added",
			(long long)json_integer_value(json_object_get(reply, "subjects")),
			(long long)json_integer_value(json_object_get(reply, "records")), there);
	}
	json_decref(reply);
}

/* What was begun before the end goes on by itself. */
static void wait_for_erasures(struct client *c)
{
	int64_t end = clock_monotonic_ms() + ERASURES_MS;
	size_t left = 1;

	while (left > 0) {
		json_t *reply = ask(c, "io.custos.erase.List", json_pack("{s:b}", "all", 0));

		left = json_array_size(json_object_get(reply, "erasures"));
		json_decref(reply);
		if (left > 0 && clock_monotonic_ms() > end) {
			fail_msg("%zu erasures do not come to their end", left);
		}
		if (left > 0) {
			run_sleep_ms(10);
		}
	}
}

static bool is_listed(const json_t *backups, uint32_t sequence)
{
	const json_t *b;
	size_t i;

	json_array_foreach (backups, i, b) {
		if (json_integer_value(json_object_get(b, "sequence")) == sequence) {
			return true;
		}
	}
	return false;
}

/* The newest that was acknowledged is there, and each byte of all of them. */
static void check_backups(const struct load *l)
{
	struct client *c = stage_client(l->stage, AS_ADMIN);
	json_t *list = ask(c, "io.custos.backup.List", NULL),
	       *check = ask(c, "io.custos.backup.Check", json_pack("{s:b}", "read_data", 1)), *faults;

	if (!is_listed(json_object_get(list, "backups"), l->backup)) {
		fail_msg("backup %u, which was acknowledged, is lost", l->backup);
	}
	faults = json_object_get(json_object_get(check, "result"), "faults");
	if (!json_is_array(faults) || json_array_size(faults) > 0) {
		fail_msg("backups: %s", json_string_value(json_array_get(faults, 0)));
	}
	json_decref(list);
	json_decref(check);
	client_close(c);
}

/* Who was tried and is in no leaf is not there: the try is over. */
static void forget_tries(struct load *l)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < l->n; i++) {
		if (l->people[i].id[0]) {
			l->people[kept++] = l->people[i];
		}
	}
	l->n = kept;
}

void judge_anew(struct judge *j)
{
	j->nleaves = 0;
	for (unsigned i = 0; i < j->load->n; i++) {
		struct person *p = &j->load->people[i];

		p->nadds = p->nputs = p->nerasures = 0;
	}
}

void judge_store(struct judge *j, bool is_last)
{
	struct client *c = stage_client(j->load->stage, AS_PRIVACY);
	struct load *l = j->load;

	if (l->is_full) {
		wait_for_erasures(c);
	}
	read_leaves(j, c);
	forget_tries(l);
	for (unsigned i = 0; i < l->n; i++) {
		if (is_last || l->people[i].is_touched) {
			look_at(j, c, &l->people[i]);
		}
	}
	for (unsigned i = 0; i < NSAMPLE && l->n > 0; i++) {
		look_at(j, c, &l->people[load_draw(l, l->n)]);
	}
	check_counts(j, c);
	json_decref(ask(c, "io.custos.log.Verify", NULL));
	client_close(c);
	if (l->backup > 0) {
		check_backups(l);
	}
}
