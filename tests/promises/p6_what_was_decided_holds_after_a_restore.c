/*
 * P6: no purpose without a live consent, and nothing held is lost, in a store that was restored from
 * data of before: what people and staff decided since is newer than the mistake that is undone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stage.h"

#define WANG                                                                              \
	"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"王小明\"}},"                 \
	"{\"collection\":\"contact_point\",\"fields\":{\"email\":\"wang@example.org\"}},"     \
	"{\"collection\":\"need\",\"fields\":{\"topic\":\"stays-7\"}},"                       \
	"{\"collection\":\"need\",\"fields\":{\"topic\":\"goes-9\"}}]"
#define MAIL   "--purpose=marketing_email"
#define POST   "--purpose=marketing_post"
#define LOOK   "--purpose=access_request"
#define WHY    "case 4711 canary-hold-9b, asked for by Mr. Zhang\n"
#define DENIED 77

static void back_up(struct stage *st)
{
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
}

static void ask_about_mail(struct stage *st, const char *id, const char *answer)
{
	stage_ctl(st, AS_PRIVACY, "consent", "check", id, MAIL);
	if (!strstr(st->last.out, answer) && !strstr(st->last.err, answer)) {
		fail_msg("'%s' is not in: %s%s", answer, st->last.out, st->last.err);
	}
}

/* Only the repository and the identity are left; the first backup is wanted. */
static void restore_the_first(struct stage *st)
{
	stage_stop(st);
	free(run_shell("rm -rf '%s'", st->state));
	stage_serve_first(st);
	assert_null(strstr(st->last.out, "RESTRICTED"));
}

static void withdrawn_consent_stays_withdrawn_after_restore_of_an_older_backup(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, WANG, id);
	stage_ctl(st, AS_PRIVACY, "consent", "give", id, MAIL, "--method=checkbox",
		"--language=en");
	stage_expect(st, 0);
	ask_about_mail(st, id, "yes");
	back_up(st); /* 1 */
	stage_ctl(st, AS_PRIVACY, "consent", "withdraw", id, MAIL, "--evidence",
		stage_text(st, "said", "canary-phone: no more of this"));
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "consent", "object", id, POST);
	stage_expect(st, 0);
	back_up(st);

	restore_the_first(st);
	ask_about_mail(st, id, "withdrawn");
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, MAIL);
	stage_expect(st, DENIED);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, POST);
	stage_expect(st, DENIED);
	stage_ctl(st, AS_PRIVACY, "subject", "get", id, "--purpose=" STAGE_PURPOSE);
	stage_expect(st, 0);
	stage_ctl(st, AS_PRIVACY, "consent", "list", id, LOOK, "--evidence");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "canary-phone"));
}

static void a_held_record_is_still_held(void **state)
{
	struct stage *st = *state;
	char id[33], hold[33];

	stage_add_person(st, WANG, id);
	back_up(st);
	stage_ctl_text(st, AS_PRIVACY, WHY, "hold", "place", id, "--review=2027-01-31");
	stage_expect(st, 0);
	snprintf(hold, sizeof(hold), "%.32s", st->last.out);
	back_up(st);

	restore_the_first(st);
	stage_ctl(st, AS_PRIVACY, "erase", id, "--purpose=erasure_request");
	stage_expect(st, DENIED);
	assert_non_null(strstr(st->last.err, hold));
	stage_ctl(st, AS_PRIVACY, "hold", "show", hold); /* with its reason, which no entry tells */
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "canary-hold-9b, asked for by Mr. Zhang"));
	assert_non_null(strstr(st->last.out, "2027-01-31"));
}

static void a_letter_that_came_since_has_its_clock_still(void **state)
{
	struct stage *st = *state;
	char id[33];

	stage_add_person(st, WANG, id);
	back_up(st);
	stage_ctl_text(st, AS_PRIVACY, "canary-letter\n", "request", "open", "access",
		"--received=2026-11-20", "--channel=letter", "--law=gdpr");
	stage_expect(st, 0);
	back_up(st);

	restore_the_first(st);
	stage_ctl(st, AS_PRIVACY, "request", "clock", "1");
	stage_expect(st, 0);
	if (!strstr(st->last.out, "2026-12-21")) {
		fail_msg("it says %s", st->last.out);
	}
	stage_ctl(st, AS_PRIVACY, "request", "show", "1");
	stage_expect(st, 0);
	assert_non_null(strstr(st->last.out, "canary-letter"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(withdrawn_consent_stays_withdrawn_after_restore_of_an_older_backup),
		T(a_held_record_is_still_held),
		T(a_letter_that_came_since_has_its_clock_still),
	};

	if (!stage_has_roles()) {
		print_message("skipped: who may place a hold takes a uid of its own, so root\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
