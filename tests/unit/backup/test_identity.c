#include "fixture.h"

#include "backup/identity.h"
#include "base/id.h"

static struct note_verifier verifier, other;
static struct id store;

static int make_keys(void **state)
{
	struct signer *s = NULL, *o = NULL;
	struct cu_err err = { 0 };

	assert_ok(signer_new("custos/test", &s, &err), &err);
	assert_ok(signer_new("custos/restored", &o, &err), &err);
	signer_verifier(s, &verifier);
	signer_verifier(o, &other);
	signer_free(s);
	signer_free(o);
	store = id_new();
	return make_tmp(state);
}

static void create(struct buf *file, struct recipients_file *ret)
{
	struct cu_err err = { 0 };

	assert_ok(identity_create(&store, &verifier, &verifier, file, ret, &err), &err);
}

static void an_identity_file_reads_back(void **state)
{
	struct buf file = BUF_INIT_WIPE;
	struct recipients_file recipients;
	struct identity id = { 0 };
	struct cu_err err = { 0 };
	(void)state;

	create(&file, &recipients);
	assert_ok(identity_parse(buf_span(&file), &id, &err), &err);

	assert_true(id_eq(&id.store, &store));
	assert_string_equal(id.log_key.name, "custos/test");
	assert_memory_equal(id.log_key.public_key, verifier.public_key, NOTE_PUBLIC_SIZE);
	assert_memory_equal(id.manifest_key.public_key, verifier.public_key, NOTE_PUBLIC_SIZE);
	assert_string_equal(id.data_recipient, recipients.data.at[0]);
	assert_string_equal(id.vault_recipient, recipients.vault.at[0]);
	assert_string_not_equal(id.data_recipient, id.vault_recipient);
	identity_done(&id);
	buf_done(&file);
}

static void stock_age_takes_the_file_for_both_recipients(void **state)
{
	struct buf file = BUF_INIT_WIPE;
	struct recipients_file recipients;
	(void)state;

	need_tool("age");
	create(&file, &recipients);
	write_all(at("identity"), file.p, file.n);
	assert_int_equal(shell("echo data | age -r %s | age -d -i identity | grep -qx data",
				 recipients.data.at[0]),
		0);
	assert_int_equal(shell("echo vault | age -r %s | age -d -i identity | grep -qx vault",
				 recipients.vault.at[0]),
		0);
	buf_done(&file);
}

static void a_file_from_windows_or_without_its_last_newline_is_read(void **state)
{
	struct buf file = BUF_INIT_WIPE, windows = BUF_INIT_WIPE;
	struct recipients_file recipients;
	struct identity id = { 0 };
	struct cu_err err = { 0 };
	(void)state;

	create(&file, &recipients);
	for (size_t i = 0; i + 1 < file.n; i++) {
		buf_put_str(&windows, file.p[i] == '\n' ? "\r" : "");
		buf_put_u8(&windows, file.p[i]);
	}
	assert_ok(identity_parse(buf_span(&windows), &id, &err), &err);
	assert_string_equal(id.vault_recipient, recipients.vault.at[0]);
	identity_done(&id);
	buf_done(&file);
	buf_done(&windows);
}

/* The file with the first from replaced by to. */
static void edit(const struct buf *file, const char *from, const char *to, struct buf *out)
{
	struct buf copy = BUF_INIT_WIPE;
	const char *text, *found;

	buf_put_span(&copy, buf_span(file));
	text = buf_cstr(&copy);
	found = strstr(text, from);
	assert_non_null(found);
	buf_clear(out);
	buf_put(out, text, (size_t)(found - text));
	buf_put_str(out, to);
	buf_put_str(out, found + strlen(from));
	buf_done(&copy);
}

static void assert_refused(const struct buf *text, const char *why)
{
	struct identity id = { 0 };
	struct cu_err err = { 0 };
	int r = identity_parse(buf_span(text), &id, &err);

	assert_true(r == CU_EINVAL || r == CU_EUNSUP);
	assert_says(&err, why);
	assert_null(strstr(err.msg, "AGE-SECRET"));
	assert_null(id.data);
}

static void what_is_wrong_is_named_by_line_and_never_shown(void **state)
{
	struct buf file = BUF_INIT_WIPE, bad = BUF_INIT_WIPE;
	struct recipients_file recipients, foreign;
	struct buf unused = BUF_INIT_WIPE;
	(void)state;

	create(&file, &recipients);
	create(&unused, &foreign);
	edit(&file, "# custos-store: ", "# nothing: ", &bad);
	assert_refused(&bad, "no line '# custos-store: ");
	edit(&file, "# custos-store: ", "# custos-store: 0", &bad);
	assert_refused(&bad, "line 13");
	edit(&file, "# custos-log-key: ", "# custos-log-kex: ", &bad);
	assert_refused(&bad, "does not know");
	edit(&file, "# custos-manifest-key: ", "# custos-manifest-key: x", &bad);
	assert_refused(&bad, "'# custos-manifest-key:' is not valid");
	edit(&file, "AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1Q", &bad);
	assert_refused(&bad, "line 17: is no age secret key");
	edit(&file, "AGE-SECRET-KEY-1", "# AGE-SECRET-KEY-1", &bad);
	assert_refused(&bad, "line 17: the secret key should stand here");
	edit(&file, "# data identity: ", "# vault identity: ", &bad);
	assert_refused(&bad, "twice");
	edit(&file, recipients.data.at[0], foreign.data.at[0], &bad);
	assert_refused(&bad, "not that of the public key");
	edit(&file, "# data identity: ", "# what: ", &bad);
	assert_refused(&bad, "a secret key must follow");
	edit(&file, "# THE KEY", "THE KEY", &bad);
	assert_refused(&bad, "line 1: is no comment");
	buf_clear(&bad);
	assert_refused(&bad, "no line");
	buf_done(&file);
	buf_done(&bad);
	buf_done(&unused);
}

static void every_truncation_is_refused(void **state)
{
	struct buf file = BUF_INIT_WIPE;
	struct recipients_file recipients;
	(void)state;

	create(&file, &recipients);
	for (size_t n = 0; n + 1 < file.n; n += n + 90 < file.n ? 7 : 1) {
		struct identity id = { 0 };

		assert_true(identity_parse(span_of(file.p, n), &id, NULL) < 0);
	}
	buf_done(&file);
}

static void a_file_is_pinned_to_new_keys(void **state)
{
	struct buf file = BUF_INIT_WIPE, pinned = BUF_INIT_WIPE;
	struct recipients_file recipients;
	struct identity id = { 0 };
	struct cu_err err = { 0 };
	(void)state;

	create(&file, &recipients);
	assert_ok(identity_repin(buf_span(&file), &other, &other, &pinned, &err), &err);
	assert_ok(identity_parse(buf_span(&pinned), &id, &err), &err);

	assert_true(id_eq(&id.store, &store));
	assert_string_equal(id.log_key.name, "custos/restored");
	assert_memory_equal(id.manifest_key.public_key, other.public_key, NOTE_PUBLIC_SIZE);
	assert_string_equal(id.data_recipient, recipients.data.at[0]);
	identity_done(&id);
	buf_done(&file);
	buf_done(&pinned);
}

static void recipients_are_saved_and_loaded(void **state)
{
	struct buf file = BUF_INIT_WIPE;
	struct recipients_file f, second, got;
	struct cu_err err = { 0 };
	(void)state;

	create(&file, &f);
	create(&file, &second);
	assert_ok(recipients_add(&f.vault, second.vault.at[0], &err), &err);
	assert_ok(recipients_save(tmp, &f, &err), &err);
	assert_ok(recipients_load(tmp, &got, &err), &err);

	assert_int_equal(got.data.n, 1);
	assert_int_equal(got.vault.n, 2);
	assert_string_equal(got.vault.at[1], second.vault.at[0]);
	buf_done(&file);
}

static void bad_recipients_are_named_by_line(void **state)
{
	struct buf file = BUF_INIT_WIPE, text = BUF_INIT;
	struct recipients_file f, got;
	struct cu_err err = { 0 };
	(void)state;

	create(&file, &f);
	buf_putf(&text, "# comment\n\ndata %s\n", f.data.at[0]);
	assert_int_equal(recipients_parse(buf_span(&text), &got, &err), CU_EINVAL);
	assert_says(&err, "no vault recipient");
	buf_putf(&text, "vault %s\nvault %s\n", f.vault.at[0], f.vault.at[0]);
	assert_int_equal(recipients_parse(buf_span(&text), &got, &err), CU_EINVAL);
	assert_says(&err, "line 5: stands there twice");
	text.n -= 4;
	text.p[text.n - 1] = '\n';
	assert_int_equal(recipients_parse(buf_span(&text), &got, &err), CU_EINVAL);
	assert_says(&err, "line 5");
	buf_clear(&text);
	buf_putf(&text, "data  %s\n", f.data.at[0]);
	assert_int_equal(recipients_parse(buf_span(&text), &got, &err), CU_EINVAL);
	assert_says(&err, "line 1");
	buf_done(&file);
	buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_identity_file_reads_back),
		cmocka_unit_test(stock_age_takes_the_file_for_both_recipients),
		cmocka_unit_test(a_file_from_windows_or_without_its_last_newline_is_read),
		cmocka_unit_test(what_is_wrong_is_named_by_line_and_never_shown),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(a_file_is_pinned_to_new_keys),
		cmocka_unit_test(recipients_are_saved_and_loaded),
		cmocka_unit_test(bad_recipients_are_named_by_line),
	};

	return cmocka_run_group_tests(tests, make_keys, drop_tmp);
}
