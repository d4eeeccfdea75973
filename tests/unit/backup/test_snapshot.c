#include "sample.h"

#include "backup/chain.h"
#include "backup/check.h"
#include "backup/manifest.h"
#include "backup/watch.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/minisign.h"

static struct sample s;

static int make_sample(void **state)
{
	if (make_tmp(state) < 0) {
		return -1;
	}
	sample_make(&s, at("store"));
	sample_add(&s, 5);
	return 0;
}

static int drop_sample(void **state)
{
	sample_close(&s);
	return drop_tmp(state);
}

/* Each test has its own repository; the daemon's memory of another one does not count. */
static const char *fresh(const char *name)
{
	s.known_sequence = 0;
	return at("%s", name);
}

static struct repo open_repo(const char *name)
{
	struct repo r;
	struct cu_err err = { 0 };

	assert_ok(repo_open(at("%s", name), &r, &err), &err);
	return r;
}

struct findings {
	struct check_report report;
	struct buf faults, notes;
};

static void on_found(void *ctx, enum check_kind kind, const char *object, const char *text)
{
	struct findings *f = ctx;

	buf_putf(kind == CHECK_FAULT ? &f->faults : &f->notes, "%s: %s\n", object, text);
}

static uint64_t known_to_check; /* check_options.known_sequence */

static struct findings check(const char *name, bool is_reading_data)
{
	struct findings f = { 0 };
	struct repo r = open_repo(name);
	struct check_options options = { .is_reading_data = is_reading_data,
		.manifest_key = &s.verifier, .known_sequence = known_to_check };
	struct cu_err err = { 0 };

	assert_ok(check_run(&r, &options, on_found, &f, NULL, &f.report, &err), &err);
	return f;
}

static void drop_findings(struct findings *f)
{
	buf_done(&f->faults);
	buf_done(&f->notes);
}

static void assert_finds(const char *name, bool is_reading_data, unsigned nfaults,
	const char *text)
{
	struct findings f = check(name, is_reading_data);

	if (f.report.faults != nfaults || !strstr(buf_cstr(&f.faults), text)) {
		fail_msg("%u faults wanted, '%s':\n%s", nfaults, text, buf_cstr(&f.faults));
	}
	drop_findings(&f);
}

static void a_backup_is_whole(void **state)
{
	struct snapshot_result result = sample_snapshot(&s, fresh("whole"));
	struct findings f;
	(void)state;

	assert_int_equal(result.sequence, 1);
	assert_int_equal(result.generation, 1);
	assert_int_equal(result.log_size, ledger_size(s.ledger));
	assert_true(result.bytes > result.stored_bytes);
	f = check("whole", true);
	assert_string_equal(buf_cstr(&f.faults), "");
	assert_string_equal(buf_cstr(&f.notes), "");
	assert_int_equal(f.report.manifests, 1);
	assert_int_equal(f.report.objects, 2);
	assert_int_equal(f.report.bytes_read, f.report.bytes);
	assert_int_equal(f.report.log_size, result.log_size);
	drop_findings(&f);
}

static void stock_tools_open_a_backup(void **state)
{
	char key[MINISIGN_PUBLIC_SIZE], object[REPO_NAME_SIZE], sum[65];
	struct chain chain = { 0 };
	struct manifest m = { 0 };
	struct buf epoch = BUF_INIT_WIPE;
	struct cu_err err = { 0 };
	struct repo r;
	(void)state;

	need_tool("age");
	need_tool("zstd");
	need_tool("minisign");
	need_tool("sqlite3");
	sample_snapshot(&s, fresh("stock"));
	write_all(at("identity"), s.identity.p, s.identity.n);
	r = open_repo("stock");
	assert_ok(chain_load(&r, &s.verifier, NULL, NULL, &chain, &err), &err);
	assert_ok(chain_get(&r, &chain.at[0], &m, &err), &err);

	minisign_format_public(&s.verifier, key);
	assert_int_equal(
		shell("minisign -V -P %s -m stock/manifest/0000000001 >/dev/null", key), 0);
	repo_name_data(m.ranges[0].object.hash, object);
	assert_int_equal(shell("age -d -i identity stock/%s | zstd -d > data.db", object), 0);
	text_hex(m.data_hash, 32, sum);
	assert_int_equal(shell("test $(sha256sum < data.db | cut -c1-64) = %s", sum), 0);
	assert_int_equal(shell("test $(sqlite3 data.db 'SELECT count(*) FROM subject') = 5"), 0);
	repo_name_vault(m.generation, m.vault.hash, object);
	assert_int_equal(shell("age -d -i identity stock/%s | zstd -d > vault.db", object), 0);
	assert_int_equal(shell("test \"$(sqlite3 vault.db 'PRAGMA integrity_check')\" = ok"), 0);
	assert_int_equal(shell("age -d -i identity stock/%s | head -c 31 | tail -c 23 | "
			       "grep -qx 'custos vault object v1'", object), 0);
	assert_int_equal(shell("age -d -i identity stock/%s | head -c 95 | tail -c 32 > epoch", object),
		0);
	read_all(at("epoch"), &epoch);
	assert_int_equal(epoch.n, 32);
	buf_done(&epoch);
	manifest_done(&m);
	chain_done(&chain);
}

static void the_epoch_key_is_in_no_other_file(void **state)
{
	(void)state;

	need_tool("python3");
	assert_int_equal(shell("python3 -c '\n"
			       "import os, sys\n"
			       "key = open(\"epoch\", \"rb\").read()\n"
			       "bad = [os.path.join(d, f) for top in (\"stock\", \"store\") for d, _, fs in os.walk(top)\n"
			       "       for f in fs if key in open(os.path.join(d, f), \"rb\").read()]\n"
			       "sys.exit(len(bad) + (len(key) != 32))'"),
		0);
}

static void backups_are_listed_newest_first(void **state)
{
	struct snapshot_info *list = NULL;
	struct cu_err err = { 0 };
	struct repo r;
	size_t n = 0;
	(void)state;

	sample_snapshot(&s, fresh("list"));
	sample_add(&s, 1);
	sample_vault_object(&s, at("list"));
	sample_snapshot(&s, at("list"));
	r = open_repo("list");
	assert_ok(snapshot_list(&r, &s.verifier, &list, &n, &err), &err);

	assert_int_equal(n, 3);
	assert_int_equal(list[0].sequence, 3);
	assert_int_equal(list[0].subjects, list[2].subjects + 1);
	assert_false(list[0].is_vault_only);
	assert_true(list[1].is_vault_only);
	assert_int_equal(list[1].data_time_ms, list[2].data_time_ms);
	assert_true(list[1].time_ms > list[2].time_ms);
	assert_int_equal(list[1].subjects, list[2].subjects);
	free(list);
}

static void a_vault_object_needs_a_backup_to_stand_beside(void **state)
{
	struct snapshot_result result;
	struct cu_err err = { 0 };
	(void)state;

	assert_int_equal(sample_back_up(&s, fresh("first"), false, NULL, &result, &err), CU_ENOENT);
	assert_says(&err, "no backup yet");
}

struct canceller {
	atomic_bool flag;
	const char *when;
};

static void cancel_when(void *ctx, const char *what, uint64_t done, uint64_t total)
{
	struct canceller *c = ctx;

	assert_true(total == 0 || done <= total);
	if (strcmp(what, c->when) == 0) {
		atomic_store(&c->flag, true);
	}
}

static void a_cancelled_run_leaves_what_nothing_refers_to(void **state)
{
	static const char *const stages[] = { "data", "vault" };
	struct snapshot_result result;
	(void)state;

	for (size_t i = 0; i < sizeof(stages) / sizeof(*stages); i++) {
		struct canceller c = { .when = stages[i] };
		struct watch watch = { cancel_when, &c, &c.flag };
		struct findings f;
		struct cu_err err = { 0 };

		remove_tree(at("cancel"));
		sample_snapshot(&s, fresh("cancel"));
		assert_int_equal(
			sample_back_up(&s, at("cancel"), true, &watch, &result, &err), CU_ECANCELED);
		f = check("cancel", true);
		assert_string_equal(buf_cstr(&f.faults), "");
		assert_int_equal(f.report.manifests, 1);
		drop_findings(&f);

		assert_int_equal(sample_snapshot(&s, at("cancel")).sequence, 2);
		assert_finds("cancel", true, 0, "");
	}
}

static void an_interrupted_signature_is_replaced_by_the_next_run(void **state)
{
	(void)state;

	sample_snapshot(&s, fresh("torn"));
	write_all(at("torn/manifest/0000000002.minisig"), "half", 4);
	assert_int_equal(sample_snapshot(&s, at("torn")).sequence, 2);
	assert_finds("torn", true, 0, "");
}

static void another_stores_repository_is_refused(void **state)
{
	struct sample other;
	struct snapshot_result result;
	struct cu_err err = { 0 };
	(void)state;

	sample_make(&other, at("other"));
	sample_snapshot(&other, at("others"));
	assert_int_equal(
		sample_back_up(&s, fresh("others"), true, NULL, &result, &err), CU_EEXIST);
	assert_says(&err, "another store");
	sample_close(&other);
}

static void a_repository_that_was_rolled_back_is_noticed(void **state)
{
	struct snapshot_result result;
	struct cu_err err = { 0 };
	(void)state;

	sample_snapshot(&s, fresh("back"));
	sample_snapshot(&s, at("back"));
	assert_int_equal(shell("rm back/manifest/0000000002*"), 0);
	assert_int_equal(sample_back_up(&s, at("back"), true, NULL, &result, &err), CU_ECORRUPT);
	assert_says(&err, "rolled back");
	known_to_check = 2;
	assert_finds("back", true, 1, "manifest: was rolled back: manifest 2 was written, and 1 is the newest");
	known_to_check = 0;
	s.known_sequence = 0;
}

/* --- check ---------------------------------------------------------------------------- */

static void an_object_that_is_gone_is_a_fault(void **state)
{
	(void)state;

	sample_snapshot(&s, fresh("gone"));
	assert_int_equal(shell("rm gone/vault/*"), 0);
	assert_finds("gone", false, 1, "vault/0000");
}

static void an_older_vault_object_may_be_deleted(void **state)
{
	struct findings f;
	(void)state;

	sample_snapshot(&s, fresh("old"));
	sample_snapshot(&s, at("old"));
	assert_int_equal(shell("newest=$(grep '^vault ' old/manifest/0000000002 | cut -d' ' -f3) && "
			       "for f in old/vault/*; do case $f in *$newest) ;; *) rm $f ;; esac; done"),
		0);
	f = check("old", true);
	assert_string_equal(buf_cstr(&f.faults), "");
	assert_int_equal(f.report.notes, 1);
	assert_non_null(strstr(buf_cstr(&f.notes), "restores use a newer one"));
	drop_findings(&f);
}

static void an_object_of_another_size_is_a_fault(void **state)
{
	(void)state;

	sample_snapshot(&s, fresh("size"));
	assert_int_equal(shell("for f in size/data/*/*; do echo >> $f; done"), 0);
	assert_finds("size", false, 1, "bytes instead of");
}

static void a_flipped_byte_is_found_only_by_reading(void **state)
{
	(void)state;

	need_tool("python3");
	sample_snapshot(&s, fresh("bit"));
	assert_int_equal(shell("python3 -c '\n"
			       "import glob\n"
			       "f = open(glob.glob(\"bit/data/*/*\")[0], \"r+b\")\n"
			       "f.seek(500); c = f.read(1)[0]; f.seek(500); f.write(bytes([c ^ 1]))'"),
		0);
	assert_finds("bit", false, 0, "");
	assert_finds("bit", true, 1, "data/");
}

static void a_damaged_log_is_a_fault(void **state)
{
	(void)state;

	sample_snapshot(&s, fresh("log"));
	assert_int_equal(shell("echo >> log/log/checkpoint"), 0);
	assert_finds("log", false, 1, "log: ");
}

static void an_older_log_is_a_fault(void **state)
{
	(void)state;

	sample_snapshot(&s, fresh("oldlog"));
	assert_int_equal(shell("cp -r oldlog/log kept"), 0);
	sample_add(&s, 1);
	sample_snapshot(&s, at("oldlog"));
	assert_int_equal(shell("rm -r oldlog/log && mv kept oldlog/log"), 0);
	assert_finds("oldlog", false, 1, "when the newest manifest was signed");
}

static void strangers_are_noted(void **state)
{
	struct findings f;
	(void)state;

	sample_snapshot(&s, fresh("stray"));
	assert_int_equal(shell("touch stray/data/readme stray/tmp/x && cp stray/vault/* "
			       "stray/vault/$(ls stray/vault | tr 0 1)"),
		0);
	f = check("stray", true);
	assert_string_equal(buf_cstr(&f.faults), "");
	assert_int_equal(f.report.notes, 3);
	assert_int_equal(f.report.unreferenced, 1);
	assert_non_null(strstr(buf_cstr(&f.notes), "data/readme"));
	drop_findings(&f);
}

/* Whoever runs it gives it the identity. */
static void a_program_beside_the_backups_that_is_not_ours_is_noted(void **state)
{
	struct findings f;
	(void)state;

	sample_snapshot(&s, fresh("texts"));
	assert_int_equal(shell("sed -i '0,/import/s//iMport/' texts/open_backup.py && rm texts/README.txt"), 0);
	f = check("texts", false);
	assert_string_equal(buf_cstr(&f.faults), "");
	assert_int_equal(f.report.notes, 2);
	assert_non_null(strstr(buf_cstr(&f.notes), "README.txt: is gone"));
	assert_non_null(strstr(buf_cstr(&f.notes), "open_backup.py: is not what"));
	drop_findings(&f);
	assert_int_equal(shell("ln -sf /etc/passwd texts/README.txt"), 0);
	f = check("texts", false);
	assert_int_equal(f.report.notes, 2);
	assert_null(strstr(buf_cstr(&f.notes), "root"));
	drop_findings(&f);
}

static void an_empty_repository_has_nothing_to_restore(void **state)
{
	struct repo r;
	struct cu_err err = { 0 };
	(void)state;

	assert_ok(repo_create(at("empty"), &r, &err), &err);
	assert_finds("empty", false, 1, "no backup");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_backup_is_whole),
		cmocka_unit_test(stock_tools_open_a_backup),
		cmocka_unit_test(the_epoch_key_is_in_no_other_file),
		cmocka_unit_test(backups_are_listed_newest_first),
		cmocka_unit_test(a_vault_object_needs_a_backup_to_stand_beside),
		cmocka_unit_test(a_cancelled_run_leaves_what_nothing_refers_to),
		cmocka_unit_test(an_interrupted_signature_is_replaced_by_the_next_run),
		cmocka_unit_test(another_stores_repository_is_refused),
		cmocka_unit_test(a_repository_that_was_rolled_back_is_noticed),
		cmocka_unit_test(an_object_that_is_gone_is_a_fault),
		cmocka_unit_test(an_older_vault_object_may_be_deleted),
		cmocka_unit_test(an_object_of_another_size_is_a_fault),
		cmocka_unit_test(a_flipped_byte_is_found_only_by_reading),
		cmocka_unit_test(a_damaged_log_is_a_fault),
		cmocka_unit_test(an_older_log_is_a_fault),
		cmocka_unit_test(strangers_are_noted),
		cmocka_unit_test(a_program_beside_the_backups_that_is_not_ours_is_noted),
		cmocka_unit_test(an_empty_repository_has_nothing_to_restore),
	};

	return cmocka_run_group_tests(tests, make_sample, drop_sample);
}
