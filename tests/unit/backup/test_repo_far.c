/* A repository that somebody else keeps, who may lie. */
#include "fixture.h"

#include <stdbool.h>

#include "backup/repo_far.h"
#include "crypto/hash.h"
#include "backup/object.h"

/* The other side: a directory, served honestly but for what a test asks for. */
static struct repo kept, far;
static const char *list_instead; /* of what is there */
static bool is_endless, is_away;
static size_t nwritable; /* orders that could have changed our file */

static int tell(void *ctx, const char *name, uint64_t size, struct cu_err *err)
{
	(void)err;
	return dprintf(*(int *)ctx, "%llu %s\n", (unsigned long long)size, name) < 0 ? CU_EIO : 0;
}

static int serve_list(struct far_order *o, struct cu_err *err)
{
	if (list_instead) {
		return path_write_fd(o->fd, span_str(list_instead), err);
	}
	return repo_list(&kept, o->name, tell, &o->fd, err);
}

/* As control/agent_order.c does: no more than one byte too many. */
static int serve_get(struct far_order *o, struct cu_err *err)
{
	struct buf bytes = BUF_INIT;
	int code = repo_get(&kept, o->name, 1 << 20, &bytes, err);

	while (code == 0 && is_endless && bytes.n <= o->size) {
		buf_put_str(&bytes, "more and more ");
	}
	if (code == 0) {
		size_t n = bytes.n > o->size ? o->size + 1 : bytes.n;

		code = path_write_fd(o->fd, span_of(bytes.p, n), err);
		o->size = n;
	}
	buf_done(&bytes);
	return code;
}

static int serve_put(struct far_order *o, struct cu_err *err)
{
	struct buf bytes = BUF_INIT;
	int code = path_read_fd(o->fd, 1 << 20, &bytes, err);

	nwritable += write(o->fd, "x", 1) == 1;
	if (code == 0) {
		code = bytes.n != o->size ? cu_err_set(err, CU_EPROTO, "size") :
			o->verb == FAR_PUT ? repo_put(&kept, o->name, buf_span(&bytes), err) :
					     repo_put_over(&kept, o->name, buf_span(&bytes), err);
	}
	buf_done(&bytes);
	return code;
}

static int serve(const struct repo_far *f, struct far_order *o, struct cu_err *err)
{
	(void)f;
	if (is_away) {
		return cu_err_set(err, CU_EUNAVAIL, "away");
	}
	switch (o->verb) {
	case FAR_PUT:
	case FAR_REPLACE: return serve_put(o, err);
	case FAR_GET: return serve_get(o, err);
	case FAR_SIZE: return repo_size(&kept, o->name, &o->size, err);
	case FAR_LIST: return serve_list(o, err);
	case FAR_REMOVE: return repo_remove(&kept, o->name, err);
	case FAR_NVERBS_: break;
	}
	return CU_EINTERNAL;
}

static int begin(void **state)
{
	const struct repo_far how = { .call = serve, .key = "nas" };
	struct cu_err err = { 0 };

	(void)state;
	list_instead = NULL;
	is_endless = is_away = false;
	nwritable = 0;
	assert_int_equal(shell("rm -rf kept way"), 0);
	assert_ok(repo_create(at("kept"), &kept, &err), &err);
	assert_ok(repo_far_init(&how, at("way"), &far, &err), &err);
	return 0;
}

static void what_was_put_there_is_got_from_there(void **state)
{
	struct buf got = BUF_INIT;
	struct cu_err err = { 0 };
	uint64_t size = 0;

	(void)state;
	assert_int_equal(repo_far_open(&far, &err), CU_ENOENT);
	assert_ok(repo_far_create(&far, &err), &err);
	assert_ok(repo_put(&far, "manifest/0000000001", span_str("one"), &err), &err);
	assert_int_equal(repo_put(&far, "manifest/0000000001", span_str("two"), &err), CU_EEXIST);
	assert_ok(repo_put_over(&far, "manifest/0000000001", span_str("three"), &err), &err);
	assert_ok(repo_far_open(&far, &err), &err);
	assert_ok(repo_get(&far, "manifest/0000000001", 100, &got, &err), &err);
	assert_string_equal(buf_cstr(&got), "three");
	assert_ok(repo_size(&far, "manifest/0000000001", &size, &err), &err);
	assert_int_equal(size, 5);
	assert_int_equal(repo_get(&far, "manifest/0000000002", 100, &got, &err), CU_ENOENT);
	assert_int_equal(repo_get(&far, "manifest/0000000001", 4, &got, &err), CU_ELIMIT);
	assert_ok(repo_remove(&far, "manifest/0000000001", &err), &err);
	assert_int_equal(repo_far_open(&far, &err), CU_ENOENT);
	assert_int_equal(nwritable, 0);
	assert_int_equal(shell("test -z \"$(ls -A way)\" && test -s kept/open_backup.py"), 0);
	buf_done(&got);
}

/* Its bytes are hashed first, and it is cut off where its size ends. */
static void an_object_without_end_or_with_other_bytes_is_corrupt(void **state)
{
	struct object_ref ref = { .stored = 5 };
	struct cu_err err = { 0 };
	char name[REPO_NAME_SIZE];

	(void)state;
	hash_sha256(span_str("bytes"), ref.hash);
	repo_name_data(ref.hash, name);
	assert_ok(repo_put(&far, name, span_str("bytes"), &err), &err);
	assert_ok(object_verify(&far, name, &ref, &err), &err);
	is_endless = true;
	assert_int_equal(object_verify(&far, name, &ref, &err), CU_ECORRUPT);
	is_endless = false;
	assert_ok(repo_put_over(&kept, name, span_str("sixes"), &err), &err);
	assert_int_equal(object_verify(&far, name, &ref, &err), CU_ECORRUPT);
	is_away = true;
	assert_int_equal(object_verify(&far, name, &ref, &err), CU_EUNAVAIL);
}

static int count(void *ctx, const char *name, uint64_t size, struct cu_err *err)
{
	(void)name;
	(void)size;
	(void)err;
	++*(int *)ctx;
	return 0;
}

static void a_list_with_names_that_are_none_is_refused(void **state)
{
	static const char *const bad[] = { "5 data/../../etc/passwd\n", "5 /etc/passwd\n", "5 vault/x\n",
		"x data/a\n", "5data/a\n", "-5 data/a\n", "5 data/\n", "5 data/a b\n", "5 data/.a\n",
		"99999999999999999999999 data/a\n", "5 data\n", " 5 data/a\n", "5 data//a\n" };
	struct cu_err err = { 0 };
	int n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		list_instead = bad[i];
		assert_int_equal(repo_list(&far, "data", count, &n, &err), CU_EPROTO);
		assert_null(strstr(err.msg, "passwd"));
	}
	assert_int_equal(n, 0);
	list_instead = "7 data/b\n5 data/a\n3 data/half-a-line";
	assert_ok(repo_list(&far, "data", count, &n, &err), &err);
	assert_int_equal(n, 2);
}

static void a_copy_is_a_repository_and_asks_for_space_first(void **state)
{
	struct repo copy;
	struct cu_err err = { 0 };

	(void)state;
	assert_ok(repo_put(&far, "manifest/0000000001", span_str("one"), &err), &err);
	assert_ok(repo_put(&far, "data/ab/x", span_str("two"), &err), &err);
	assert_ok(repo_far_fetch(&far, at("copy"), NULL, &err), &err);
	assert_ok(repo_open(at("copy"), &copy, &err), &err);
	assert_int_equal(shell("test \"$(cat copy/data/ab/x copy/manifest/0000000001)\" = twoone"), 0);

	list_instead = "9000000000000000000 manifest/0000000001\n";
	assert_int_equal(repo_far_fetch(&far, at("large"), NULL, &err), CU_EPROTO); /* log: it is not below */
	assert_int_equal(shell("test -z \"$(find large -type f)\""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_was_put_there_is_got_from_there, begin),
		cmocka_unit_test_setup(an_object_without_end_or_with_other_bytes_is_corrupt, begin),
		cmocka_unit_test_setup(a_list_with_names_that_are_none_is_refused, begin),
		cmocka_unit_test_setup(a_copy_is_a_repository_and_asks_for_space_first, begin),
	};

	return cmocka_run_group_tests(tests, make_tmp, drop_tmp);
}
