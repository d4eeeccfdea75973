/* Who may do what, and what the log says of it.  Needs root: callers are other uids. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "stage.h"

#define SOMEBODY "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\"}}]"

static int up(void **state)
{
	if (!stage_has_roles()) {
		print_message("skipped: only root can be several users\n");
		*state = NULL;
		return 0;
	}
	return stage_up(state);
}

/* A test's first line. */
static struct stage *of(void **state)
{
	if (!*state) {
		skip();
	}
	return *state;
}

static int call(struct stage *st, enum who who, const char *method, json_t *parameters,
	struct cu_err *err)
{
	return stage_call(st, who, method, parameters, NULL, err);
}

/* Denied, with exactly one leaf more if leaves says so, and no other leaf. */
static void expect_denied(struct stage *st, enum who who, const char *method,
	json_t *parameters, const char *operation, unsigned leaves)
{
	unsigned all = stage_count_leaves(st, NULL);
	struct cu_err err = { 0 };
	char leaf[96];

	assert_int_equal(call(st, who, method, parameters, &err), CU_EDENIED);

	for (int i = 0; i < 200 && stage_log_size(st) < all + leaves; i++) {
		run_sleep_ms(10); /* the answer does not wait for the leaf */
	}
	assert_int_equal(stage_count_leaves(st, NULL), all + leaves);
	if (leaves > 0) {
		stage_ctl(st, AS_ADMIN, "log", "show", "--count=1");
		assert_non_null(strstr(st->last.out, "act=refused by="));
		snprintf(leaf, sizeof(leaf), "why=%s\n", operation);
		assert_non_null(strstr(st->last.out, leaf));
	}
}

static json_t *of_subject(const char *id, const char *purpose)
{
	return json_pack("{s:s, s:s}", "subject", id, "purpose", purpose);
}

static void root_never_touches_a_persons_data(void **state)
{
	struct stage *st = of(state);
	char id[33];

	stage_add_person(st, SOMEBODY, id);
	expect_denied(st, AS_SELF, "io.custos.subject.Get", of_subject(id, STAGE_PURPOSE),
		"subject.get", 1);
	expect_denied(st, AS_SELF, "io.custos.subject.Add",
		json_pack("{s:s, s:s, s:[]}", "kind", "person", "purpose", "p", "records"),
		"subject.add", 1);
	expect_denied(st, AS_SELF, "io.custos.subject.Search",
		json_pack("{s:s, s:s, s:s}", "by", "email", "purpose", "p", "value", "a@b.de"),
		"subject.search", 1);
	expect_denied(st, AS_SELF, "io.custos.erase.Run",
		json_pack("{s:s, s:s, s:b, s:b, s:b}", "subject", id, "purpose", "p", "now", 1,
			"wait", 0, "dry_run", 0), "erase", 1);
	expect_denied(st, AS_SELF, "io.custos.data.Export", json_pack("{s:s}", "purpose", "p"),
		"export", 1);
	expect_denied(st, AS_SELF, "io.custos.data.Import",
		json_pack("{s:s, s:s, s:b}", "purpose", "p", "map", "", "dry_run", 0), "import", 1);
	stage_ctl(st, AS_SELF, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 77);
	assert_non_null(strstr(st->last.err, "root never touches"));
	stage_ctl(st, AS_SELF, "backup", "run"); /* its trade */
	stage_expect(st, 0);
}

static void roles_that_give_root_people_are_refused_at_the_start(void **state)
{
	struct stage *st = of(state);
	char s[192], p[192], l[192];

	stage_policy(st, "roles.yaml",
		"roles:\n  - role: all\n    operations: ['*']\n    purposes: '*'\n"
		"operators:\n  - {uid: 0, roles: [all]}\n");
	snprintf(s, sizeof(s), "--state=%s/other", st->files);
	snprintf(p, sizeof(p), "--policies=%s", st->policies);
	snprintf(l, sizeof(l), "--socket=%s/run/other", st->dir);

	stage_custosd(st, (const char *const[]){ s, p, l, NULL });

	assert_int_not_equal(st->last.status, 0);
	assert_non_null(strstr(st->last.err, "roles.yaml:"));
}

static void a_stranger_may_do_nothing_and_fills_no_log(void **state)
{
	struct stage *st = of(state);
	unsigned before;
	char id[33];

	stage_add_person(st, SOMEBODY, id);
	before = stage_count_leaves(st, NULL);
	for (int i = 0; i < 20; i++) {
		stage_ctl(st, AS_STRANGER, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
		stage_expect(st, 77);
	}
	stage_ctl(st, AS_STRANGER, "status");
	stage_expect(st, 77);
	assert_null(strstr(st->last.out, "running"));
	assert_int_equal(stage_count_leaves(st, NULL), before);
}

/* That there is somebody, or nobody, of this id is nothing for who may not ask. */
static void a_refusal_does_not_tell_whether_somebody_exists(void **state)
{
	struct stage *st = of(state);
	struct cu_err there = { 0 }, absent = { 0 };
	char id[33];

	stage_add_person(st, SOMEBODY, id);
	call(st, AS_STRANGER, "io.custos.subject.Get", of_subject(id, STAGE_PURPOSE), &there);
	call(st, AS_STRANGER, "io.custos.subject.Get",
		of_subject("00112233445566778899aabbccddeeff", STAGE_PURPOSE), &absent);
	assert_int_equal(there.code, CU_EDENIED);
	assert_int_equal(absent.code, CU_EDENIED);
	assert_string_equal(there.msg, absent.msg);
}

static void a_role_does_only_what_it_may_and_for_its_purposes(void **state)
{
	struct stage *st = of(state);
	struct cu_err err;
	char id[33];

	stage_add_person(st, SOMEBODY, id);
	assert_int_equal(call(st, AS_SUPPORT, "io.custos.subject.Get",
				 of_subject(id, STAGE_PURPOSE), &err),
		0);
	expect_denied(st, AS_SUPPORT, "io.custos.subject.Get", of_subject(id, "marketing"),
		"subject.get", 1);
	expect_denied(st, AS_SUPPORT, "io.custos.erase.Run",
		json_pack("{s:s, s:s, s:b, s:b, s:b}", "subject", id, "purpose", STAGE_PURPOSE,
			"now", 1, "wait", 0, "dry_run", 0),
		"erase", 1);
	expect_denied(st, AS_SUPPORT, "io.custos.log.Show", json_object(), "log.show", 1);
	expect_denied(st, AS_SUPPORT, "io.custos.backup.Run", json_object(), "backup.run", 1);
	expect_denied(st, AS_ADMIN, "io.custos.subject.Get", of_subject(id, STAGE_PURPOSE),
		"subject.get", 1);
	expect_denied(st, AS_AUDITOR, "io.custos.subject.Get", of_subject(id, STAGE_PURPOSE),
		"subject.get", 1);
	expect_denied(st, AS_AUDITOR, "io.custos.backup.Run", json_object(), "backup.run", 1);
	assert_int_equal(call(st, AS_AUDITOR, "io.custos.log.Verify", NULL, &err), 0);
}

static void without_a_purpose_there_is_no_call(void **state)
{
	struct stage *st = of(state);
	struct cu_err err;
	char id[33];

	stage_add_person(st, SOMEBODY, id);
	assert_int_equal(call(st, AS_PRIVACY, "io.custos.subject.Get",
				 json_pack("{s:s}", "subject", id), &err),
		CU_EINVAL);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id);
	stage_expect(st, 64);
	assert_non_null(strstr(st->last.err, "--purpose"));
}

/* What is no policy's key cannot stand in a leaf, so it is no purpose either. */
static void a_purpose_that_is_no_key_is_refused_before_anything_is_done(void **state)
{
	struct stage *st = of(state);
	static const char *const bad[] = { "for Ada Lovelace", "a\nb", "p=1", "",
		"a_purpose_with_far_more_than_the_sixty_three_letters_that_a_key_may_have" };
	struct cu_err err;
	char id[33];

	stage_add_person(st, SOMEBODY, id);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unsigned before = stage_count_leaves(st, "act=subject");

		assert_int_equal(call(st, AS_PRIVACY, "io.custos.subject.Get",
					 of_subject(id, bad[i]), &err),
			CU_EINVAL);
		assert_null(strstr(err.msg, "Lovelace"));
		assert_true(call(st, AS_PRIVACY, "io.custos.erase.Run",
				    json_pack("{s:s, s:s, s:b, s:b, s:b}", "subject", id, "purpose",
					    bad[i], "now", 1, "wait", 0, "dry_run", 0),
				    &err) < 0);
		assert_int_equal(stage_count_leaves(st, "act=subject"), before);
		assert_int_equal(stage_count_leaves(st, "act=erase"), 0);
	}
	assert_int_equal(call(st, AS_PRIVACY, "io.custos.subject.Get", of_subject(id, "not_ours"),
				 &err),
		CU_EINVAL);
	assert_string_equal(err.msg, "purpose: purposes.yaml has no such purpose");
	assert_int_equal(call(st, AS_PRIVACY, "io.custos.subject.Get",
				 of_subject(id, STAGE_PURPOSE), &err),
		0);
}

/* --- the log ----------------------------------------------------------------------------------- */

static void every_personal_call_carries_its_purpose_into_the_log(void **state)
{
	struct stage *st = of(state);
	char id[33], leaf[160];

	stage_ctl_text(st, AS_PRIVACY, SOMEBODY, "--json", "subject", "add", "--kind=person",
		"--purpose=contract");
	snprintf(id, sizeof(id), "%s", stage_reply_text(st, "subject"));
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=access_request");
	stage_ctl_text(st, AS_PRIVACY, "{\"language\":\"en\"}", "subject", "update", id,
		"--collection=profile", "--purpose=customer_service");
	stage_expect(st, 0);
	stage_ctl_text(st, AS_PRIVACY, "a@example.org", "subject", "search", "email",
		"--purpose=legal_obligation");
	stage_ctl(st, AS_PRIVACY, "export", "-", "--purpose=analytics");
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "import",
		stage_text(st, "one.csv", "no,name\n1,Grace\n"), "--purpose=marketing_post", "--map",
		stage_text(st, "one.yaml",
			"source: s\nsubject: {kind: person, key: no}\nrecords:\n"
			"  - collection: profile\n    fields: {given_name: name}\n"));
	stage_expect(st, 0);
	stage_erase(st, "erase", id, "--purpose=erasure_request");
	stage_expect(st, 0);

	snprintf(leaf, sizeof(leaf), "for=contract sub=%s", id);
	assert_int_equal(stage_count_leaves(st, leaf), 2); /* subject.add, record.put */
	snprintf(leaf, sizeof(leaf), "for=access_request sub=%s", id);
	assert_int_equal(stage_count_leaves(st, leaf), 1);
	snprintf(leaf, sizeof(leaf), "for=customer_service sub=%s", id);
	assert_int_equal(stage_count_leaves(st, leaf), 1);
	assert_int_equal(stage_count_leaves(st, "act=subject.search by="), 1);
	assert_int_equal(stage_count_leaves(st, "for=legal_obligation"), 1);
	assert_int_equal(stage_count_leaves(st, "for=analytics"), 1);
	assert_int_equal(stage_count_leaves(st, "for=marketing_post"), 4); /* begin, add, put, done */
	snprintf(leaf, sizeof(leaf), "for=erasure_request sub=%s", id);
	assert_int_equal(stage_count_leaves(st, leaf), 4); /* begin, execute, shred, done */
}

static void an_operator_is_the_same_random_id_in_every_leaf(void **state)
{
	struct stage *st = of(state);
	char id[33], by[64], *log, *at;

	stage_add_person(st, SOMEBODY, id);
	log = stage_log(st);
	at = strstr(log, "act=subject.add by=");
	assert_non_null(at);
	snprintf(by, sizeof(by), "%.35s", at + strlen("act=subject.add "));
	free(log);
	stage_stop(st);
	stage_start(st);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
	stage_ctl(st, AS_SUPPORT, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);

	assert_int_equal(stage_count_leaves(st, "act=subject.read"), 2);
	log = stage_log(st);
	at = strstr(log, "act=subject.read");
	assert_non_null(strstr(at, by));
	assert_null(strstr(strstr(at + 1, "act=subject.read"), by)); /* somebody else */
	free(log);
	assert_int_equal(stage_count_leaves(st, "20002"), 0); /* no uid stands there */
}

#define NREADERS 3
#define NREADS   150 /* of each */

/* Reads again and again, and tells through the pipe how often that was answered. */
static pid_t start_reader(struct stage *st, const char *id, int to)
{
	pid_t pid = fork();

	if (pid == 0) {
		unsigned n = 0;

		for (int i = 0; i < NREADS; i++) {
			struct cu_err err;

			n += call(st, AS_SUPPORT, "io.custos.subject.Get", of_subject(id, STAGE_PURPOSE),
				     &err) == 0;
		}
		_exit(write(to, &n, sizeof(n)) != sizeof(n));
	}
	return pid;
}

/* A person is restricted between the moment at which a read has looked, and its leaf: then there is
 * no leaf, and no answer. */
static void an_answer_has_its_leaf_whatever_happens_meanwhile(void **state)
{
	struct stage *st = of(state);
	unsigned nanswered = 0, n, nchanges = 0;
	struct cu_err err;
	pid_t readers[NREADERS];
	int ends[2], left = NREADERS, status;
	char id[33];

	stage_add_person(st, SOMEBODY, id);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	for (int i = 0; i < NREADERS; i++) {
		readers[i] = start_reader(st, id, ends[1]);
		assert_true(readers[i] > 0);
	}
	while (left > 0) {
		const char *method = nchanges++ % 2 ? "io.custos.subject.Unrestrict" :
						      "io.custos.subject.Restrict";

		if (call(st, AS_PRIVACY, method, of_subject(id, STAGE_PURPOSE), &err) < 0) {
			fail_msg("%s: %s", method, err.msg);
		}
		while (left > 0 && waitpid(readers[left - 1], &status, WNOHANG) > 0) {
			left--;
		}
	}
	for (int i = 0; i < NREADERS; i++) {
		assert_int_equal(read(ends[0], &n, sizeof(n)), sizeof(n));
		nanswered += n;
	}
	close(ends[0]);
	close(ends[1]);

	assert_true(nanswered < NREADERS * NREADS); /* some met it restricted */
	assert_int_equal(stage_count_leaves(st, "act=subject.read"), nanswered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, up, stage_down)
		T(root_never_touches_a_persons_data),
		T(roles_that_give_root_people_are_refused_at_the_start),
		T(a_stranger_may_do_nothing_and_fills_no_log),
		T(a_refusal_does_not_tell_whether_somebody_exists),
		T(a_role_does_only_what_it_may_and_for_its_purposes),
		T(without_a_purpose_there_is_no_call),
		T(a_purpose_that_is_no_key_is_refused_before_anything_is_done),
		T(every_personal_call_carries_its_purpose_into_the_log),
		T(an_operator_is_the_same_random_id_in_every_leaf),
		T(an_answer_has_its_leaf_whatever_happens_meanwhile),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("story_access", tests, NULL, NULL);
}
