/*
 * residue: a raw disk searched for what custosd should have forgotten.
 *
 *	residue FS PEOPLE [MIB]
 *
 * FS is ext4, xfs or btrfs; PEOPLE are erased after a full life in an image of that file system,
 * a quarter as many are not.  Ends with 0 when nothing of the erased is found and every control
 * is; 1 when something is, 77 when there can be no such image here; fails with a message when a
 * control does not hold, since then the search has proven nothing.  On ext4-journalled, where
 * nothing is overwritten in place at once, old roots must be found.
 */
#include <ctype.h>
#include <iconv.h>
#include <signal.h>
#include <sodium.h>
#include <sys/mount.h>
#include <zstd.h>

#include "base/clock.h"
#include "check.h"
#include "image.h"
#include "keys.h"
#include "life.h"
#include "needles.h"
#include "stage.h"

#define SKIPPED     77
#define MIB         512 /* for each 1,000 people */
#define PLANT_SIZE  65536
#define SPELLINGS   14 /* of a text 8, of bytes 6 */
#define PERSON_KEYS 8  /* a run of slots */
#define ROOTS       2

struct lab {
	struct stage *stage;
	struct image image;
	struct life life;
	struct keys keys;
	struct needles *needles;
	char kept[192];      /* a directory outside of the image: what is kept from before */
	char before[224];    /* copies of the image: before the erasures */
	char between[224];   /* and when custosd was killed for the last time */
};

/* What one image showed. */
struct found {
	struct search search;
	struct roots roots;
};

enum moment { BEFORE, BETWEEN, AFTER, NMOMENTS };

/* --- being stopped ----------------------------------------------------------------------------- */

static const struct stage *running;
static char everything[sizeof(running->dir)]; /* the directory of all */

/* Nothing stays: custosd, which leads a session of its own, the mount, the files. */
static void on_signal(int number)
{
	(void)number;
	if (running->daemon > 0) {
		kill(running->daemon, SIGKILL);
	}
	umount2(running->state, MNT_DETACH);
	execl("/bin/sh", "sh", "-c", "rm -rf \"$0\"; exit 130", everything, (char *)NULL);
	_exit(130);
}

static void heed_signals(const struct stage *st)
{
	running = st;
	snprintf(everything, sizeof(everything), "%s", st->dir);
	*strrchr(everything, '/') = '\0';
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
}

/* --- before and after ------------------------------------------------------------------------ */

static void begin(struct lab *lab, const char *fs, unsigned people, unsigned mib)
{
	char path[224];
	uint64_t seed;

	lab->stage = stage_new();
	heed_signals(lab->stage);
	snprintf(lab->kept, sizeof(lab->kept), "%.150s/kept", lab->stage->dir);
	assert_int_equal(mkdir(lab->kept, 0700), 0);
	snprintf(path, sizeof(path), "%.160s/image", lab->kept);
	image_make(&lab->image, fs, mib, path);
	image_mount(&lab->image, lab->stage->state, stage_uid(AS_DAEMON));
	randombytes_buf(&seed, sizeof(seed));
	life_init(&lab->life, lab->stage, people, seed);
	lab->needles = needles_new();
}

/* custosd does not run.  The path of the copy in ret. */
static void copy_disk(struct lab *lab, const char *name, char ret[224])
{
	char where[192];

	snprintf(where, sizeof(where), "%s", lab->image.where);
	image_unmount(&lab->image);
	snprintf(ret, 224, "%s/%s", lab->kept, name);
	image_copy(&lab->image, ret);
	image_mount(&lab->image, where, stage_uid(AS_DAEMON));
}

/* The whole disk, and every vault object, as a thief may have taken them the day before. */
static void keep_what_was(struct lab *lab)
{
	copy_disk(lab, "before", lab->before);
	free(run_shell("cp -a '%s' '%s/repo'", lab->stage->repo, lab->kept));
}

static void put(struct buf *to, const void *p, size_t n)
{
	buf_put(to, p, n);
	buf_put_u8(to, '\n');
}

static void put_utf16(struct buf *to, const char *text, const char *charset)
{
	char out[256], *in = (char *)(uintptr_t)text, *at = out;
	size_t nin = strlen(text), nout = sizeof(out);
	iconv_t by = iconv_open(charset, "UTF-8");

	assert_true(by != (iconv_t)-1 && iconv(by, &in, &nin, &at, &nout) == 0 && nin == 0);
	iconv_close(by);
	put(to, out, (size_t)(at - out));
}

/* As libraries spell them, not as the search does. */
static void put_bytes(struct buf *to, const uint8_t *p, size_t n)
{
	uint8_t within[256] = "ab";
	char out[512];

	put(to, p, n);
	for (size_t shift = 0; shift < 3; shift++) {
		memcpy(within + shift, p, n);
		memcpy(within + shift + n, "xyz", 3);
		sodium_bin2base64(out, sizeof(out), within, shift + n + 3,
			sodium_base64_VARIANT_ORIGINAL);
		put(to, out, strlen(out));
	}
	sodium_bin2hex(out, sizeof(out), p, n);
	put(to, out, 2 * n);
	for (size_t i = 0; i < 2 * n; i++) {
		out[i] = (char)toupper((unsigned char)out[i]);
	}
	put(to, out, 2 * n);
}

/* A file with two secrets, written, synced and deleted as files usually are: what the search
 * must find, or it could not find anything. */
static void plant(struct lab *lab)
{
	static const char text[] = "planted:\xe6\xac\xa7\xe9\x98\xb3\xe9\x9b\xaa:canary";
	static uint8_t page[PLANT_SIZE];
	struct buf plain = BUF_INIT;
	uint8_t bytes[32];
	char path[224];
	int fd;

	randombytes_buf(page, sizeof(page));
	randombytes_buf(bytes, sizeof(bytes));
	needles_add_text(lab->needles, NEEDLE_PLANTED, text);
	needles_add_bytes(lab->needles, NEEDLE_PLANTED, bytes, sizeof(bytes));
	put_bytes(&plain, (const uint8_t *)text, strlen(text));
	put_utf16(&plain, text, "UTF-16LE");
	put_utf16(&plain, text, "UTF-16BE");
	put_bytes(&plain, bytes, sizeof(bytes));
	memcpy(page + 5000, plain.p, plain.n);
	assert_false(ZSTD_isError(
		ZSTD_compress(page + 20000, PLANT_SIZE - 20000, plain.p, plain.n, 3)));
	buf_done(&plain);
	snprintf(path, sizeof(path), "%.192s/planted", lab->image.where);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0 && write(fd, page, PLANT_SIZE) == PLANT_SIZE);
	assert_true(fsync(fd) == 0 && close(fd) == 0 && unlink(path) == 0);
}

static void end_of_life(struct lab *lab)
{
	free(run_shell("cp -a '%s/keys/1' '%s/keys'", lab->image.where, lab->kept));
	plant(lab);
	image_unmount(&lab->image);
}

/* --- searching -------------------------------------------------------------------------------- */

static void open_keys(struct lab *lab)
{
	char before[224], keys[224];
	const char *const repos[] = { before, lab->stage->repo };

	snprintf(before, sizeof(before), "%s/repo", lab->kept);
	snprintf(keys, sizeof(keys), "%s/keys", lab->kept);
	keys_open(&lab->keys, lab->kept, lab->stage->identity, keys, repos, 2);
	keys_add_needles(&lab->keys, lab->needles);
	life_add_needles(&lab->life, lab->needles);
}

static void search_image(struct lab *lab, const char *path, struct found *ret)
{
	struct image_view v = image_view_of(path);

	needles_search(lab->needles, v.p, v.n, &ret->search);
	keys_try_roots(&lab->keys, v.p, v.n, &ret->roots);
	image_view_done(&v);
}

/* --- controls: without them nothing is proven --------------------------------------------------- */

static unsigned count_planted(const struct search *s, int where)
{
	unsigned n = 0;

	for (int form = 0; form < FORM_NFORMS_; form++) {
		n += s->found[where][NEEDLE_PLANTED][form];
	}
	return n;
}

/* Of those who were to go, before they went: a part that was erased already has taken one. */
static size_t living_keys(const struct lab *lab)
{
	size_t n = 0;

	for (unsigned i = 0; i < lab->life.n; i++) {
		const struct life_person *p = &lab->life.people[i];

		n += p->is_to_go ? PERSON_KEYS - (p->part != LIFE_NSECRETS_) : 0;
	}
	return n;
}

static void control_search(struct lab *lab, const struct found *found)
{
	const struct found *before = &found[BEFORE], *after = &found[AFTER];
	unsigned kept = lab->life.n - lab->life.nto_go;

	if (count_planted(&after->search, 0) != SPELLINGS ||
		count_planted(&after->search, 1) != SPELLINGS) {
		fail_msg("of a deleted file's %d spellings %u are found, in zstd %u", SPELLINGS,
			count_planted(&after->search, 0), count_planted(&after->search, 1));
	}
	if (after->roots.current < ROOTS || before->roots.older < ROOTS) {
		fail_msg("of the two root blocks of today %u are found, of those of before %u",
			after->roots.current, before->roots.older);
	}
	if (before->roots.dead_slots != living_keys(lab)) {
		fail_msg("the roots of before lead to %zu keys of the erased instead of %zu",
			before->roots.dead_slots, living_keys(lab));
	}
	if (lab->keys.dead_slots.n != lab->life.nshredded) {
		fail_msg("older vault objects give %zu keys that are gone, custosd shredded %llu",
			lab->keys.dead_slots.n, (unsigned long long)lab->life.nshredded);
	}
	if (lab->keys.nkept < (size_t)kept * PERSON_KEYS / 2) {
		fail_msg("only %zu keys of the remembered are the same in all objects", lab->keys.nkept);
	}
}

/* The store as the last backup gives it back: who is remembered can be read, so the keys that
 * older objects share with the newest are the ones that records open with. */
static void control_restore(struct lab *lab)
{
	struct stage *st = lab->stage;
	char to[192], from[224], identity[224], option[224];

	snprintf(to, sizeof(to), "%.150s/elsewhere", st->files);
	snprintf(option, sizeof(option), "--to=%s", to);
	snprintf(from, sizeof(from), "--from=%s", st->repo);
	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	free(run_shell("chmod 644 '%s'", st->identity));
	stage_restore(st, from, identity, option);
	stage_expect(st, 0);
	stage_use_state(st, to);
	stage_start(st);
	for (unsigned i = 0; i < 20 && i < lab->life.n; i++) {
		const struct life_person *p = &lab->life.people[i];

		stage_ctl(st, AS_PRIVACY, "subject", "get", p->id, "--purpose=" STAGE_PURPOSE);
		stage_expect(st, p->is_to_go ? 66 : 0);
		if (!p->is_to_go && (!strstr(st->last.out, p->secret[LIFE_CHANGED]) ||
					    !strstr(st->last.out, p->secret[LIFE_NOTE]))) {
			fail_msg("a remembered person's record is not what it was");
		}
	}
	stage_stop(st);
}

/* --- the table ------------------------------------------------------------------------------------ */

/* Older roots than there may be: when custosd was killed, its two were not the last ones. */
static unsigned count_stale(const struct found *found)
{
	unsigned between = found[BETWEEN].roots.older;

	return found[AFTER].roots.older + (between > ROOTS ? between - ROOTS : 0);
}

static unsigned count_findings(const struct found *found)
{
	unsigned n = count_stale(found) + (unsigned)found[AFTER].roots.dead_slots;

	for (enum moment m = 0; m < NMOMENTS; m++) {
		n += search_total(&found[m].search, NEEDLE_ERASED) +
			search_total(&found[m].search, NEEDLE_REMEMBERED) +
			search_total(&found[m].search, NEEDLE_KEY);
	}
	return n;
}

static void print_image(const char *when, const struct found *f)
{
	printf("  %-22s %10u %10u %8u %8u %8u %10zu %6u/%u\n", when,
		search_total(&f->search, NEEDLE_ERASED), search_total(&f->search, NEEDLE_REMEMBERED),
		search_total(&f->search, NEEDLE_KEY), f->roots.seen, f->roots.older,
		f->roots.dead_slots, f->search.frames, f->search.cut_frames);
}

static bool must_find(const struct lab *lab)
{
	return strcmp(lab->image.fs, IMAGE_JOURNALLED) == 0;
}

static bool is_right(const struct lab *lab, const struct found *found)
{
	return must_find(lab) ? count_stale(found) > 0 : count_findings(found) == 0;
}

static const char *verdict(const struct lab *lab, const struct found *found)
{
	if (must_find(lab)) {
		return is_right(lab, found) ? "caught, as it must be" : "NOT CAUGHT";
	}
	return is_right(lab, found) ? "nothing is left" : "RESIDUE";
}

static void print(
	const struct lab *lab, const struct found *found, double seconds, double searched)
{
	static const char *const moments[] = { "before the erasures", "killed between them",
		"after them" };
	const struct needles *s = lab->needles;

	printf("%s, %u MiB: %u people, %u of them erased; %u backups, %zu vault objects opened\n",
		lab->image.fs, lab->image.mib, lab->life.n, lab->life.nto_go, lab->life.nbackups,
		keys_objects(&lab->keys));
	printf("  looked for: %u values of the erased, %u of the remembered, %u keys (%zu of the erased)\n",
		needles_count(s, NEEDLE_ERASED), needles_count(s, NEEDLE_REMEMBERED),
		needles_count(s, NEEDLE_KEY), lab->keys.dead_slots.n);
	printf("  %-22s %10s %10s %8s %8s %8s %10s %8s\n", "found in the image", "erased",
		"remembered", "keys", "roots", "older", "open keys", "zstd/cut");
	for (enum moment m = 0; m < NMOMENTS; m++) {
		print_image(moments[m], &found[m]);
		for (unsigned i = 0; i < found[m].search.nfirst; i++) {
			printf("  FOUND: %s\n", found[m].search.first[i]);
		}
	}
	printf("  planted and deleted: found in all %d spellings, and in zstd\n", 2 * SPELLINGS);
	printf("  %s, %.1f s, of which %.1f s of searching\n",
		verdict(lab, found), seconds, searched);
}

int main(int argc, char *argv[])
{
	const char *fs = argc > 1 ? argv[1] : "ext4", *lacks = image_lacks(fs);
	unsigned people = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000;
	unsigned mib = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : (people + 999) / 1000 * MIB;
	int64_t began = clock_monotonic_ms(), searching, searched;
	struct lab lab = { .stage = NULL };
	bool is_pass;
	struct found found[NMOMENTS];

	if (lacks) {
		printf("%s: skipped: %s\n", fs, lacks);
		return SKIPPED;
	}
	begin(&lab, fs, people, mib);
	life_live(&lab.life);
	keep_what_was(&lab);
	life_erase_most(&lab.life);
	copy_disk(&lab, "between", lab.between);
	life_erase_rest(&lab.life);
	end_of_life(&lab);
	searching = clock_monotonic_ms();
	open_keys(&lab);
	search_image(&lab, lab.before, &found[BEFORE]);
	search_image(&lab, lab.between, &found[BETWEEN]);
	search_image(&lab, lab.image.path, &found[AFTER]);
	searched = clock_monotonic_ms() - searching;
	control_search(&lab, found);
	control_restore(&lab);
	print(&lab, found, (double)(clock_monotonic_ms() - began) / 1000,
		(double)searched / 1000);
	is_pass = is_right(&lab, found);
	keys_close(&lab.keys);
	needles_free(lab.needles);
	life_done(&lab.life);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	stage_free(lab.stage);
	return is_pass ? 0 : 1;
}
