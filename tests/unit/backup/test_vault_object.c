/* A vault object counts once it was fetched back, opened and compared. */
#include "sample.h"

#include "backup/watch.h"

static struct sample s;

static int make_sample(void **state)
{
	if (make_tmp(state) < 0) {
		return -1;
	}
	sample_make(&s, at("store"));
	sample_add(&s, 3);
	return 0;
}

static int drop_sample(void **state)
{
	sample_close(&s);
	return drop_tmp(state);
}

/* A capture, and its object in a repository of its own. */
struct written {
	struct vault_capture *capture;
	struct object_ref ref;
	struct repo repo;
	char name[REPO_NAME_SIZE];
};

static struct written write_object(const char *repo)
{
	struct capture_op c = { .op = { .apply = apply_capture, .kind = STORE_ALONE },
		.sample = &s };
	struct written w = { 0 };
	struct cu_err err = { 0 };

	assert_ok(store_run(s.store, &c.op, &err), &err);
	w.capture = c.vault;
	assert_ok(repo_create(at("%s", repo), &w.repo, &err), &err);
	assert_ok(vault_object_write(w.capture, &w.repo, NULL, &w.ref, &err), &err);
	repo_name_vault(vault_capture_generation(w.capture), w.ref.hash, w.name);
	return w;
}

static int confirm(struct written *w, struct cu_err *err)
{
	return vault_object_confirm(w->capture, &w->repo, &w->ref, NULL, err);
}

static void an_object_that_came_back_as_it_was_captured_is_confirmed(void **state)
{
	struct written w = write_object("good");
	struct cu_err err = { 0 };
	(void)state;

	assert_ok(confirm(&w, &err), &err);

	/* its file key is gone: nothing opens it any more but the identity */
	assert_int_equal(confirm(&w, &err), CU_EINVAL);
	vault_capture_end(w.capture);
}

static void it_is_compared_with_the_capture_and_not_with_the_vault_of_now(void **state)
{
	struct written w = write_object("moved-on");
	struct cu_err err = { 0 };
	(void)state;

	sample_erase(&s, 0); /* another epoch key, another tree */

	assert_ok(confirm(&w, &err), &err);
	vault_capture_end(w.capture);
}

static void a_changed_byte_is_not_confirmed(void **state)
{
	struct written w = write_object("flipped");
	struct buf bytes = BUF_INIT;
	struct cu_err err = { 0 };
	const char *path = at("flipped/%s", w.name);
	(void)state;

	read_all(path, &bytes);
	bytes.p[bytes.n / 2] ^= 1;
	chmod(path, 0600);
	write_all(path, bytes.p, bytes.n);

	assert_int_equal(confirm(&w, &err), CU_ECORRUPT);
	assert_says(&err, w.name);
	buf_done(&bytes);
	vault_capture_end(w.capture);
}

static void an_object_that_is_gone_is_not_confirmed(void **state)
{
	struct written w = write_object("gone");
	struct cu_err err = { 0 };
	(void)state;

	assert_int_equal(unlink(at("gone/%s", w.name)), 0);

	assert_int_equal(confirm(&w, &err), CU_ENOENT);
	vault_capture_end(w.capture);
}

/* Its hash is right and the recipients could open it, but it is not what was captured.
 */
static void another_valid_object_is_not_confirmed(void **state)
{
	struct written w = write_object("two"), other = write_object("two");
	struct cu_err err = { 0 };
	(void)state;

	w.ref = other.ref;

	assert_int_equal(confirm(&w, &err), CU_ENOKEY);
	assert_ok(confirm(&other, &err), &err);
	vault_capture_end(w.capture);
	vault_capture_end(other.capture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_object_that_came_back_as_it_was_captured_is_confirmed),
		cmocka_unit_test(
			it_is_compared_with_the_capture_and_not_with_the_vault_of_now),
		cmocka_unit_test(a_changed_byte_is_not_confirmed),
		cmocka_unit_test(an_object_that_is_gone_is_not_confirmed),
		cmocka_unit_test(another_valid_object_is_not_confirmed),
	};

	return cmocka_run_group_tests(tests, make_sample, drop_sample);
}
