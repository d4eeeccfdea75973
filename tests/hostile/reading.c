#include "reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "backup/check.h"
#include "backup/repo.h"
#include "base/err.h"
#include "base/path.h"

#define NOW_MS    1800000000000
#define MOST_DISK (256ull << 20) /* of one file */

/* What is built must not grow without bound: SIGXFSZ ends us. */
static void limit_files(rlim_t most)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = most;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

void reading_restore(struct reading *r, const char *repo)
{
	struct restore_options options = { .now_ms = NOW_MS };
	struct cu_err err = { 0 };

	r->report = (struct restore_report){ 0 };
	limit_files(MOST_DISK);
	r->restored = restore_run(repo, buf_span(&r->victim->identity), r->to, &options, NULL, &r->report, &err);
	limit_files(RLIM_INFINITY);
	snprintf(r->said, sizeof(r->said), "%s", r->restored < 0 ? err.msg : "");
}

static void on_found(void *ctx, enum check_kind kind, const char *object, const char *text)
{
	struct reading *r = ctx;
	size_t n = strlen(r->told);

	if (kind == CHECK_FAULT) {
		r->faults++;
	} else {
		r->notes++;
	}
	snprintf(r->told + n, sizeof(r->told) - n, "%s: %s\n", object, text);
}

void reading_check(struct reading *r, const char *repo_dir)
{
	struct check_options options = { true, &r->victim->pins.log_key, &r->victim->pins.manifest_key };
	struct check_report report;
	struct repo repo;
	struct cu_err err = { 0 };

	r->faults = r->notes = 0;
	r->told[0] = '\0';
	r->checked = repo_open(repo_dir, &repo, &err);
	if (r->checked == 0) {
		r->checked = check_run(&repo, &options, on_found, r, NULL, &report, &err);
	}
	if (r->checked < 0) {
		r->faults = 1;
		snprintf(r->told, sizeof(r->told), "%s\n", err.msg);
	}
}

static bool is_there(const struct reading *r, const char *before, const char *after)
{
	char path[PATH_SIZE];
	const char *base = strrchr(r->to, '/');

	snprintf(path, sizeof(path), "%.*s/%s%s%s", (int)(base - r->to), r->to, before, base + 1, after);
	return access(path, F_OK) == 0;
}

static bool says_what_to_do(const char *text)
{
	static const char *const remedies[] = { "; bring ", "; use the identity file", "; use a custos of " };

	for (size_t i = 0; i < sizeof(remedies) / sizeof(*remedies); i++) {
		if (strstr(text, remedies[i])) {
			return true;
		}
	}
	return false;
}

static const char *judge_refusal(const struct reading *r, const char *about)
{
	if (r->restored == 0) {
		return "it was restored";
	}
	if (is_there(r, "", "") || is_there(r, ".", ".restoring")) {
		return "something was left behind";
	}
	if (about && !strstr(r->said, about)) {
		return "the message does not name it";
	}
	return says_what_to_do(r->said) ? NULL : "the message does not say what to do";
}

static const char *judge_rows(const struct reading *r)
{
	for (int i = 0; i < VICTIM_ERASED; i++) {
		if (victim_has_row(r->to, r->victim->erased[i])) {
			return "somebody erased is back";
		}
	}
	return victim_has_row(r->to, r->victim->remembered) ? NULL : "somebody remembered is gone";
}

static const char *judge_same(const struct reading *r)
{
	const struct restore_report *is = &r->report, *was = &r->whole;

	return is->sequence == was->sequence && is->subjects == was->subjects && is->records == was->records &&
			is->vault_generation == was->vault_generation && is->log_size == was->log_size &&
			is->removed_subjects == was->removed_subjects && is->has_gap == was->has_gap &&
			is->restored_generation == was->restored_generation ?
		NULL :
		"what was restored is not what it was";
}

const char *reading_judge(struct reading *r, enum reading_must must, const char *about)
{
	const char *wrong = NULL;

	if (must == MUST_REFUSE) {
		return judge_refusal(r, about);
	}
	if (r->restored < 0) {
		return "it was refused";
	}
	switch (must) {
	case MUST_BE_SAME: wrong = judge_same(r); break;
	case MUST_RESTRICT: wrong = r->report.has_gap ? NULL : "it is not restricted"; break;
	case MUST_BE_CAREFUL: return r->report.has_gap ? NULL : "it is not restricted";
	case MUST_FORGET: break;
	case MUST_BE_OLDER: return r->report.has_gap ? "it is restricted" : NULL;
	case MUST_REFUSE: break;
	}
	return wrong ? wrong : judge_rows(r);
}

void reading_clear(struct reading *r)
{
	(void)path_remove_tree(r->to, NULL);
}

void reading_init(struct reading *r, const struct victim *v, const char *name)
{
	char whole[200];

	*r = (struct reading){ .victim = v };
	snprintf(r->to, sizeof(r->to), "%.120s/%s", v->dir, name);
	snprintf(whole, sizeof(whole), "%s/whole", v->dir);
	reading_restore(r, whole);
	r->whole = r->report;
	if (r->restored < 0) {
		fail_msg("the whole repository: %s", r->said);
	}
	assert_null(reading_judge(r, MUST_BE_SAME, NULL));
	reading_clear(r);
	reading_check(r, whole);
	if (r->faults > 0 || r->notes > 0) {
		fail_msg("check of the whole repository: %s", r->told);
	}
}
