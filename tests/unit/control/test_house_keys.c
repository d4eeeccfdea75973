/*
 * A rotation of the root key that is cut off, or that the disk fails, at each of its
 * steps: what is left opens, by the same sources, and holds the keys that it held.
 */
#include "check.h"

#include <errno.h>
#include <limits.h>
#include <sys/mman.h>

#include "control/house.h"
#include "control/house_keys.h"
#include "control/key_change.h"
#include "crypto/key.h"
#include "crypto/token.h"
#include "fault.h"
#include "ledger/ledger.h"
#include "vault/vault.h"

#define NSLOTS     256
#define CREDENTIAL "thirty-two bytes of a credential"

/* Laid down once: a store whose root key has a key file and a credential. */
static char template_dir[PATH_SIZE], work_dir[PATH_SIZE];
static uint8_t prints[NSLOTS][TOKEN_SIZE];

/* What the child tells before it dies. */
static struct {
	bool is_acked; /* the rotation returned 0 */
	long ncalls;   /* that the rotation, or the start, made; 0 if it died */
} * told;

/* --- a house ---------------------------------------------------------------------- */

static void tokenise(void *ctx, const struct record *r, struct index_terms *to)
{
	(void)ctx;
	(void)r;
	(void)to;
}

static void on_fatal(void *ctx, const struct cu_err *why)
{
	(void)ctx;
	(void)why; /* the call that was under way has the error, too */
}

static int take(struct house *h, const char *dir, struct cu_err *err)
{
	*h = (struct house){ .lock_fd = -1,
		.clock = clock_system(),
		.index = { tokenise, NULL },
		.on_fatal = on_fatal };
	strcpy(h->credential, in_dir(tmp, "credential"));
	return house_take(h, dir, err);
}

static int open_by(struct house *h, unsigned sources, struct cu_err *err)
{
	return house_open(h, sources, (struct span){ 0 }, err);
}

static int rotate(struct house *h)
{
	return house_key_rotate(h, (struct span){ 0 }, NULL);
}

static void take_prints(struct house *h, uint8_t to[NSLOTS][TOKEN_SIZE])
{
	struct key *key = NULL;
	struct cu_err err;

	assert_ok(key_new(h->arena, &key, &err), &err);
	for (uint64_t slot = 0; slot < NSLOTS; slot++) {
		assert_ok(vault_slot_key(h->vault, slot, key, &err), &err);
		token_make(key, "slot", span_str("a fixed text"), to[slot]);
	}
	key_free(h->arena, key);
}

static int set_up_all(void **state)
{
	struct house h;
	struct cu_err err;
	int fd;

	(void)state;
	/* a power cut is played, not had: thousands of real syncs would prove nothing
	 * more */
	strcpy(tmp, access("/dev/shm", W_OK) == 0 ? "/dev/shm/custos-test-XXXXXX"
						  : "/tmp/custos-test-XXXXXX");
	assert_non_null(mkdtemp(tmp));
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(told != MAP_FAILED);
	strcpy(template_dir, in_dir(tmp, "template"));
	strcpy(work_dir, in_dir(tmp, "work"));
	write_all(in_dir(tmp, "credential"), span_str(CREDENTIAL));
	fd = memfd_create("identity", MFD_CLOEXEC);
	assert_ok(take(&h, template_dir, &err), &err);
	assert_ok(house_create(&h, fd, KEYRING_FILE, (struct span){ 0 }, &err), &err);
	assert_ok(
		house_key_add(&h, KEYRING_CREDENTIAL, (struct span){ 0 }, &err), &err);
	assert_ok(vault_extend(h.vault, NSLOTS / 256, &err), &err);
	take_prints(&h, prints);
	assert_ok(house_publish(&h, &err), &err);
	house_leave(&h);
	close(fd);
	return 0;
}

static void copy_tree(const char *from, const char *to)
{
	char line[3 * PATH_SIZE];

	snprintf(line, sizeof(line), "rm -rf '%s' && cp -a '%s' '%s'", to, from, to);
	assert_int_equal(system(line), 0);
}

/* --- what must hold --------------------------------------------------------------- */

static void assert_whole(long nth)
{
	static const unsigned sources[] = { KEYRING_BIT(KEYRING_CREDENTIAL),
		KEYRING_BIT(KEYRING_FILE) };
	uint8_t seen[NSLOTS][TOKEN_SIZE];
	unsigned rings[HOUSE_RINGS_MAX];
	struct house h;
	struct cu_err err;
	size_t n;

	assert_ok(take(&h, work_dir, &err), &err);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		if (open_by(&h, sources[i], &err) < 0) {
			fail_msg("cut off at call %ld, by sources %#x: %s", nth,
				sources[i], err.msg);
		}
		assert_ok(house_rings(&h, rings, &n, &err), &err);
		assert_int_equal(n, 1);
		assert_int_equal(rings[0], h.ring);
		assert_true(!told->is_acked || h.ring > 1);
		take_prints(&h, seen);
		assert_memory_equal(seen, prints, sizeof(prints));
		house_close(&h);
	}
	house_leave(&h);
}

/* Who copied keys/ before. */
static void assert_old_keys_are_dead(void)
{
	struct house h;
	struct cu_err err;
	char keys[PATH_SIZE];

	strcpy(keys, in_dir(work_dir, "keys"));
	copy_tree(in_dir(template_dir, "keys"), keys);
	assert_ok(take(&h, work_dir, &err), &err);
	assert_int_equal(open_by(&h, KEYRING_ALL, &err), CU_ENOKEY);
	house_leave(&h);
}

/* --- a rotation that is cut off --------------------------------------------------- */

struct cut {
	long nth;
	enum fault_how how;
};

/* Without a fault: what was before the step is durable. */
static int open_work(struct house *h)
{
	struct cu_err err;
	int r;

	fault_disarm();
	r = take(h, work_dir, &err);
	return r < 0 ? r : open_by(h, KEYRING_ALL, &err);
}

/* The fault is for the rotation alone. */
static int rotate_story(void *ctx)
{
	const struct cut *cut = ctx;
	struct house h;
	struct cu_err err;
	int r;

	r = open_work(&h);
	if (r < 0) {
		return r;
	}
	fault_arm(FAULT_ANY, cut->nth, cut->how, EIO);
	r = rotate(&h);
	told->ncalls = fault_disarm();
	told->is_acked = r == 0;
	if (r < 0) { /* as 'seal' and 'unseal' do, or the next start */
		house_close(&h);
		r = open_by(&h, KEYRING_ALL, &err);
		if (r == 0) {
			r = rotate(&h);
		}
	}
	house_leave(&h);
	return r;
}

static bool cut_a_rotation(struct cut *cut)
{
	int r;

	memset(told, 0, sizeof(*told));
	copy_tree(template_dir, work_dir);
	r = fault_run(FAULT_ANY, LONG_MAX, FAULT_COUNT, 0, rotate_story, cut);
	if (r < 0) {
		fail_msg("the story failed at call %ld", cut->nth);
	}
	return r > 0 && told->ncalls < cut->nth;
}

static void try_each(enum fault_how how)
{
	bool is_over = false;
	long nth = 0;

	while (!is_over) {
		struct cut cut = { ++nth, how };

		is_over = cut_a_rotation(&cut);
		assert_whole(nth);
		if (told->is_acked) {
			assert_old_keys_are_dead();
		}
	}
	assert_true(nth > 20); /* two sources, a signer, two roots, and what goes */
	assert_true(told->is_acked);
	print_message("%ld calls\n", nth - 1);
}

/* In the middle of a write, where it is one. */
static void a_rotation_that_is_killed_leaves_a_store_that_opens(void **state)
{
	(void)state;
	try_each(FAULT_TEAR);
}

static void a_power_cut_in_a_rotation_leaves_a_store_that_opens(void **state)
{
	(void)state;
	try_each(FAULT_POWER);
	try_each(FAULT_SHUFFLE);
}

static void a_rotation_that_fails_leaves_a_store_that_can_be_rotated(void **state)
{
	(void)state;
	try_each(FAULT_FAIL);
}

/* --- and its leaf ------------------------------------------------------------------ */

struct change {
	enum leaf_act act;
	const char *why;
	long nth;
};

static int make_change(struct house *h, const struct change *c)
{
	struct id actor = { { 7 } };
	int r = key_change_begin(h, &actor, c->act, c->why, NULL), code = r;

	if (r == 0) {
		r = c->act == LEAF_KEY_ROTATE ? rotate(h) : house_key_remove(h, KEYRING_FILE, NULL);
		code = key_change_end(h, NULL);
	}
	return r < 0 ? r : code;
}

static int change_story(void *ctx)
{
	const struct change *c = ctx;
	struct house h;
	int r;

	r = open_work(&h);
	if (r < 0) {
		return r;
	}
	fault_arm(FAULT_ANY, c->nth, FAULT_TEAR, EIO);
	r = make_change(&h, c);
	told->ncalls = fault_disarm();
	told->is_acked = r == 0;
	house_leave(&h);
	return r;
}

static void assert_said(const struct change *c, uint64_t before)
{
	struct house h;
	struct cu_err err;
	uint64_t after;
	bool is_made;

	assert_ok(take(&h, work_dir, &err), &err);
	assert_ok(open_by(&h, KEYRING_ALL, &err), &err);
	assert_ok(key_change_end(&h, &err), &err);
	is_made = c->act == LEAF_KEY_ROTATE ? h.ring > 1 : !(house_key_sources(&h, true) & KEYRING_BIT(KEYRING_FILE));
	after = ledger_size(h.ledger);
	if (after != before + is_made) {
		fail_msg("%s %s, cut off at call %ld: %llu leaves", leaf_act_word(c->act), is_made ? "made" : "not made",
			c->nth, (unsigned long long)(after - before));
	}
	assert_true(is_made || !told->is_acked);
	assert_ok(key_change_end(&h, &err), &err); /* it is said once */
	assert_int_equal(ledger_size(h.ledger), after);
	if (house_key_sources(&h, true) & KEYRING_BIT(KEYRING_FILE)) { /* what is there is whole */
		house_close(&h);
		assert_ok(open_by(&h, KEYRING_BIT(KEYRING_FILE), &err), &err);
	}
	house_leave(&h);
}

static void cut_each(struct change c)
{
	bool is_over = false;
	struct house h;
	struct cu_err err;
	uint64_t before;

	copy_tree(template_dir, work_dir);
	assert_ok(take(&h, work_dir, &err), &err);
	assert_ok(open_by(&h, KEYRING_ALL, &err), &err);
	before = ledger_size(h.ledger);
	house_leave(&h);
	while (!is_over) {
		int r;

		c.nth++;
		memset(told, 0, sizeof(*told));
		copy_tree(template_dir, work_dir);
		r = fault_run(FAULT_ANY, LONG_MAX, FAULT_COUNT, 0, change_story, &c);
		if (r < 0) {
			fail_msg("the story failed at call %ld", c.nth);
		}
		is_over = r > 0 && told->ncalls < c.nth;
		assert_said(&c, before);
	}
	assert_true(told->is_acked && c.nth > 4);
}

static void a_change_that_is_killed_is_in_the_log_if_it_was_made(void **state)
{
	(void)state;
	cut_each((struct change){ LEAF_KEY_REMOVE, "file", 0 });
	cut_each((struct change){ LEAF_KEY_ROTATE, KEY_CHANGE_ROOT, 0 });
}

/* Sealed means that a person has to come. */
static void keys_that_cannot_be_read_do_not_seal_the_store(void **state)
{
	struct house h;
	struct cu_err err;
	char line[3 * PATH_SIZE];

	(void)state;
	copy_tree(template_dir, work_dir);
	assert_ok(take(&h, work_dir, &err), &err);
	snprintf(line, sizeof(line), "mv '%s/keys' '%s/away' && ln -s keys '%s/keys'", work_dir, work_dir, work_dir);
	assert_int_equal(system(line), 0);
	assert_int_equal(open_by(&h, KEYRING_ALL, &err), CU_EIO);
	house_leave(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rotation_that_is_killed_leaves_a_store_that_opens),
		cmocka_unit_test(a_power_cut_in_a_rotation_leaves_a_store_that_opens),
		cmocka_unit_test(
			a_rotation_that_fails_leaves_a_store_that_can_be_rotated),
		cmocka_unit_test(a_change_that_is_killed_is_in_the_log_if_it_was_made),
		cmocka_unit_test(keys_that_cannot_be_read_do_not_seal_the_store),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests(tests, set_up_all, drop_tmp);
}
