#include "acts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/civil.h"

#define DAY_MS 86400000LL

#define PERSON(name, mail)                                                                                  \
	"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"" name " " CANARY "\"}},"                     \
	"{\"collection\":\"contact_point\",\"fields\":{\"email\":\"" mail "." CANARY "@example.org\"}},"       \
	"{\"collection\":\"identifier\",\"fields\":{\"scheme\":\"crm\",\"value\":\"" name "-" CANARY "\"}}," \
	"{\"collection\":\"order\",\"fields\":{\"date\":\"2026-01-02\",\"note\":\"" CANARY "\"}}]"

#define ADD "subject add --kind=person --purpose=access_request"

static const struct typed furniture[] = {
	{ AS_ADMIN, "init $identity", NULL, NULL },
	{ AS_PRIVACY, ADD, PERSON("Ada", "ada"), "ada=subject profile=records.0" },
	{ AS_PRIVACY, ADD, PERSON("Bob", "bob"), "bob=subject" },
	{ AS_PRIVACY, ADD, PERSON("Cem", "cem"), "cem=subject" },
	{ AS_ADMIN, "backup run", NULL, NULL },
};

/* --- variables ------------------------------------------------------------------------------ */

static void set(struct house *h, const char *name, const char *value)
{
	assert_true(h->nvariables < HOUSE_VARIABLES);
	snprintf(h->names[h->nvariables], sizeof(h->names[0]), "%s", name);
	snprintf(h->values[h->nvariables++], sizeof(h->values[0]), "%s", value);
}

static void set_day(struct house *h, const char *name, int days)
{
	char text[CIVIL_DAY_SIZE];

	civil_format_day((int32_t)(time(NULL) / 86400) + days, text);
	set(h, name, text);
}

/* The newest of that name; the longest name that fits. */
static const char *value_of(const struct house *h, const char *at, size_t *ret_n)
{
	size_t best = h->nvariables;

	*ret_n = 0;
	for (size_t i = 0; i < h->nvariables; i++) {
		size_t n = strlen(h->names[i]);

		if (strncmp(at, h->names[i], n) == 0 && n >= *ret_n) {
			*ret_n = n;
			best = i;
		}
	}
	if (best == h->nvariables) {
		fail_msg("no such variable: $%s", at);
	}
	return h->values[best];
}

const char *house_words(const struct house *h, const char *line)
{
	static char out[2][2048];
	static unsigned next;
	char *to = out[next++ % 2], *p = to;

	while (*line && p < to + sizeof(out[0]) - 200) {
		if (*line == '$') {
			size_t n;
			const char *value = value_of(h, line + 1, &n);

			p = stpcpy(p, value);
			line += n + 1;
		} else {
			*p++ = *line++;
		}
	}
	*p = '\0';
	return to;
}

/* --- typing ----------------------------------------------------------------------------------- */

/* "request.number" of a reply. */
static void keep(struct house *h, const char *name, const char *path)
{
	const json_t *v = stage_reply(h->st);
	char text[64], copy[64], *rest = copy, *member;

	snprintf(copy, sizeof(copy), "%s", path);
	while ((member = strsep(&rest, ".")) != NULL) {
		v = *member >= '0' && *member <= '9' ? json_array_get(v, (size_t)atoi(member)) :
						       json_object_get(v, member);
	}
	if (json_is_integer(v)) {
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(v));
	} else if (json_is_string(v)) {
		snprintf(text, sizeof(text), "%s", json_string_value(v));
	} else {
		fail_msg("no %s in: %s", path, h->st->last.out);
	}
	set(h, name, text);
}

static void keep_all(struct house *h, const char *what)
{
	char copy[128], *rest = copy, *one;

	snprintf(copy, sizeof(copy), "%s", what);
	while ((one = strsep(&rest, " ")) != NULL) {
		char *path = strchr(one, '=');

		assert_non_null(path);
		*path++ = '\0';
		keep(h, one, path);
	}
}

int house_type(struct house *h, const struct typed *t)
{
	char line[2048], *rest = line, *word;
	const char *args[28] = { "--json", "--yes", "--timeout=30" };
	const char *input = t->input ? house_words(h, t->input) : NULL;
	size_t n = 3;

	snprintf(line, sizeof(line), "%s", house_words(h, t->line));
	while ((word = strsep(&rest, " ")) != NULL && n < 27) {
		for (char *p = word; *p; p++) {
			*p = *p == '~' ? ' ' : *p;
		}
		args[n++] = word;
	}
	return stage_ctl_input(h->st, t->who, input, input ? strlen(input) : 0, args);
}

void house_type_all(struct house *h, const struct typed *lines, size_t n)
{
	for (size_t i = 0; i < n && lines[i].line; i++) {
		if (house_type(h, &lines[i]) != 0) {
			fail_msg("'%s' ended with %d: %s\n%s", house_words(h, lines[i].line), h->st->last.status,
				h->st->last.err, stage_daemon_log(h->st));
		}
		if (lines[i].keep) {
			keep_all(h, lines[i].keep);
		}
	}
}

/* --- the house ---------------------------------------------------------------------------------- */

static void put_policies(struct house *h)
{
	struct stage *st = h->st;
	char text[512];

	stage_policy(st, "organisation.yaml",
		"laws: [gdpr]\ncountry: none\ntime_zone: UTC\nlanguage: en\n"
		"controller: {name: Example GmbH, address: Musterweg 1, contact: privacy@example.com}\n"
		"dpo: {name: Officer, contact: dpo@example.com}\n"
		"authority: {name: Authority, contact: authority.example}\n");
	stage_policy(st, "duties.yaml",
		"duties:\n  - {duty: training, owner: privacy, months: 12,"
		" text: {en: Train., zh: 培训。}, evidence: {en: Who., zh: 谁。}}\n");
	stage_policy(st, "retention.yaml",
		"rules:\n  - {collection: order, keep: 3y, reason: HGB 257}\n");
	snprintf(text, sizeof(text),
		"retry: 1h\nroutes:\n"
		"  - {route: mail, plugin: null, alarms: no, personal: yes, settings: {file: %s/sent}}\n"
		"  - {route: busy, plugin: null, alarms: no, settings: {answer: later}}\n",
		st->files);
	stage_policy(st, "agent.yaml", text);
	stage_policy(st, "schedule.yaml", "backup: never\nmirror: never\ndrill: never\nretention: '0 0 1 1 *'\nresidue: never\n"
		"digest: never\n");
	free(run_shell("sed -i 's/^    basis: contract$/&\\n    recipients: [carrier]/; "
		       "s/^recipients:$/&\\n  - {recipient: carrier, name: Carrier Ltd, text: It carries parcels., "
		       "mail: dpo@carrier.example, contact: carrier@example.com, language: en}/' '%s/purposes.yaml'",
		st->policies));
}

/* What people hand over. */
static void put_files(struct house *h)
{
	static const char rows[] = "no,name,mail\n1,Grace " CANARY ",grace." CANARY "@example.org\n"
				   "3,Emmy " CANARY ",emmy." CANARY "@example.org\n";
	const char *path = stage_text(h->st, "rows.csv", rows);

	free(run_shell("cd '%s' && { cat '%s'; echo '2,Alan " CANARY ",no address'; } | iconv -f UTF-8 -t UTF-16 >wide.csv && "
		       "chmod 644 wide.csv", h->st->files, path));
	stage_text(h->st, "map.yaml",
		"source: shop\nsubject: {kind: person, key: no}\nrecords:\n"
		"  - collection: profile\n    fields: {full_name: name}\n"
		"  - collection: contact_point\n    fields: {email: mail}\n");
	stage_text(h->st, "reason.txt", "So says " CANARY ".\n");
	free(run_shell("chmod 666 '%s'", stage_text(h->st, "sent", "")));
}

static void keep_as(struct house *h, const char *name)
{
	free(run_shell("cd '%s' && rm -rf %s && mkdir -m 700 %s && cp -a --sparse=always state repo files %s/", h->st->dir,
		name, name, name));
}

static void take_from(struct house *h, const char *name)
{
	free(run_shell("cd '%s' && rm -rf state repo files && cp -a --sparse=always %s/state %s/repo %s/files .",
		h->st->dir, name, name, name));
}

void house_put_back(struct house *h)
{
	take_from(h, "kept");
}

void house_make(struct house *h)
{
	char graves[160];

	memset(h, 0, sizeof(*h));
	h->st = stage_new();
	snprintf(graves, sizeof(graves), "%.120s/graves", h->st->dir);
	shimmed_init(&h->shim, h->st, graves);
	put_policies(h);
	snprintf(h->dirs, sizeof(h->dirs), "%s:%s:%s", h->st->state, h->st->repo, h->st->files);
	keep_as(h, "empty");
	set(h, "files", h->st->files);
	set(h, "repo", h->st->repo);
	set(h, "identity", h->st->identity);
	set_day(h, "today", 0);
	set_day(h, "yesterday", -1);
	set_day(h, "tomorrow", 1);
	set_day(h, "longago", -1500);
	put_files(h);
	stage_start(h->st);
	house_type_all(h, furniture, sizeof(furniture) / sizeof(furniture[0]));
	h->nleaves = stage_log_size(h->st);
	stage_stop(h->st);
	free(run_shell("cd '%s' && cp identity for-all && chmod 644 for-all", h->st->files));
	keep_as(h, "base");
	h->nbase = h->nvariables;
	h->nbase_leaves = h->nleaves;
}

void house_free(struct house *h)
{
	shimmed_done(&h->shim);
	stage_free(h->st);
}

/* What is kept now becomes a restore of its last backup; with a gap, the copy of its log at the target is
 * that of the house without any act. */
static void restore(struct house *h, bool has_gap)
{
	struct stage *st = h->st;

	if (has_gap) {
		free(run_shell("cd '%s' && rm -rf repo/log && cp -a base/repo/log repo/", st->dir));
	}
	free(run_shell("rm -rf '%s'", st->state));
	stage_restore(st, house_words(h, "--from=$repo"), house_words(h, "--identity=$files/for-all"), "--to", st->state);
	stage_expect(st, 0);
	keep_as(h, "kept");
	h->nleaves = h->nbase_leaves; /* what came behind them may not be there */
}

static void set_clock(struct house *h, int days)
{
	snprintf(h->clock, sizeof(h->clock), "--clock-ahead-ms=%lld", days * DAY_MS);
	h->st->options[0] = days ? h->clock : NULL;
}

/* Another life, in which what is due by then is done. */
static void ripen(struct house *h, const struct act *a)
{
	struct stage *st = h->st;

	set_clock(h, a->ripe_days);
	stage_start(st);
	for (int i = 0; i < 200; i++) {
		stage_ctl(st, AS_PRIVACY, "--json", "erase", "list");
		stage_expect(st, 0);
		if (json_array_size(json_object_get(stage_reply(st), "erasures")) == 0) {
			break;
		}
		run_sleep_ms(50);
	}
	h->nleaves = stage_log_size(st);
	look_learn(h);
	stage_stop(st);
}

void house_prepare(struct house *h, const struct act *a)
{
	struct stage *st = h->st;

	h->nvariables = h->nbase;
	h->nids = 0;
	h->nleaves = 0;
	set_clock(h, 0);
	take_from(h, a->is_alone ? "empty" : "base");
	if (!a->is_alone) {
		stage_start(st);
		house_type_all(h, a->before, ACT_LINES);
		h->nleaves = stage_log_size(st);
		look_learn(h);
		stage_stop(st);
	}
	if (a->ripe_days) {
		ripen(h, a);
	}
	keep_as(h, "kept");
	if (a->restored != ACT_AS_IT_IS) {
		restore(h, a->restored == ACT_RESTORED_WITH_GAP);
	}
	set_clock(h, a->days_later);
}
