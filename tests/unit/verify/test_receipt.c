#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "verify/receipt.h"
#include "documents.h"

static struct signer *signer;
static struct signed_key key;
static char key_text[NOTE_VERIFIER_SIZE];

static int group_setup(void **state)
{
	(void)state;
	signer = help_signer();
	help_key(signer, key_text, &key);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	signer_free(signer);
	return 0;
}

static int judge(struct bytes note, const char *log, struct flaw *f)
{
	struct published_result result;
	struct receipt c;
	int r = receipt_open(note, key_text, &key, &c, f);

	if (r == 0 && log) {
		r = receipt_check_log(&c, log, &key, &result, f);
	}
	receipt_done(&c);
	return r;
}

static void assert_valid(const json_t *json, const char *log)
{
	struct buf note = help_sign(signer, json);
	struct flaw f;

	if (judge(bytes_of(note.p, note.n), log, &f) < 0) {
		fail_msg("%s", f.text);
	}
	buf_done(&note);
}

/* --- tests ------------------------------------------------------------------------ */

static void a_receipt_of_a_real_log_is_accepted_alone_and_beside_it(void **state)
{
	const char *dir = scratch_path(*state, "log");
	struct ledger *l = help_log_with_consent(dir, signer);
	json_t *json = help_receipt(l, key_text);

	assert_non_null(json);
	assert_valid(json, NULL);
	assert_valid(json, dir);
	json_object_set_new(json, "of_tomorrow", json_true());
	assert_valid(json, dir);
	json_decref(json);
	ledger_close(l);
}

static void every_changed_bit_of_a_receipt_is_refused(void **state)
{
	struct ledger *l = help_log_with_consent(scratch_path(*state, "log"), signer);
	json_t *json = help_receipt(l, key_text);
	struct buf note = help_sign(signer, json);
	struct flaw f;

	for (size_t bit = 0; bit < note.n * 8; bit++) {
		note.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (judge(bytes_of(note.p, note.n), NULL, &f) == 0 ||
			f.verdict != VERDICT_INVALID) {
			fail_msg("bit %zu of byte %zu", bit % 8, bit / 8);
		}
		note.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(judge(bytes_of(note.p, note.n), NULL, &f), 0);
	buf_done(&note);
	json_decref(json);
	ledger_close(l);
}

/* What the signer himself may not say: member, value (NULL: left out), why. */
static const char *const lies[][3] = {
	{ "kind", "erasure", "'kind' is malformed" },
	{ "subject", ERASURE, "another person" },
	{ "purpose", "marketing", "another person, purpose" },
	{ "channel", "letter", "or channel" },
	{ "channel", NULL, "or channel" },
	{ "event_state", "renewed", "of another kind" },
	{ "event_state", "expired", "of another kind" },
	{ "event_time", "2026-11-25T09:46:53.000Z", "'event_time'" },
	{ "issued", "2026-11-25T09:46:51.000Z", "'event_time'" },
	{ "notice", "3", "another notice" },
	{ "notice_sha256", NULL, "another notice" },
	{ "valid_until", "2027-11-25T10:00:13.000Z", "'valid_until'" },
	{ "valid_until", NULL, "'valid_until'" },
	{ "lineage", ERASURE, "another log" },
	{ "event_state", NULL, "missing" },
};

static void a_receipt_that_says_more_than_its_entry_is_refused(void **state)
{
	struct ledger *l = help_log_with_consent(scratch_path(*state, "log"), signer);

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		json_t *json = help_receipt(l, key_text);
		struct flaw f = { VERDICT_VALID, "" };
		struct buf note;

		if (lies[i][1]) {
			json_object_set_new(json, lies[i][0], json_string(lies[i][1]));
		} else {
			json_object_del(json, lies[i][0]);
		}
		note = help_sign(signer, json);
		assert_int_equal(judge(bytes_of(note.p, note.n), NULL, &f), -1);
		if (f.verdict != VERDICT_INVALID || !strstr(f.text, lies[i][2])) {
			fail_msg("%s: not '%s' but: %s", lies[i][0], lies[i][2], f.text);
		}
		buf_done(&note);
		json_decref(json);
	}
	ledger_close(l);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		T(a_receipt_of_a_real_log_is_accepted_alone_and_beside_it),
		T(every_changed_bit_of_a_receipt_is_refused),
		T(a_receipt_that_says_more_than_its_entry_is_refused),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
