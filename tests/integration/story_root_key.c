/*
 * The root key and its wraps never leave the host: not by a backup, the log, a child
 * process, a dump of memory, or a restore.  What is looked for is looked for as it is,
 * in hex and in base64.
 */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"
#include "base/text.h"
#include "chinook.h"
#include "crypto/key_internal.h"
#include "crypto/keyring.h"
#include "stage.h"

#define PASSPHRASE  "correct horse battery staple"
#define MAX_NEEDLES 128
#define SECRET_SIZE 32 /* of a secret as many bytes are looked for */
#define WRAPPED     72 /* the end of a wrap: nonce, key, tag */

/* --- what is looked for
 * ----------------------------------------------------------------- */

struct needle {
	char what[64];
	uint8_t b[2 * SECRET_SIZE];
	size_t n;
};

static struct needle needles[MAX_NEEDLES];
static size_t nneedles;

static void add_needle(const char *what, const char *form, const void *p, size_t n)
{
	struct needle *to = &needles[nneedles++];

	assert_true(nneedles < MAX_NEEDLES && n <= sizeof(to->b));
	snprintf(to->what, sizeof(to->what), "%s, %s", what, form);
	memcpy(to->b, p, n);
	to->n = n;
}

static void add_secret(const char *what, const uint8_t p[SECRET_SIZE])
{
	char text[2 * SECRET_SIZE + 1];

	add_needle(what, "as it is", p, SECRET_SIZE);
	text_hex(p, SECRET_SIZE, text);
	add_needle(what, "hex", text, 2 * SECRET_SIZE);
	for (size_t at = 0; at < 3; at++) { /* wherever a base64 of more began */
		size_t n = (SECRET_SIZE - at) / 3 * 3;

		text_base64(p + at, n, false, text);
		add_needle(what, "base64", text, n / 3 * 4);
	}
}

static void open_root(const char *state, unsigned ring, struct key *ret)
{
	struct keyring_hand nothing = { 0 };
	struct keyring_about about;
	char dir[192];
	struct cu_err err;

	snprintf(dir, sizeof(dir), "%s/keys/%u", state, ring);
	if (keyring_open(dir, KEYRING_FILE, &nothing, &about, ret, &err) < 0) {
		fail_msg("%s", err.msg);
	}
}

/* K0, what the key file says, and the wraps of a ring. */
static void learn_ring(struct stage *st, unsigned ring)
{
	static const char *const wraps[] = { "file.wrap", "passphrase.wrap" };
	uint8_t secret[SECRET_SIZE];
	struct buf file = BUF_INIT;
	struct key root;
	char path[224];

	open_root(st->state, ring, &root);
	add_secret("K0", root.b);
	snprintf(path, sizeof(path), "%s/keys/%u/root.key", st->state, ring);
	assert_int_equal(path_read_file(path, 100, &file, NULL), 0);
	assert_true(
		text_unhex((const char *)file.p, 2 * SECRET_SIZE, secret, SECRET_SIZE));
	add_secret("the key file", secret);
	for (size_t i = 0; i < 2; i++) {
		buf_clear(&file);
		snprintf(
			path, sizeof(path), "%s/keys/%u/%s", st->state, ring, wraps[i]);
		assert_int_equal(path_read_file(path, 1000, &file, NULL), 0);
		assert_true(file.n > WRAPPED + SECRET_SIZE);
		add_secret(wraps[i], file.p + file.n - WRAPPED);
		add_secret("a commitment", file.p + file.n - WRAPPED - SECRET_SIZE);
	}
	buf_done(&file);
}

static const struct needle *find_needle(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < nneedles; i++) {
		if (memmem(p, n, needles[i].b, needles[i].n)) {
			return &needles[i];
		}
	}
	return NULL;
}

/* --- in files
 * --------------------------------------------------------------------------- */

static unsigned nfiles;

static int look_into(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	struct buf file = BUF_INIT;
	const struct needle *found;
	struct cu_err err;

	(void)at;
	if (kind != FTW_F || !S_ISREG(st->st_mode)) {
		return 0;
	}
	if (path_read_file(path, 1u << 30, &file, &err) < 0) {
		fail_msg("%s", err.msg);
	}
	found = find_needle(file.p, file.n);
	if (found) {
		fail_msg("%s holds %s", path, found->what);
	}
	nfiles++;
	buf_done(&file);
	return 0;
}

static unsigned look_below(const char *path)
{
	nfiles = 0;
	assert_int_equal(nftw(path, look_into, 16, FTW_PHYS), 0);
	return nfiles;
}

/* Everything in the repository that is sealed, opened with the identity. */
static const char *open_objects(struct stage *st)
{
	const char *opened = stage_path(st, "opened");

	free(run_shell("mkdir '%s'; cd '%s'; for f in data/*/* vault/*; do "
		       "age -d -i '%s' $f > '%s'/${f##*/}.z && "
		       "zstd -dq '%s'/${f##*/}.z -o '%s'/${f##*/}; done",
		opened, st->repo, st->identity, opened, opened, opened));
	return opened;
}

/* --- in memory
 * -------------------------------------------------------------------------- */

/* A mapping of another process. */
struct mapping {
	unsigned long from, to, resident_kib;
	bool is_kept_from_dumps, is_locked;
};

/* Longer ones are a sanitizer's books, which hold no bytes of the program. */
#define MAPPING_MAX (4ul << 30)

static const struct needle *look_at_mapping(int mem, const struct mapping *m)
{
	size_t n = m->to - m->from;
	const struct needle *found = NULL;
	uint8_t *copy;

	if (m->resident_kib == 0 || n > MAPPING_MAX) {
		return NULL;
	}
	copy = calloc(1, n);
	assert_non_null(copy);
	for (size_t at = 0; at < n;
		at += 4096) { /* page by page: not each can be read */
		(void)!pread(mem, copy + at, 4096, (off_t)(m->from + at));
	}
	found = find_needle(copy, n);
	free(copy);
	return found;
}

/* How many mappings hold something that is looked for; each must be one that no dump
 * gets. */
static unsigned look_at_memory(pid_t pid)
{
	char *text = run_shell("cat /proc/%d/smaps", (int)pid), *rest = text, *line,
	     path[64];
	struct mapping m = { 0 };
	unsigned n = 0;
	int mem;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(mem >= 0);
	while ((line = strsep(&rest, "\n")) != NULL) {
		const struct needle *found;
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
			m = (struct mapping){ .from = from, .to = to };
		}
		(void)sscanf(line, "Rss: %lu kB", &m.resident_kib);
		if (strncmp(line, "VmFlags:", 8) != 0) {
			continue;
		}
		m.is_kept_from_dumps = strstr(line, " dd") != NULL;
		m.is_locked = strstr(line, " lo") != NULL;
		found = look_at_mapping(mem, &m);
		if (found && !m.is_kept_from_dumps) {
			fail_msg("process %d holds %s at %lx, which a dump would have",
				(int)pid, found->what, m.from);
		}
		if (found && !m.is_locked) {
			print_message(
				"%s is not locked: RLIMIT_MEMLOCK\n", found->what);
		}
		n += found != NULL;
	}
	close(mem);
	free(text);
	return n;
}

/* --- the processes
 * ---------------------------------------------------------------------- */

static void need_root(void)
{
	if (geteuid() != 0) {
		print_message(
			"needs root: the memory of a process that is not dumpable\n");
		skip();
	}
}

/* What custosd started: arguments, environment, memory.  Processes may end meanwhile.
 */
static unsigned look_at_children(struct stage *st, bool with_memory)
{
	char *text = run_shell("ps -s %d -o pid=", (int)st->daemon), *rest = text,
	     *line;
	unsigned n = 0;

	while ((line = strsep(&rest, "\n")) != NULL) {
		pid_t pid = (pid_t)atol(line);
		char *told;

		if (pid <= 0 || pid == st->daemon) {
			continue;
		}
		told = run_shell("cat /proc/%d/cmdline /proc/%d/environ 2> /dev/null | "
				 "tr '\\0' ' ' "
				 "|| true",
			(int)pid, (int)pid);
		assert_null(find_needle((const uint8_t *)told, strlen(told)));
		assert_null(strstr(told, PASSPHRASE));
		assert_null(strstr(told, "CREDENTIALS"));
		free(told);
		if (with_memory) {
			assert_int_equal(look_at_memory(pid), 0);
		}
		n++;
	}
	free(text);
	return n;
}

/* --- the stories
 * ------------------------------------------------------------------------ */

static void begin(struct stage *st)
{
	nneedles = 0;
	stage_ctl_text(st, AS_ADMIN, PASSPHRASE "\n", "key", "add", "passphrase");
	stage_expect(st, 0);
	learn_ring(st, 1);
	chinook_import(st);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
}

static void rotate(struct stage *st)
{
	stage_ctl_text(
		st, AS_ADMIN, PASSPHRASE "\n", "key", "rotate", "--key=passphrase");
	stage_expect(st, 0);
	learn_ring(st, 2);
}

static void no_file_holds_the_root_key_but_those_of_keys(void **state)
{
	struct stage *st = *state;
	char id[33];

	begin(st);
	chinook_find(st, CHINOOK_SOMEONE, id);
	stage_erase(st, "erase", id, "--purpose=erasure_request");
	rotate(st);
	stage_ctl(st, AS_ADMIN, "backup", "run");
	stage_expect(st, 0);
	stage_ctl(st, AS_ADMIN, "seal");
	stage_expect(st, 0);
	stage_ctl_text(st, AS_ADMIN, PASSPHRASE "\n", "unseal");
	stage_expect(st, 0);
	stage_stop(st);

	assert_true(look_below(st->repo) > 5);
	assert_false(stage_grep(st->repo, PASSPHRASE));
	if (run_has_program("age") && run_has_program("zstd")) {
		assert_true(look_below(open_objects(st)) >= 4);
	}
	free(run_shell("mv '%s/keys' '%s/kept'", st->state, st->dir));
	assert_true(look_below(st->state) > 5);
	assert_false(stage_grep(st->state, PASSPHRASE));
	assert_int_equal(look_below(st->log), 1);
	assert_false(stage_grep(st->log, PASSPHRASE));
	free(run_shell("mv '%s/kept' '%s/keys'", st->dir, st->state));
}

static void a_dump_of_custosd_would_not_have_it(void **state)
{
	struct stage *st = *state;
	struct stat process;
	char path[64], *limits;

	need_root();
	begin(st);
	assert_true(look_at_memory(st->daemon) >= 1); /* the look is real */
	rotate(st);
	assert_true(look_at_memory(st->daemon) >= 1);

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)st->daemon);
	assert_int_equal(stat(path, &process), 0);
	assert_int_equal(
		process.st_uid, 0); /* root's though custosd is not: not dumpable */
	limits = run_shell(
		"grep 'core file size' /proc/%d/limits | tr -s ' '", (int)st->daemon);
	assert_non_null(strstr(limits, "size 0 0"));
	free(limits);

	stage_ctl(st, AS_ADMIN, "seal");
	stage_expect(st, 0);
	assert_int_equal(look_at_memory(st->daemon), 0);
	stage_ctl_text(st, AS_ADMIN, PASSPHRASE "\n", "unseal");
	stage_expect(st, 0);
	assert_true(look_at_memory(st->daemon) >= 1);
}

static void no_process_that_custosd_starts_is_told_it(void **state)
{
	struct stage *st = *state;
	char identity[224];
	int ends[2];
	struct job ctl;
	struct ran r;

	need_root();
	begin(st);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	ctl = stage_ctl_start(st, AS_PRIVACY, ends[0],
		(const char *const[]){ "import", "-", "--map=" CHINOOK_MAP("customers"),
			"--purpose=" STAGE_PURPOSE, NULL });
	close(ends[0]);
	for (int i = 0; i < 200 && run_count_session(st->daemon) < 3; i++) {
		run_sleep_ms(20);
	}
	assert_int_equal(
		look_at_children(st, true), 2); /* the launcher, custos-intake */
	close(ends[1]);
	run_wait(&ctl, &r);
	ran_done(&r);

	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	ctl = stage_ctl_start(st, AS_ADMIN, -1,
		(const char *const[]){ "drill", "run", "--level=3", identity, NULL });
	while (!run_try_wait(&ctl, 1, &r)) {
		(void)look_at_children(st, false);
	}
	assert_int_equal(r.status, 0);
	ran_done(&r);
}

static void a_restored_store_has_a_root_key_of_its_own(void **state)
{
	struct stage *st = *state;
	struct key before, after;
	char from[224], identity[224], to[224];

	begin(st);
	open_root(st->state, 1, &before);
	stage_stop(st);
	free(run_shell("chmod 644 '%s'", st->identity));
	snprintf(from, sizeof(from), "--from=%s", st->repo);
	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	snprintf(to, sizeof(to), "--to=%s", stage_path(st, "restored"));
	stage_restore(st, from, identity, to);
	stage_expect(st, 0);

	open_root(stage_path(st, "restored"), 1, &after);
	assert_memory_not_equal(before.b, after.b, SECRET_SIZE);
	assert_true(look_below(stage_path(st, "restored")) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, stage_up, stage_down)
		T(no_file_holds_the_root_key_but_those_of_keys),
		T(a_dump_of_custosd_would_not_have_it),
		T(no_process_that_custosd_starts_is_told_it),
		T(a_restored_store_has_a_root_key_of_its_own),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests_name("root key", tests, NULL, NULL);
}
