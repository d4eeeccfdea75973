/* The stories: what is typed, and what must be so afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "memory.h"

#define CARE   "--purpose=" STAGE_PURPOSE
#define DAEMON (1u << WHOM_DAEMON)
#define CTL    (1u << WHOM_CTL)
#define OTHER  (1u << WHOM_OTHER)

/* --- typing -------------------------------------------------------------------------------- */

static struct job type_args(struct lab *lab, enum who who, const char *input, const char *const args[])
{
	int fd = memfd_create("typed", MFD_CLOEXEC);
	struct job job;

	assert_true(fd >= 0 && write(fd, input, strlen(input)) == (ssize_t)strlen(input) && lseek(fd, 0, SEEK_SET) == 0);
	job = stage_ctl_start(lab->stage, who, fd, args);
	close(fd);
	return job;
}

#define TYPE(lab, who, input, ...) type_args(lab, who, input, (const char *const[]){ __VA_ARGS__, NULL })

static void put_records(struct lab *lab, unsigned number)
{
	snprintf(lab->given.text, sizeof(lab->given.text),
		"[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"" MEMORY_MARK "%u\"}},"
		"{\"collection\":\"contact_point\",\"fields\":{\"email\":\"" MEMORY_MARK "%u@example.org\"}}]",
		number, number);
}

unsigned memory_found(struct lab *lab, const char *before, unsigned number)
{
	char email[80];
	unsigned n = 0;

	snprintf(email, sizeof(email), "%s" MEMORY_MARK "%u@example.org", before, number);
	stage_ctl_text(lab->stage, AS_PRIVACY, email, "subject", "search", "email", CARE);
	if (lab->stage->last.status == 66) {
		return 0; /* nobody */
	}
	stage_expect(lab->stage, 0);
	for (const char *p = lab->stage->last.out; (p = strchr(p, '\n')) != NULL; p++) {
		n++;
	}
	return n;
}

void memory_make_people(struct lab *lab)
{
	lab->first = ++lab->number;
	put_records(lab, lab->first);
	stage_add_person(lab->stage, lab->given.text, lab->someone);
	free(lab->clean);
	lab->clean = NULL;
}

/* --- what is only looked at: whole, or refused ------------------------------------------------ */

static void judge_same(struct lab *lab, const struct ran *r)
{
	bool is_starved = lab->control->nrefused > 0;

	if (!is_starved && !lab->clean && r->status == 0) {
		lab->clean = strdup(r->out);
	}
	if (is_starved && r->status == 0 && lab->clean && strcmp(lab->clean, r->out) != 0) {
		memory_wrong(lab, "status 0, and another answer: '%s' instead of '%s'", r->out, lab->clean);
	}
}

/* Typed once before, so that it is known what it prints. */
static void prepare_same(struct lab *lab)
{
	if (!lab->clean) {
		struct job job = lab->story->start(lab);
		struct ran r;

		run_wait(&job, &r);
		if (r.status != 0) {
			fail_msg("%s: %s", lab->story->what, r.err);
		}
		lab->clean = strdup(r.out);
		ran_done(&r);
	}
}

static struct job start_get(struct lab *lab)
{
	return TYPE(lab, AS_PRIVACY, "", "subject", "get", lab->someone, CARE);
}

static struct job start_get_json(struct lab *lab)
{
	return TYPE(lab, AS_PRIVACY, "", "--json", "subject", "get", lab->someone, CARE);
}

static struct job start_search(struct lab *lab)
{
	char email[80];

	snprintf(email, sizeof(email), MEMORY_MARK "%u@example.org", lab->first);
	return TYPE(lab, AS_PRIVACY, email, "subject", "search", "email", CARE);
}

static struct job start_export(struct lab *lab)
{
	return TYPE(lab, AS_PRIVACY, "", "export", "-", CARE);
}

static struct job start_policy(struct lab *lab)
{
	return TYPE(lab, AS_ADMIN, "", "policy", "check");
}

static void nothing(struct lab *lab)
{
	(void)lab;
}

/* A warning may be lost, a fault is counted; there is none. */
static void judge_policy(struct lab *lab, const struct ran *r)
{
	if (r->status == 0 && !strstr(r->out, "without fault")) {
		memory_wrong(lab, "status 0, and '%s'", r->out);
	}
}

/* --- somebody is added ------------------------------------------------------------------------ */

static void prepare_add(struct lab *lab)
{
	put_records(lab, lab->number);
}

static struct job start_add(struct lab *lab)
{
	return TYPE(lab, AS_PRIVACY, lab->given.text, "subject", "add", "--kind=person", "--purpose=access_request");
}

/* With the address, by which they are found; not in part. */
static void judge_add(struct lab *lab, const struct ran *r)
{
	unsigned n = memory_found(lab, "", lab->number);

	if (r->status == 0 ? n != 1 : n > 1) {
		memory_wrong(lab, "status %d, and %u people of that address", r->status, n);
	}
}

/* --- a record is changed ---------------------------------------------------------------------- */

static void prepare_update(struct lab *lab)
{
	put_records(lab, lab->number);
	stage_add_person(lab->stage, lab->given.text, lab->given.id);
	snprintf(lab->given.text, sizeof(lab->given.text), "{\"email\":\"new." MEMORY_MARK "%u@example.org\"}", lab->number);
}

static struct job start_update(struct lab *lab)
{
	return TYPE(lab, AS_PRIVACY, lab->given.text, "subject", "update", lab->given.id, "--collection=contact_point", CARE);
}

static void judge_update(struct lab *lab, const struct ran *r)
{
	unsigned n = memory_found(lab, "new.", lab->number);

	if (r->status == 0 ? n != 1 : n > 1) {
		memory_wrong(lab, "status %d, and %u records of that address", r->status, n);
	}
}

/* --- people are imported ------------------------------------------------------------------------ */

#define NIMPORTED 3

static void prepare_import(struct lab *lab)
{
	size_t n = 0;

	n += (size_t)snprintf(lab->given.text, sizeof(lab->given.text), "id,name,mail\n");
	for (unsigned i = 0; i < NIMPORTED; i++) {
		n += (size_t)snprintf(lab->given.text + n, sizeof(lab->given.text) - n,
			"%u," MEMORY_MARK " %u,i%u." MEMORY_MARK "%u@example.org\n", lab->number * 10 + i, i, i, lab->number);
	}
	stage_text(lab->stage, "map.yaml",
		"source: shop\nsubject: {kind: person, key: id}\nrecords:\n  - collection: profile\n    fields: {given_name: name}\n"
		"  - collection: contact_point\n    name: email\n    fields: {email: mail}\n");
	stage_text(lab->stage, "people.csv", lab->given.text);
}

static struct job start_import(struct lab *lab)
{
	return TYPE(lab, AS_PRIVACY, "", "import", "people.csv", "--map=map.yaml", CARE);
}

/* All, if it says so; and typed again all, once. */
static void judge_import(struct lab *lab, const struct ran *r)
{
	char who[16];

	for (int again = r->status != 0; again >= 0; again--) {
		for (unsigned i = 0; !again && i < NIMPORTED; i++) {
			unsigned n;

			snprintf(who, sizeof(who), "i%u.", i);
			n = memory_found(lab, who, lab->number);
			if (n != 1) {
				memory_wrong(lab, "status %d, and %u people of address %u\n%s%s", r->status, n, i, r->out, r->err);
			}
		}
		if (again) {
			stage_ctl(lab->stage, AS_PRIVACY, "import", "people.csv", "--map=map.yaml", CARE);
			stage_expect(lab->stage, 0);
		}
	}
}

/* --- a dossier ------------------------------------------------------------------------------------- */

static void prepare_dossier(struct lab *lab)
{
	lab->given.path = stage_path(lab->stage, "dossier.zip");
	unlink(lab->given.path);
}

static struct job start_dossier(struct lab *lab)
{
	return TYPE(lab, AS_PRIVACY, "", "subject", "dossier", lab->someone, "dossier.zip", "--purpose=access_request");
}

static void judge_dossier(struct lab *lab, const struct ran *r)
{
	char command[300];

	snprintf(command, sizeof(command), "unzip -p '%s' data.json 2>&1 | grep -q " MEMORY_MARK, lab->given.path);
	if (r->status == 0 && system(command) != 0) {
		memory_wrong(lab, "status 0, and the dossier is not whole");
	}
}

/* --- a backup ----------------------------------------------------------------------------------------- */

static long backups(struct lab *lab)
{
	stage_ctl(lab->stage, AS_ADMIN, "--json", "backup", "list");
	stage_expect(lab->stage, 0);
	return (long)json_array_size(json_object_get(stage_reply(lab->stage), "backups"));
}

static void prepare_backup(struct lab *lab)
{
	lab->given.before = backups(lab);
}

static struct job start_backup(struct lab *lab)
{
	return TYPE(lab, AS_ADMIN, "", "backup", "run");
}

static void judge_backup(struct lab *lab, const struct ran *r)
{
	long n = backups(lab) - lab->given.before;

	if (r->status == 0 ? n != 1 : n > 1) {
		memory_wrong(lab, "status %d, and %ld new backups", r->status, n);
	}
}

/* --- an erasure ---------------------------------------------------------------------------------------- */

static void prepare_erase(struct lab *lab)
{
	put_records(lab, lab->number);
	stage_add_person(lab->stage, lab->given.text, lab->given.id);
}

static struct job start_erase(struct lab *lab)
{
	return TYPE(lab, AS_PRIVACY, "", "erase", lab->given.id, "--purpose=erasure_request", "--wait");
}

/* Typed again, it is carried out, or was. */
static void judge_erase(struct lab *lab, const struct ran *r)
{
	struct stage *st = lab->stage;

	if (r->status != 0) {
		stage_ctl(st, AS_PRIVACY, "erase", lab->given.id, "--purpose=erasure_request", "--wait");
	}
	if (memory_found(lab, "", lab->number) != 0) {
		memory_wrong(lab, "status %d, and who was erased is found", r->status);
	}
}

const struct story memory_stories[] = {
	{ "somebody is looked at", DAEMON | CTL, prepare_same, start_get, judge_same, NULL },
	{ "the same, for programs", DAEMON | CTL, prepare_same, start_get_json, judge_same, NULL },
	{ "somebody is searched for", DAEMON | CTL, prepare_same, start_search, judge_same, NULL },
	{ "everybody is exported", DAEMON | CTL, prepare_same, start_export, judge_same, NULL },
	{ "policies are looked at", DAEMON | CTL, nothing, start_policy, judge_policy, NULL },
	{ "somebody is added", DAEMON | CTL, prepare_add, start_add, judge_add, NULL },
	{ "a record is changed", DAEMON | CTL, prepare_update, start_update, judge_update, NULL },
	{ "people are imported", DAEMON | CTL, prepare_import, start_import, judge_import, NULL },
	{ "a dossier is made", DAEMON | CTL, prepare_dossier, start_dossier, judge_dossier, NULL },
	{ "a backup is made", DAEMON | CTL, prepare_backup, start_backup, judge_backup, NULL },
	{ "somebody is erased", DAEMON | CTL, prepare_erase, start_erase, judge_erase, NULL },
#ifndef __SANITIZE_ADDRESS__ /* it takes libfyaml's end by a NULL pointer for ours */
	{ "custosd starts", OTHER, NULL, NULL, NULL, memory_start_alone },
#endif
	{ "a backup is restored", OTHER, NULL, NULL, NULL, memory_restore_alone },
	{ NULL, 0, NULL, NULL, NULL, NULL },
};
