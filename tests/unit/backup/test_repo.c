#include "fixture.h"

#include "backup/repo.h"

static struct repo repo;

static int make_repo(void **state)
{
	struct cu_err err = { 0 };

	if (make_tmp(state) < 0) {
		return -1;
	}
	assert_ok(repo_create(at("repo"), &repo, &err), &err);
	return 0;
}

static void a_new_repository_tells_how_to_open_it(void **state)
{
	struct buf text = BUF_INIT;
	(void)state;

	read_all(at("repo/README.txt"), &text);
	assert_non_null(strstr(buf_cstr(&text), "age -d -i FILE"));
	assert_non_null(strstr(buf_cstr(&text), "minisign -V -P KEY"));
	assert_int_equal(shell("test \"$(stat -c %%a repo repo/data repo/vault repo/log repo/manifest "
			       "repo/tmp | sort -u)\" = 700"),
		0);
	buf_done(&text);
}

static void the_program_that_opens_it_lies_in_it(void **state)
{
	struct buf is = BUF_INIT, source = BUF_INIT;
	struct repo again;
	struct cu_err err = { 0 };
	(void)state;

	read_all(at("repo/open_backup.py"), &is);
	read_all("daemon/backup/repository/open_backup.py", &source); /* we start in the tree */
	assert_true(span_eq(buf_span(&is), buf_span(&source)));
	/* a repository of an earlier custos gets it at its next backup */
	assert_int_equal(shell("rm repo/open_backup.py"), 0);
	assert_ok(repo_create(at("repo"), &again, &err), &err);
	assert_int_equal(shell("test -s repo/open_backup.py"), 0);
	buf_done(&is);
	buf_done(&source);
}

static void making_it_again_changes_nothing(void **state)
{
	struct repo again;
	struct cu_err err = { 0 };
	(void)state;

	write_all(at("repo/README.txt"), "mine", 4);
	write_all(at("repo/open_backup.py"), "mine", 4);
	assert_ok(repo_create(at("repo"), &again, &err), &err);
	assert_int_equal(shell("test \"$(cat repo/README.txt repo/open_backup.py)\" = minemine"), 0);
}

static void a_directory_without_manifests_is_no_repository(void **state)
{
	struct repo r;
	struct cu_err err = { 0 };
	(void)state;

	assert_int_equal(mkdir(at("empty"), 0700), 0);
	assert_int_equal(repo_open(at("empty"), &r, &err), CU_ENOENT);
	assert_says(&err, "no repository");
	assert_int_equal(repo_open(at("absent"), &r, &err), CU_ENOENT);
	assert_int_equal(shell("test ! -e absent"), 0);
}

static void what_was_put_is_got(void **state)
{
	struct buf got = BUF_INIT;
	struct cu_err err = { 0 };
	uint64_t size;
	(void)state;

	assert_ok(repo_put(&repo, "manifest/0000000001", span_str("text"), &err), &err);
	assert_ok(repo_get(&repo, "manifest/0000000001", 100, &got, &err), &err);
	assert_ok(repo_size(&repo, "manifest/0000000001", &size, &err), &err);

	assert_string_equal(buf_cstr(&got), "text");
	assert_int_equal(size, 4);
	buf_done(&got);
}

static void a_taken_name_is_not_given_again(void **state)
{
	struct buf got = BUF_INIT;
	struct cu_err err = { 0 };
	(void)state;

	assert_ok(repo_put(&repo, "manifest/0000000002", span_str("old"), &err), &err);
	assert_int_equal(repo_put(&repo, "manifest/0000000002", span_str("new"), &err), CU_EEXIST);
	assert_ok(repo_get(&repo, "manifest/0000000002", 100, &got, &err), &err);
	assert_string_equal(buf_cstr(&got), "old");

	assert_ok(repo_put_over(&repo, "manifest/0000000002", span_str("new"), &err), &err);
	buf_clear(&got);
	assert_ok(repo_get(&repo, "manifest/0000000002", 100, &got, &err), &err);
	assert_string_equal(buf_cstr(&got), "new");
	assert_int_equal(shell("test -z \"$(ls -A repo/tmp)\""), 0);
	buf_done(&got);
}

static void absent_and_too_large_are_told_apart(void **state)
{
	struct buf got = BUF_INIT;
	struct cu_err err = { 0 };
	(void)state;

	assert_int_equal(repo_get(&repo, "manifest/0000000009", 100, &got, &err), CU_ENOENT);
	assert_says(&err, "manifest/0000000009");
	assert_ok(repo_put(&repo, "manifest/0000000003", span_str("large"), &err), &err);
	assert_int_equal(repo_get(&repo, "manifest/0000000003", 4, &got, &err), CU_ELIMIT);
	assert_says(&err, "manifest/0000000003");
	buf_done(&got);
}

static void an_upload_of_bytes_that_are_there_is_dropped(void **state)
{
	struct repo_upload u;
	struct cu_err err = { 0 };
	uint8_t hash[32] = { 0xab };
	char name[REPO_NAME_SIZE];
	bool is_new;
	(void)state;

	repo_name_data(hash, name);
	for (int i = 0; i < 2; i++) {
		assert_ok(repo_upload_begin(&repo, &u, &err), &err);
		assert_ok(path_write_fd(u.fd, span_str("bytes"), &err), &err);
		assert_ok(repo_upload_put(&repo, &u, name, &is_new, &err), &err);
		assert_int_equal(is_new, i == 0);
		assert_int_equal(u.fd, -1);
	}
	assert_int_equal(shell("test \"$(cat repo/%s)\" = bytes && test -z \"$(ls -A repo/tmp)\"",
				 name),
		0);
}

static void an_interrupted_upload_is_swept(void **state)
{
	struct repo_upload u;
	struct cu_err err = { 0 };
	(void)state;

	assert_ok(repo_upload_begin(&repo, &u, &err), &err);
	close(u.fd); /* as a killed process leaves it */
	assert_int_equal(shell("test -n \"$(ls -A repo/tmp)\""), 0);
	assert_ok(repo_sweep(&repo, &err), &err);
	assert_int_equal(shell("test -z \"$(ls -A repo/tmp)\""), 0);
}

/* Whoever can write there must not have us remove what lies elsewhere: our own state, say. */
static void nothing_is_swept_through_a_link(void **state)
{
	struct cu_err err = { 0 };
	(void)state;

	assert_int_equal(shell("mkdir precious && touch precious/data.db && mv repo/tmp repo/kept && "
			       "ln -s ../precious repo/tmp"),
		0);
	assert_int_equal(repo_sweep(&repo, &err), CU_ECORRUPT);
	assert_says(&err, "tmp is a link");
	assert_int_equal(repo_remove(&repo, "tmp/data.db", &err), CU_ECORRUPT);
	assert_says(&err, "tmp is a link");
	assert_int_equal(shell("test -e precious/data.db && rm repo/tmp && mv repo/kept repo/tmp"), 0);
}

static void names_are_recognised_in_their_one_spelling(void **state)
{
	static const char hex[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	static const char upper[] = "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF";
	uint8_t hash[32];
	char name[REPO_NAME_SIZE], bad[REPO_NAME_SIZE];
	struct repo_name n;
	(void)state;

	for (unsigned i = 0; i < 32; i++) {
		hash[i] = (uint8_t)(i % 16 * 0x11);
	}
	repo_name_data(hash, name);
	assert_int_equal(repo_name_parse(name).kind, REPO_DATA);
	assert_string_equal(name + 8, hex);
	repo_name_vault(UINT64_MAX, hash, name);
	n = repo_name_parse(name);
	assert_int_equal(n.kind, REPO_VAULT);
	assert_true(n.number == UINT64_MAX);
	assert_memory_equal(n.hash, hash, 32);
	repo_name_manifest(12, name);
	assert_string_equal(name, "manifest/0000000012");
	assert_int_equal(repo_name_parse(name).number, 12);
	repo_name_signature(12, name);
	assert_int_equal(repo_name_parse(name).kind, REPO_SIGNATURE);

	snprintf(bad, sizeof(bad), "data/11/%s", hex);
	assert_int_equal(repo_name_parse(bad).kind, REPO_OTHER);
	snprintf(bad, sizeof(bad), "data/00/%s", upper);
	assert_int_equal(repo_name_parse(bad).kind, REPO_OTHER);
	snprintf(bad, sizeof(bad), "vault/99999999999999999999-%s", hex);
	assert_int_equal(repo_name_parse(bad).kind, REPO_OTHER);
	assert_int_equal(repo_name_parse("manifest/000000012").kind, REPO_OTHER);
	assert_int_equal(repo_name_parse("manifest/0000000012.minisig2").kind, REPO_OTHER);
	assert_int_equal(repo_name_parse("").kind, REPO_OTHER);
}

static int collect(void *ctx, const char *name, uint64_t size, struct cu_err *err)
{
	(void)err;
	buf_putf(ctx, "%s %d\n", name, (int)size);
	return 0;
}

static void a_list_is_sorted_and_goes_one_level_down(void **state)
{
	struct buf got = BUF_INIT;
	struct cu_err err = { 0 };
	struct repo r;
	(void)state;

	assert_ok(repo_create(at("list"), &r, &err), &err);
	assert_int_equal(shell("cd list/data && mkdir 0a ff && echo 1 > ff/two && echo 12 > 0a/one && "
			       "echo 123 > stray && ln -s stray link && touch .hidden"),
		0);
	assert_ok(repo_list(&r, "data", collect, &got, &err), &err);
	assert_string_equal(buf_cstr(&got),
		"data/0a/one 3\ndata/ff/two 2\ndata/link 0\ndata/stray 4\n");

	assert_int_equal(shell("rmdir list/vault"), 0);
	assert_ok(repo_list(&r, "vault", collect, &got, &err), &err);
	buf_done(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_repository_tells_how_to_open_it),
		cmocka_unit_test(the_program_that_opens_it_lies_in_it),
		cmocka_unit_test(making_it_again_changes_nothing),
		cmocka_unit_test(a_directory_without_manifests_is_no_repository),
		cmocka_unit_test(what_was_put_is_got),
		cmocka_unit_test(a_taken_name_is_not_given_again),
		cmocka_unit_test(absent_and_too_large_are_told_apart),
		cmocka_unit_test(an_upload_of_bytes_that_are_there_is_dropped),
		cmocka_unit_test(an_interrupted_upload_is_swept),
		cmocka_unit_test(nothing_is_swept_through_a_link),
		cmocka_unit_test(names_are_recognised_in_their_one_spelling),
		cmocka_unit_test(a_list_is_sorted_and_goes_one_level_down),
	};

	return cmocka_run_group_tests(tests, make_repo, drop_tmp);
}
