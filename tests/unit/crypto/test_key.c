#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/sanitized.h"
#include "crypto/key_internal.h"

#define VAULT_SETS 400 /* a little more than the vault keeps in memory */

static struct key_arena *new_arena(size_t nsets)
{
	struct key_arena *a = NULL;
	struct cu_err err;

	assert_ok(key_arena_new(nsets, &a, &err), err);
	return a;
}

static struct key *new_key(struct key_arena *a)
{
	struct key *k = NULL;
	struct cu_err err;

	assert_ok(key_new(a, &k, &err), err);
	return k;
}

static struct keyset *new_set(struct key_arena *a)
{
	struct keyset *s = NULL;
	struct cu_err err;

	assert_ok(keyset_new(a, &s, &err), err);
	return s;
}

static void fill_set(struct keyset *set)
{
	for (size_t i = 0; i < KEYSET_LEN; i++) {
		key_fill_random(keyset_at(set, i));
	}
}

/* --- the arena -------------------------------------------------------------------------- */

static void an_arena_gives_all_it_promised_and_then_says_so(void **state)
{
	struct key_arena *a = new_arena(3);
	struct key *k;
	struct keyset *s;
	struct cu_err err;

	(void)state;
	for (int i = 0; i < 256; i++) {
		assert_true(key_is_none(new_key(a)));
	}
	assert_int_equal(key_new(a, &k, &err), CU_ENOMEM);
	for (int i = 0; i < 3; i++) {
		fill_set(new_set(a));
	}
	assert_int_equal(keyset_new(a, &s, &err), CU_ENOMEM);
	assert_string_equal(err.msg, "all 3 key sets of the arena are taken");
	key_arena_free(a);
}

static void what_is_freed_is_wiped_and_given_again(void **state)
{
	struct key_arena *a = new_arena(1);
	struct key *k = new_key(a);
	struct keyset *s = new_set(a);

	(void)state;
	key_fill_random(k);
	fill_set(s);
	key_free(a, k);
	keyset_free(a, s);

	assert_ptr_equal(new_key(a), k);
	assert_true(key_is_none(k));
	assert_ptr_equal(new_set(a), s);
	for (size_t i = 0; i < KEYSET_LEN; i++) {
		assert_true(key_is_none(keyset_at(s, i)));
	}
	key_free(a, NULL);
	keyset_free(a, NULL);
	key_arena_free(a);
	key_arena_free(NULL);
}

static void *take_and_give(void *ctx)
{
	struct key_arena *a = ctx;
	intptr_t nwrong = 0;

	for (int i = 0; i < 2000; i++) {
		struct key *k = NULL;
		struct keyset *s = NULL;

		nwrong += key_new(a, &k, NULL) != 0 || !key_is_none(k);
		nwrong +=
			keyset_new(a, &s, NULL) != 0 || !key_is_none(keyset_at(s, 255));
		if (k && s) {
			key_fill_random(k);
			key_copy(keyset_at(s, 255), k);
			nwrong += !key_is_equal(k, keyset_at(s, 255));
		}
		key_free(a, k);
		keyset_free(a, s);
	}
	return (void *)nwrong;
}

static void threads_never_share_a_key(void **state)
{
	struct key_arena *a = new_arena(4);
	pthread_t threads[4];
	void *nwrong;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(
			pthread_create(&threads[i], NULL, take_and_give, a), 0);
	}
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &nwrong), 0);
		assert_null(nwrong);
	}
	key_arena_free(a);
}

/* --- what the kernel does for it -------------------------------------------------------- */

/* Runs check in a child; its exit status, or 128 + the signal that ended it. */
static int in_child(int (*check)(void *), void *ctx)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		_exit(check(ctx));
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* AddressSanitizer replaces mlock() by nothing that always succeeds. */
#define MLOCK_IS_REAL (!IS_SANITIZED)

/* As an ordinary user: root may lock what it likes. */
static int lock_under_limit(void *ctx)
{
	const rlim_t *limit = ctx;
	struct rlimit rl = { *limit, *limit };
	struct key_arena *a = NULL;

	if (setrlimit(RLIMIT_MEMLOCK, &rl) < 0 ||
		(getuid() == 0 && setuid(65534) < 0) ||
		key_arena_new(VAULT_SETS, &a, NULL) < 0) {
		return 2;
	}
	return key_arena_is_locked(a) ? 1 : 0;
}

static void the_vaults_arena_is_locked_under_the_usual_limit(void **state)
{
	rlim_t usual = 8 << 20;

	(void)state;
	if (!MLOCK_IS_REAL) {
		skip();
	}
	assert_int_equal(in_child(lock_under_limit, &usual), 1);
}

static void an_arena_that_may_not_be_locked_says_so_and_works(void **state)
{
	rlim_t none = 0;

	(void)state;
	if (!MLOCK_IS_REAL) {
		skip();
	}
	assert_int_equal(in_child(lock_under_limit, &none), 0);
}

static int is_wiped(void *ctx)
{
	return key_is_none(ctx) ? 1 : 0;
}

static void a_forked_child_finds_zeros(void **state)
{
	struct key_arena *a = new_arena(1);
	struct key *k = new_key(a);

	(void)state;
	key_fill_random(k);
	assert_int_equal(in_child(is_wiped, k), 1);
	assert_false(key_is_none(k));
	key_arena_free(a);
}

/* The flags of the mapping that holds p, as /proc/self/smaps tells them (proc(5)). */
static void read_flags(const void *p, char *flags, size_t cap)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long from, to;
	bool is_here = false;
	char line[512];

	assert_non_null(f);
	flags[0] = '\0';
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
			is_here = (uintptr_t)p >= from && (uintptr_t)p < to;
		} else if (is_here && strncmp(line, "VmFlags:", 8) == 0) {
			snprintf(flags, cap, "%s", line);
		}
	}
	fclose(f);
}

static void keys_stay_out_of_core_dumps(void **state)
{
	struct key_arena *a = new_arena(1);
	char flags[512];

	(void)state;
	read_flags(new_key(a), flags, sizeof(flags));
	assert_non_null(strstr(flags, " dd ")); /* do not include in a core dump */
	assert_non_null(strstr(flags, " wf ")); /* wipe on fork */
	key_arena_free(a);
}

static int touch(void *ctx)
{
	struct rlimit no_core = { 0, 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	signal(SIGSEGV, SIG_DFL); /* a sanitizer would turn the signal into a report */
	return *(volatile uint8_t *)ctx;
}

static void the_bytes_beside_the_arena_cannot_be_touched(void **state)
{
	struct key_arena *a = new_arena(1);
	uint8_t *set = (uint8_t *)new_set(a);

	(void)state;
	assert_int_equal(in_child(touch, set - 1), 128 + SIGSEGV);
	assert_int_equal(
		in_child(touch, set + 2 * sizeof(struct keyset)), 128 + SIGSEGV);
	key_arena_free(a);
}

/* --- wrapping --------------------------------------------------------------------------- */

static const struct span aad = { (const uint8_t *)"which node", 10 };

static void a_wrapped_set_unwraps_to_the_same_keys(void **state)
{
	struct key_arena *a = new_arena(2);
	struct key *by = new_key(a);
	struct keyset *set = new_set(a), *again = new_set(a);
	uint8_t wrapped[KEYSET_WRAPPED_SIZE];
	struct cu_err err;

	(void)state;
	key_fill_random(by);
	fill_set(set);
	keyset_wrap(by, aad, set, wrapped);
	assert_ok(
		keyset_unwrap(by, aad, span_of(wrapped, sizeof(wrapped)), again, &err),
		err);
	assert_memory_equal(set, again, sizeof(*set));

	key_wipe(keyset_at(set, 17));
	keyset_copy(again, set);
	assert_true(key_is_none(keyset_at(again, 17)));
	keyset_wipe(again);
	assert_true(key_is_none(keyset_at(again, 16)));
	key_arena_free(a);
}

static void scattered_keys_wrap_as_well_as_neighbours(void **state)
{
	struct key_arena *a = new_arena(1);
	struct keyset *set = new_set(a);
	struct key *by = new_key(a),
		   *got[3] = { new_key(a), keyset_at(set, 9), new_key(a) };
	const struct key *keys[3] = { keyset_at(set, 5), keyset_at(set, 3),
		keyset_at(set, 4) };
	uint8_t wrapped[KEY_WRAPPED_SIZE(3)];
	struct cu_err err;

	(void)state;
	key_fill_random(by);
	fill_set(set);
	key_wrap(by, aad, keys, 3, wrapped);
	assert_ok(key_unwrap(by, aad, span_of(wrapped, sizeof(wrapped)), got, 3, &err),
		err);
	for (size_t i = 0; i < 3; i++) {
		assert_true(key_is_equal(keys[i], got[i]));
	}
	key_arena_free(a);
}

static void assert_refused(const struct key *by, struct span what, struct span wrapped,
	struct key *const *keys, size_t n)
{
	struct cu_err err;

	assert_int_equal(key_unwrap(by, what, wrapped, keys, n, &err), CU_ECORRUPT);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(keys[i]->b[0], 0x11);
		assert_int_equal(keys[i]->b[31], 0x11);
	}
}

static void a_failed_unwrap_leaves_the_keys_untouched(void **state)
{
	struct key_arena *a = new_arena(1);
	struct keyset *set = new_set(a);
	struct key *by = new_key(a), *other = new_key(a);
	struct key *together[2] = { keyset_at(set, 0), keyset_at(set, 1) };
	struct key *apart[2] = { keyset_at(set, 1), keyset_at(set, 0) };
	const struct key *from[2] = { by, other };
	uint8_t wrapped[KEY_WRAPPED_SIZE(2)];
	struct span whole = span_of(wrapped, sizeof(wrapped));

	(void)state;
	key_fill_random(by);
	key_fill_random(other);
	memset(set, 0x11, sizeof(*set));
	key_wrap(by, aad, from, 2, wrapped);
	for (size_t bit = 0; bit < 8 * sizeof(wrapped); bit++) {
		wrapped[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_refused(by, aad, whole, together, 2);
		wrapped[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	wrapped[40] ^= 1;
	assert_refused(by, aad, whole, apart, 2);
	wrapped[40] ^= 1;
	assert_refused(other, aad, whole, together, 2);
	assert_refused(by, span_str("another node"), whole, together, 2);
	assert_refused(by, aad, span_of(wrapped, sizeof(wrapped) - 1), together, 2);
	assert_refused(by, aad, whole, together, 1);
	key_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_arena_gives_all_it_promised_and_then_says_so),
		cmocka_unit_test(what_is_freed_is_wiped_and_given_again),
		cmocka_unit_test(threads_never_share_a_key),
		cmocka_unit_test(the_vaults_arena_is_locked_under_the_usual_limit),
		cmocka_unit_test(an_arena_that_may_not_be_locked_says_so_and_works),
		cmocka_unit_test(a_forked_child_finds_zeros),
		cmocka_unit_test(keys_stay_out_of_core_dumps),
		cmocka_unit_test(the_bytes_beside_the_arena_cannot_be_touched),
		cmocka_unit_test(a_wrapped_set_unwraps_to_the_same_keys),
		cmocka_unit_test(scattered_keys_wrap_as_well_as_neighbours),
		cmocka_unit_test(a_failed_unwrap_leaves_the_keys_untouched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
