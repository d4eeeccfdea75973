#include "sample.h"

#include "backup/chain.h"
#include "backup/restore.h"
#include "backup/watch.h"

static struct sample s;

/* One repository with the history that most tests need:
 *   backup 1: persons 0 to 5; then person 0 is erased
 *   backup 2: the vault object of that erasure; then persons 6 and 7 are added
 *   backup 3: everyone but person 0 */
static int make_sample(void **state)
{
	if (make_tmp(state) < 0) {
		return -1;
	}
	sample_make(&s, at("store"));
	sample_add(&s, 6);
	sample_snapshot(&s, at("repo"));
	assert_int_equal(shell("cp -r repo/log oldlog"), 0);
	sample_erase(&s, 0);
	sample_vault_object(&s, at("repo"));
	sample_add(&s, 2);
	sample_snapshot(&s, at("repo"));
	return 0;
}

static int drop_sample(void **state)
{
	sample_close(&s);
	return drop_tmp(state);
}

static int restore(const char *repo, const char *to, uint64_t sequence,
	struct restore_report *ret, struct cu_err *err)
{
	struct restore_options options = { .sequence = sequence, .now_ms = s.now_ms };

	return restore_run(at("%s", repo), buf_span(&s.identity), at("%s", to), &options, NULL,
		ret, err);
}

static struct restore_report restored(const char *repo, const char *to, uint64_t sequence)
{
	struct restore_report report = { 0 };
	struct cu_err err = { 0 };

	assert_ok(restore(repo, to, sequence, &report, &err), &err);
	return report;
}

/* A restore that must fail, and leave nothing. */
static void assert_refused(const char *repo, int code, const char *text)
{
	struct restore_report report;
	struct cu_err err = { 0 };
	int r = restore(repo, "refused", 0, &report, &err);

	if (r != code) {
		fail_msg("code %d instead of %d: %s", r, code, err.msg);
	}
	assert_says(&err, text);
	if (shell("test ! -e refused && test ! -e .refused.restoring") != 0) {
		fail_msg("something was left: %s", err.msg);
	}
}

static void copy_repo(const char *name)
{
	remove_tree(at("%s", name));
	assert_int_equal(shell("cp -r repo %s", name), 0);
}

static void open_restored(struct sample *got, const char *dir)
{
	sample_paths(got, at("%s", dir));
	sample_open(got);
}

/* Which of the sample's people are there, as a text of 0 and 1. */
static void assert_people(struct sample *in, const char *expected)
{
	char is[MAX_PEOPLE + 1] = "";

	for (unsigned i = 0; expected[i]; i++) {
		is[i] = sample_has(in, &s.people[i], i) ? '1' : '0';
	}
	assert_string_equal(is, expected);
}

/* --- what a restore brings back ------------------------------------------------------- */

static void the_newest_backup_comes_back(void **state)
{
	struct restore_report report = restored("repo", "newest", 0);
	struct sample got;
	(void)state;

	open_restored(&got, "newest");
	assert_people(&got, "01111111");
	assert_int_equal(report.sequence, 3);
	assert_int_equal(report.subjects, 7);
	assert_int_equal(report.records, 7);
	assert_int_equal(report.removed_subjects, 0);
	assert_int_equal(report.shreds_replayed, 0);
	assert_false(report.has_gap);
	assert_int_equal(report.nreasons, 0);
	assert_false(store_is_restricted(got.store));
	sample_close(&got);
}

static void an_old_backup_comes_back_without_those_erased_since(void **state)
{
	struct restore_report report = restored("repo", "old", 1);
	struct sample got;
	(void)state;

	open_restored(&got, "old");
	assert_people(&got, "01111100");
	assert_int_equal(report.sequence, 1);
	assert_int_equal(report.newest_sequence, 3);
	assert_int_equal(report.subjects, 5);
	assert_int_equal(report.removed_subjects, 1);
	assert_int_equal(report.removed_records, 1);
	assert_int_equal(report.vault_generation, 2);
	assert_int_equal(report.decided_sequence, 3);
	assert_true(report.nnotes > 0);
	assert_int_equal(shell("test ! -e old/newest"), 0);
	sample_close(&got);
}

/* As of a time; points gets what there is instead. */
static int restore_at(const struct sample *of, const char *repo, const char *to, int64_t at_ms,
	struct restore_report *ret, struct buf *points, struct cu_err *err)
{
	struct restore_options options = { .has_at = true, .at_ms = at_ms, .ret_points = points,
		.now_ms = of->now_ms };

	return restore_run(at("%s", repo), buf_span(&of->identity), at("%s", to), &options, NULL,
		ret, err);
}

static void a_time_between_two_backups_brings_the_first(void **state)
{
	int64_t first_ms = restored("repo", "one", 1).backup_time_ms;
	int64_t last_ms = restored("repo", "three", 3).backup_time_ms;
	struct restore_report report;
	struct cu_err err = { 0 };
	struct sample got;
	(void)state;

	assert_ok(restore_at(&s, "repo", "then", last_ms - 1, &report, NULL, &err), &err);

	open_restored(&got, "then");
	assert_people(&got, "01111100"); /* the erased one is not back */
	assert_int_equal(report.sequence, 1);
	assert_int_equal(report.decided_sequence, 3);
	assert_true(report.backup_time_ms == first_ms);
	sample_close(&got);
	assert_ok(restore_at(&s, "repo", "now", last_ms, &report, NULL, &err), &err);
	assert_int_equal(report.sequence, 3);
}

static void a_time_before_the_first_backup_is_refused_with_what_there_is(void **state)
{
	int64_t first_ms = restored("repo", "first", 1).backup_time_ms;
	struct restore_report report;
	struct buf points = BUF_INIT;
	struct cu_err err = { 0 };
	char when[CIVIL_TIME_SIZE];
	(void)state;

	assert_int_equal(restore_at(&s, "repo", "refused", first_ms - 1, &report, &points, &err),
		CU_ENOENT);

	civil_format_time(first_ms - 1, when);
	assert_says(&err, when);
	buf_put(&points, "", 1);
	civil_format_time(first_ms, when);
	assert_non_null(strstr((const char *)points.p, when));
	assert_non_null(strstr((const char *)points.p, "backup 3"));
	assert_null(strstr((const char *)points.p, "backup 2")); /* the same data as 1 */
	assert_int_equal(shell("test ! -e refused && test ! -e .refused.restoring"), 0);
	buf_done(&points);
}

static bool has_note(const struct restore_report *report, const char *text)
{
	bool has = false;

	for (size_t i = 0; i < report->nnotes; i++) {
		has |= strstr(report->notes[i], text) != NULL;
	}
	return has;
}

static void a_time_that_has_not_come_brings_the_newest_and_says_so(void **state)
{
	struct restore_report report;
	struct cu_err err = { 0 };
	(void)state;

	assert_ok(restore_at(&s, "repo", "later", s.now_ms + 1000, &report, NULL, &err), &err);

	assert_int_equal(report.sequence, 3);
	assert_true(has_note(&report, "has not come"));
	assert_false(has_note(&report, "clock"));
}

/* Three backups, and the clock is put back an hour before the last. */
static void after_a_clock_that_jumped_the_number_decides_and_the_report_says_so(void **state)
{
	struct restore_report report;
	struct cu_err err = { 0 };
	struct sample jumped;
	int64_t start_ms;
	(void)state;

	sample_make(&jumped, at("jumped"));
	start_ms = jumped.now_ms;
	for (int i = 0; i < 3; i++) {
		jumped.now_ms = start_ms + (i == 1 ? 7200000 : i * 1800000);
		sample_add(&jumped, 1);
		sample_snapshot(&jumped, at("jumped.repo"));
	}

	assert_ok(restore_at(&jumped, "jumped.repo", "jumped.late", start_ms + 7000000, &report, NULL, &err),
		&err);
	assert_int_equal(report.sequence, 3); /* of 3600000, and the newest by number */
	assert_int_equal(report.subjects, 3);
	assert_true(has_note(&report, "backup 2 says"));
	assert_true(has_note(&report, "--sequence"));

	assert_ok(restore_at(&jumped, "jumped.repo", "jumped.early", start_ms + 1800000, &report, NULL, &err),
		&err);
	assert_int_equal(report.sequence, 1);
	assert_true(has_note(&report, "backup 2 says"));
	sample_close(&jumped);
}

static void the_store_id_stays_and_the_lineage_is_new(void **state)
{
	struct restore_report report = restored("repo", "ids", 0);
	struct sample got;
	struct id store = store_id(s.store), lineage = store_lineage(s.store);
	struct id got_store, got_lineage;
	(void)state;

	open_restored(&got, "ids");
	got_store = store_id(got.store);
	got_lineage = store_lineage(got.store);
	assert_true(id_eq(&store, &got_store));
	assert_false(id_eq(&lineage, &got_lineage));
	assert_true(id_eq(&report.lineage, &got_lineage));
	assert_memory_not_equal(got.verifier.public_key, s.verifier.public_key, 32);
	assert_memory_equal(got.verifier.public_key, report.log_key.public_key, 32);
	sample_close(&got);
}

static void a_restored_store_goes_on_and_its_log_extends_the_old_one(void **state)
{
	struct restore_report report = restored("repo", "goes-on", 0);
	struct sample got;
	struct buf leaf = BUF_INIT, old = BUF_INIT;
	struct cu_err err = { 0 };
	(void)state;

	open_restored(&got, "goes-on");
	assert_ok(ledger_read(got.ledger, report.log_size, &leaf, &err), &err);
	assert_non_null(strstr(buf_cstr(&leaf), "act=store.restore"));
	buf_clear(&leaf);
	assert_ok(ledger_read(got.ledger, report.log_size + 1, &leaf, &err), &err);
	assert_non_null(strstr(buf_cstr(&leaf), "act=log.key"));
	buf_clear(&leaf);
	assert_ok(ledger_read(got.ledger, 3, &leaf, &err), &err);
	assert_ok(ledger_read(s.ledger, 3, &old, &err), &err);
	assert_true(span_eq(buf_span(&leaf), buf_span(&old)));

	got.npeople = 20;
	sample_add(&got, 3);
	assert_true(sample_has(&got, &got.people[21], 21));
	sample_erase(&got, 21);
	assert_false(sample_has(&got, &got.people[21], 21));
	assert_true(ledger_size(got.ledger) > report.log_size + 2);
	sample_close(&got);
	open_restored(&got, "goes-on");
	assert_people(&got, "01111111");
	sample_close(&got);
	buf_done(&leaf);
	buf_done(&old);
}

static void a_restored_store_is_backed_up_and_restored_again(void **state)
{
	struct restore_options options = { .now_ms = s.now_ms };
	struct buf identity = BUF_INIT_WIPE;
	struct restore_report report;
	struct sample got;
	struct snapshot_result result;
	struct cu_err err = { 0 };
	(void)state;

	options.ret_identity = &identity;
	assert_ok(restore_run(at("repo"), buf_span(&s.identity), at("second"), &options, NULL,
			  &report, &err), &err);
	open_restored(&got, "second");
	got.people[3] = s.people[3];
	sample_snapshot(&got, at("repo2"));
	sample_erase(&got, 3);
	sample_vault_object(&got, at("repo2"));
	assert_int_equal(
		sample_back_up(&got, at("repo"), true, NULL, &result, &err), CU_EEXIST);
	sample_close(&got);

	assert_int_equal(restore_run(at("repo2"), buf_span(&s.identity), at("third"), &options,
				 NULL, &report, &err),
		CU_ENOKEY);
	assert_ok(restore_run(at("repo2"), buf_span(&identity), at("third"), &options, NULL,
			  &report, &err), &err);
	open_restored(&got, "third");
	assert_people(&got, "01101111");
	assert_false(report.has_gap);
	sample_close(&got);
	buf_done(&identity);
}

/* The log's mirror is ahead of the newest vault object: an erasure whose vault object never
 * got there. */
static void shreds_beyond_the_vault_object_are_done_again(void **state)
{
	struct restore_report report;
	struct log_head head;
	struct sample got;
	uint64_t size;
	struct cu_err err = { 0 };
	(void)state;

	copy_repo("ahead");
	sample_erase(&s, 5);
	assert_ok(ledger_publish(s.ledger, &size, &err), &err);
	assert_ok(log_mirror(s.log_dir, at("ahead/log"), &s.verifier, &head, &err), &err);
	report = restored("ahead", "replayed", 0);
	open_restored(&got, "replayed");

	assert_people(&got, "01111011");
	assert_int_equal(report.shreds_replayed, 1);
	assert_int_equal(report.vault_generation, 2);
	assert_int_equal(report.restored_generation, 3);
	assert_int_equal(report.removed_subjects, 1);
	assert_false(report.has_gap);
	sample_close(&got);
}

static void several_ranges_come_back(void **state)
{
	struct sample big, got;
	struct restore_options options = { .now_ms = s.now_ms };
	struct restore_report report;
	struct cu_err err = { 0 };
	sqlite3 *db = NULL;
	(void)state;

	/* 70 MiB of pages that nobody reads: the second range is short */
	sample_make(&big, at("big"));
	sample_add(&big, 2);
	store_close(big.store);
	big.store = NULL;
	assert_int_equal(sqlite3_open(at("big/data.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "CREATE TABLE ballast (x); WITH RECURSIVE n(i) AS (SELECT 1 "
					  "UNION ALL SELECT i + 1 FROM n WHERE i < 70) INSERT INTO "
					  "ballast SELECT zeroblob(1048576) FROM n",
				 NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	ledger_close(big.ledger);
	vault_close(big.vault);
	signer_free(big.signer);
	key_free(big.arena, big.k0);
	key_arena_free(big.arena);
	sample_open(&big);
	assert_int_equal(sample_snapshot(&big, at("bigrepo")).objects, 3);

	assert_ok(restore_run(at("bigrepo"), buf_span(&big.identity), at("bigger"), &options,
			  NULL, &report, &err), &err);
	open_restored(&got, "bigger");
	assert_true(sample_has(&got, &big.people[1], 1));
	assert_true(report.bytes > 70 << 20);
	sample_close(&got);
	sample_close(&big);
	remove_tree(at("big"));
	remove_tree(at("bigrepo"));
	remove_tree(at("bigger"));
}

/* --- gaps ----------------------------------------------------------------------------- */

/* The log's copy as it was at backup 1. */
static void age_log(const char *name)
{
	copy_repo(name);
	assert_int_equal(shell("rm -r %s/log && cp -r oldlog %s/log", name, name), 0);
}

static void a_log_that_lags_opens_restricted(void **state)
{
	struct restore_report report;
	struct sample got;
	(void)state;

	age_log("lagging");
	report = restored("lagging", "restricted", 0);
	open_restored(&got, "restricted");

	assert_true(report.has_gap);
	assert_true(report.nreasons >= 1);
	assert_non_null(strstr(report.reasons[0], "manifest 3 was written when the log had"));
	assert_true(store_is_restricted(got.store));
	assert_people(&got, "01111111"); /* the vault object knows of the erasure all the same */
	sample_close(&got);
}

static void a_vault_object_that_no_manifest_names_is_a_gap_and_not_used(void **state)
{
	struct restore_report report;
	(void)state;

	copy_repo("unnamed");
	assert_int_equal(shell("cd unnamed/vault && cp $(ls | tail -1) "
			       "00000000000000000009-$(ls | tail -1 | cut -c22-)"),
		0);
	report = restored("unnamed", "unnamed-out", 0);

	assert_true(report.has_gap);
	assert_non_null(strstr(report.reasons[0], "generation 9"));
	assert_int_equal(report.vault_generation, 2);
}

/* --- what is refused ------------------------------------------------------------------ */

static void name_of_vault(char out[REPO_NAME_SIZE], uint64_t sequence)
{
	struct chain c = { 0 };
	struct repo r;
	struct cu_err err = { 0 };

	assert_ok(repo_open(at("repo"), &r, &err), &err);
	assert_ok(chain_load(&r, &s.verifier, NULL, NULL, &c, &err), &err);
	repo_name_vault(c.at[sequence - 1].generation, c.at[sequence - 1].vault.hash, out);
	chain_done(&c);
}

static void name_of_data(char out[REPO_NAME_SIZE], uint64_t sequence)
{
	struct chain c = { 0 };
	struct repo r;
	struct cu_err err = { 0 };

	assert_ok(repo_open(at("repo"), &r, &err), &err);
	assert_ok(chain_load(&r, &s.verifier, NULL, NULL, &c, &err), &err);
	repo_name_data(c.at[sequence - 1].data_object, out);
	chain_done(&c);
}

static void a_missing_newest_vault_object_is_refused(void **state)
{
	char name[REPO_NAME_SIZE];
	(void)state;

	copy_repo("novault");
	name_of_vault(name, 3);
	assert_int_equal(shell("rm novault/%s", name), 0);
	assert_refused("novault", CU_ENOENT, name);
	assert_refused("novault", CU_ENOENT, "erased people would return");
}

static void a_missing_data_object_is_refused(void **state)
{
	struct restore_report report;
	struct cu_err err = { 0 };
	char name[REPO_NAME_SIZE];
	(void)state;

	copy_repo("nodata");
	name_of_data(name, 3);
	assert_int_equal(shell("rm nodata/%s", name), 0);
	assert_refused("nodata", CU_ENOENT, name);
	assert_refused("nodata", CU_ENOENT, "restore another backup");
	/* nor does it stop an older one: that goes by what it has itself, and by the log */
	assert_ok(restore("nodata", "other-backup", 1, &report, &err), &err);
	assert_true(report.decided_sequence < 3);
	assert_non_null(strstr(report.notes[0], "an older backup than the newest"));
	assert_non_null(strstr(report.notes[0], "backup 3: "));
}

/* Flips one byte at a time, and cuts the file at that place; step by step through it. */
static void damage(const char *name, size_t step, const char *says, int flip_code)
{
	struct buf bytes = BUF_INIT;

	read_all(at("damaged/%s", name), &bytes);
	for (size_t i = 0; i < bytes.n; i += step) {
		bytes.p[i] ^= 1;
		write_all(at("damaged/%s", name), bytes.p, bytes.n);
		bytes.p[i] ^= 1;
		assert_refused("damaged", flip_code, says);
		assert_refused("damaged", flip_code, "back from another copy"); /* what to do */
		write_all(at("damaged/%s", name), bytes.p, i);
		assert_refused("damaged", CU_ECORRUPT, says);
	}
	write_all(at("damaged/%s", name), bytes.p, bytes.n);
	buf_done(&bytes);
}

static void every_damaged_byte_of_a_manifest_is_refused(void **state)
{
	(void)state;

	copy_repo("damaged");
	for (unsigned i = 1; i <= 3; i++) {
		char name[REPO_NAME_SIZE];

		repo_name_manifest(i, name);
		damage(name, 11 + i, name, CU_ECORRUPT); /* test_manifest flips every byte */
	}
	restored("damaged", "mended", 0);
}

static void damaged_bytes_of_objects_are_refused(void **state)
{
	char name[REPO_NAME_SIZE], says[REPO_NAME_SIZE + 64];
	struct buf bytes = BUF_INIT;
	(void)state;

	copy_repo("damaged");
	name_of_vault(name, 3);
	read_all(at("damaged/%s", name), &bytes);
	damage(name, bytes.n / 40 + 1, name, CU_ECORRUPT);
	snprintf(says, sizeof(says), "%s has %zu bytes instead of", name, bytes.n - 1);
	write_all(at("damaged/%s", name), bytes.p, bytes.n - 1);
	assert_refused("damaged", CU_ECORRUPT, says); /* before hours are spent */
	write_all(at("damaged/%s", name), bytes.p, bytes.n);
	name_of_data(name, 3);
	buf_clear(&bytes);
	read_all(at("damaged/%s", name), &bytes);
	damage(name, bytes.n / 40 + 1, name, CU_ECORRUPT);
	buf_done(&bytes);
	restored("damaged", "mended2", 0);
}

static void a_damaged_log_is_refused(void **state)
{
	struct buf bytes = BUF_INIT;
	(void)state;

	copy_repo("damaged");
	assert_int_equal(shell("f=$(find damaged/log/tile/entries -type f | sort | tail -1) && "
			       "printf X | dd of=$f bs=1 seek=40 conv=notrunc 2>/dev/null"),
		0);
	assert_refused("damaged", CU_ECORRUPT, "bring log/ back");
	copy_repo("damaged");
	read_all(at("damaged/log/checkpoint"), &bytes);
	for (size_t i = 0; bytes.p[i] != '\n' || i == 0; i++) {
		bytes.p[i] ^= 1; /* in the origin, which the signature covers */
		write_all(at("damaged/log/checkpoint"), bytes.p, bytes.n);
		bytes.p[i] ^= 1;
		assert_refused("damaged", CU_ECORRUPT, "checkpoint");
	}
	buf_done(&bytes);
}

static void a_repository_without_its_log_is_refused(void **state)
{
	(void)state;

	copy_repo("nolog");
	assert_int_equal(shell("rm -r nolog/log"), 0);
	assert_refused("nolog", CU_ENOENT, "bring log/ back");
}

static void pipes_in_the_log_are_refused_and_not_waited_for(void **state)
{
	(void)state;

	copy_repo("piped");
	assert_int_equal(shell("rm piped/log/checkpoint && mkfifo piped/log/checkpoint"), 0);
	assert_refused("piped", CU_ECORRUPT, "bring log/ back");
	copy_repo("piped");
	assert_int_equal(shell("for f in $(find piped/log/tile -type f); do rm $f && mkfifo $f; done"), 0);
	assert_refused("piped", CU_ECORRUPT, "bring log/ back");
}

static void a_missing_manifest_is_refused(void **state)
{
	(void)state;

	copy_repo("hole");
	assert_int_equal(shell("rm hole/manifest/0000000002"), 0);
	assert_refused("hole", CU_ECORRUPT, "manifest 2 before it is missing");
}

static void the_end_of_the_chain_cut_off_is_noticed_by_log_and_vault(void **state)
{
	struct restore_report report;
	struct sample got;
	(void)state;

	/* back to backup 1, but log and vault objects are as they are: nobody returns */
	copy_repo("cut");
	assert_int_equal(shell("rm cut/manifest/0000000002* cut/manifest/0000000003*"), 0);
	report = restored("cut", "cut-out", 0);
	open_restored(&got, "cut-out");
	assert_people(&got, "01111100");
	assert_int_equal(report.shreds_replayed, 1);
	sample_close(&got);

	/* the log as well: the vault objects that are left tell that something is missing */
	assert_int_equal(shell("rm -r cut/log && cp -r oldlog cut/log"), 0);
	report = restored("cut", "cut-out2", 0);
	assert_true(report.has_gap);
}

/* A copy of the repository with a fourth manifest, as the third but for what alter does to it, signed by the
 * right key. */
static void forge_fourth(const char *name, void (*alter)(struct manifest *))
{
	struct chain c = { 0 };
	struct manifest m = { 0 };
	struct buf text = BUF_INIT, sig = BUF_INIT;
	struct repo r;
	struct cu_err err = { 0 };

	copy_repo(name);
	assert_ok(repo_open(at("%s", name), &r, &err), &err);
	assert_ok(chain_load(&r, &s.verifier, NULL, NULL, &c, &err), &err);
	assert_ok(chain_get(&r, &c.at[2], &m, &err), &err);
	m.sequence = 4;
	memcpy(m.previous, c.at[2].hash, 32);
	alter(&m);
	assert_ok(manifest_format(&m, &text, &err), &err);
	assert_ok(manifest_sign(&m, buf_span(&text), s.signer, &sig, &err), &err);
	assert_ok(repo_put(&r, "manifest/0000000004.minisig", buf_span(&sig), &err), &err);
	assert_ok(repo_put(&r, "manifest/0000000004", buf_span(&text), &err), &err);
	manifest_done(&m);
	chain_done(&c);
	buf_done(&text);
	buf_done(&sig);
}

static void of_another_log(struct manifest *m)
{
	m->log_root[0] ^= 1;
}

static void after_another(struct manifest *m)
{
	m->previous[0] ^= 1;
}

static void a_manifest_of_another_log_is_refused(void **state)
{
	(void)state;
	forge_fourth("otherlog", of_another_log);
	assert_refused("otherlog", CU_ECORRUPT, "manifest 4 was written beside another log");
}

static void a_manifest_that_follows_on_another_is_refused(void **state)
{
	(void)state;
	forge_fourth("forked", after_another);
	assert_refused("forked", CU_ECORRUPT, "does not follow on the manifest before it");
}

static void another_identity_is_refused(void **state)
{
	struct restore_options options = { .now_ms = s.now_ms };
	struct restore_report report;
	struct buf foreign = BUF_INIT_WIPE;
	struct recipients_file recipients;
	struct id store = store_id(s.store);
	struct cu_err err = { 0 };
	(void)state;

	/* right pins, wrong keys */
	assert_ok(identity_create(&store, &s.verifier, &s.verifier, &foreign, &recipients, &err),
		&err);
	assert_int_equal(restore_run(at("repo"), buf_span(&foreign), at("refused"), &options,
				 NULL, &report, &err),
		CU_ENOKEY);
	assert_says(&err, "other recipients");
	/* another store's pins */
	buf_clear(&foreign);
	store = id_new();
	assert_ok(identity_create(&store, &s.verifier, &s.verifier, &foreign, &recipients, &err),
		&err);
	assert_int_equal(restore_run(at("repo"), buf_span(&foreign), at("refused"), &options,
				 NULL, &report, &err),
		CU_EINVAL);
	assert_says(&err, "another store");
	assert_int_equal(shell("test ! -e refused && test ! -e .refused.restoring"), 0);
	buf_done(&foreign);
}

static void a_backup_that_does_not_exist_is_refused(void **state)
{
	struct restore_report report;
	struct cu_err err = { 0 };
	(void)state;

	assert_int_equal(restore("repo", "refused", 4, &report, &err), CU_EINVAL);
	assert_says(&err, "there are 1 to 3");
	assert_int_equal(restore("store", "refused", 0, &report, &err), CU_ENOENT);
	assert_says(&err, "no repository");
}

/* --- the place ------------------------------------------------------------------------ */

static void a_directory_with_something_in_it_is_never_written_into(void **state)
{
	struct restore_report report;
	struct cu_err err = { 0 };
	(void)state;

	assert_int_equal(shell("mkdir full && touch full/.hidden && touch file && ln -s /nowhere link"), 0);
	assert_int_equal(restore("repo", "full", 0, &report, &err), CU_EEXIST);
	assert_int_equal(restore("repo", "file", 0, &report, &err), CU_EEXIST);
	assert_int_equal(restore("repo", "link", 0, &report, &err), CU_EEXIST);
	assert_int_equal(restore("repo", "absent/deep", 0, &report, &err), CU_ENOENT);
	assert_int_equal(shell("test \"$(ls -A full)\" = .hidden && test ! -e absent"), 0);
}

static void an_empty_directory_is_filled(void **state)
{
	(void)state;

	assert_int_equal(shell("mkdir hollow"), 0);
	restored("repo", "hollow/", 0);
	assert_int_equal(shell("test -e hollow/data.db && test $(stat -c %%a hollow) = 700 && "
			       "test ! -e .hollow.restoring && test ! -e .hollow.restoring.mark"),
		0);
	assert_int_equal(shell("test -z \"$(find hollow -type f -perm /077 -not -path 'hollow/log/*')\""), 0);
}

static void what_a_killed_restore_left_is_removed(void **state)
{
	struct restore_report report;
	struct cu_err err = { 0 };
	(void)state;

	assert_int_equal(shell("mkdir -p .killed.restoring/keys && touch .killed.restoring/data.db "
			       ".killed.restoring.mark"),
		0);
	restored("repo", "killed", 0);
	assert_int_equal(shell("test ! -e .killed.restoring && test ! -e .killed.restoring.mark"), 0);

	assert_int_equal(shell("mkdir .mine.restoring && touch .mine.restoring/precious"), 0);
	assert_int_equal(restore("repo", "mine", 0, &report, &err), CU_EEXIST);
	assert_says(&err, "is in the way");
	assert_int_equal(shell("test -e .mine.restoring/precious"), 0);
}

struct stop {
	atomic_bool flag;
	const char *when;
	bool was_seen;
};

static void stop_when(void *ctx, const char *what, uint64_t done, uint64_t total)
{
	struct stop *stop = ctx;

	(void)done;
	(void)total;
	if (strcmp(what, stop->when) == 0) {
		stop->was_seen = true;
		atomic_store(&stop->flag, true);
	}
}

static void a_cancelled_restore_leaves_nothing(void **state)
{
	static const char *const stages[] = { "log", "vault", "data", "settle" };
	(void)state;

	for (size_t i = 0; i < sizeof(stages) / sizeof(*stages); i++) {
		struct stop stop = { .when = stages[i] };
		struct watch watch = { stop_when, &stop, &stop.flag };
		struct restore_options options = { .now_ms = s.now_ms };
		struct restore_report report;
		struct cu_err err = { 0 };

		assert_int_equal(restore_run(at("repo"), buf_span(&s.identity), at("stopped"),
					 &options, &watch, &report, &err),
			CU_ECANCELED);
		assert_true(stop.was_seen);
		assert_int_equal(shell("test ! -e stopped && test ! -e .stopped.restoring"), 0);
	}
}

static void the_repository_is_not_written_to(void **state)
{
	(void)state;

	assert_int_equal(shell("find repo -type f | sort | xargs sha256sum > before"), 0);
	restored("repo", "readonly", 0);
	assert_int_equal(shell("find repo -type f | sort | xargs sha256sum | cmp - before"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_backup_comes_back),
		cmocka_unit_test(an_old_backup_comes_back_without_those_erased_since),
		cmocka_unit_test(a_time_between_two_backups_brings_the_first),
		cmocka_unit_test(a_time_before_the_first_backup_is_refused_with_what_there_is),
		cmocka_unit_test(a_time_that_has_not_come_brings_the_newest_and_says_so),
		cmocka_unit_test(after_a_clock_that_jumped_the_number_decides_and_the_report_says_so),
		cmocka_unit_test(the_store_id_stays_and_the_lineage_is_new),
		cmocka_unit_test(a_restored_store_goes_on_and_its_log_extends_the_old_one),
		cmocka_unit_test(a_restored_store_is_backed_up_and_restored_again),
		cmocka_unit_test(several_ranges_come_back),
		cmocka_unit_test(a_log_that_lags_opens_restricted),
		cmocka_unit_test(a_vault_object_that_no_manifest_names_is_a_gap_and_not_used),
		cmocka_unit_test(a_missing_newest_vault_object_is_refused),
		cmocka_unit_test(a_missing_data_object_is_refused),
		cmocka_unit_test(every_damaged_byte_of_a_manifest_is_refused),
		cmocka_unit_test(damaged_bytes_of_objects_are_refused),
		cmocka_unit_test(a_damaged_log_is_refused),
		cmocka_unit_test(a_repository_without_its_log_is_refused),
		cmocka_unit_test(pipes_in_the_log_are_refused_and_not_waited_for),
		cmocka_unit_test(a_missing_manifest_is_refused),
		cmocka_unit_test(the_end_of_the_chain_cut_off_is_noticed_by_log_and_vault),
		cmocka_unit_test(a_manifest_of_another_log_is_refused),
		cmocka_unit_test(a_manifest_that_follows_on_another_is_refused),
		cmocka_unit_test(another_identity_is_refused),
		cmocka_unit_test(a_backup_that_does_not_exist_is_refused),
		cmocka_unit_test(a_directory_with_something_in_it_is_never_written_into),
		cmocka_unit_test(an_empty_directory_is_filled),
		cmocka_unit_test(what_a_killed_restore_left_is_removed),
		cmocka_unit_test(a_cancelled_restore_leaves_nothing),
		cmocka_unit_test(the_repository_is_not_written_to),
		cmocka_unit_test(shreds_beyond_the_vault_object_are_done_again), /* erases: last */
	};

	return cmocka_run_group_tests(tests, make_sample, drop_sample);
}
