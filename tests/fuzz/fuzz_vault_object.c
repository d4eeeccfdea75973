/*
 * A vault object that somebody else has made: opened, its database restored, its keys
 * asked for.  Whoever has the public recipients can write such an object; only a signed
 * manifest that names its hash keeps it out, and here that has already been passed.
 *
 * The first byte says how the rest is taken.  0: it is what lies in the age layer. Else
 * it is a list of changes to a real object, each of three bytes for where, and one for
 * what, so that the changes lie behind the compression and in front of the keys of the
 * tree.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "backup/repo.h"
#include "backup/vault_object.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/age.h"
#include "crypto/hash.h"
#include "crypto/key.h"
#include "db/image.h"
#include "fuzz.h"
#include "vault/vault.h"

#define HEAD_MAX   128
#define IMAGE_MAX  (4u << 20)
#define GENERATION 2
#define LOG_SIZE   7
#define NSLOTS     (2 * VAULT_LEAF_SLOTS)

static struct {
	char dir[PATH_SIZE], real[PATH_SIZE], restored[PATH_SIZE], database[PATH_SIZE];
	struct key_arena *arena;
	struct key *k0, *epoch, *slot;
	struct vault *vault; /* the real one */
	struct buf image;    /* of its vault.db */
	struct buf head;     /* of its object, up to E */
	struct age_recipients *to;
	struct age_identities *ids;
	struct repo repo;
	bool is_made;
} w;

static void must(int r, const struct cu_err *err)
{
	fuzz_must(r >= 0, err->msg);
}

/* --- a real one
 * ----------------------------------------------------------------------- */

static void make_vault(void)
{
	uint64_t dead[] = { 3, 4, 300 };
	struct db_image *image = NULL;
	struct cu_err err = { 0 };

	must(path_make_dir(w.real, 0700, &err), &err);
	must(vault_create(w.real, w.k0, w.arena, &err), &err);
	must(vault_open(w.real, w.k0, w.arena, &w.vault, &err), &err);
	must(vault_extend(w.vault, 2, &err), &err);
	must(vault_shred(w.vault, dead, 3, &err), &err);
	fuzz_must(vault_generation(w.vault) == GENERATION, "one shred, one generation");
	must(vault_image_begin(w.vault, &image, &err), &err);
	fuzz_must(buf_room(&w.image, db_image_size(image)) != NULL, "there is memory");
	w.image.n = db_image_size(image);
	must(db_image_read(image, 0, w.image.p, (uint32_t)w.image.n, &err), &err);
	db_image_end(image);
}

/* docs/formats/repository.md; all before E. */
static void make_head(void)
{
	static const uint8_t magic[] = { 0x50, 0x2a, 0x4d, 0x18 };
	static const char line[] = "custos vault object v1\n";
	struct id id = vault_id(w.vault);

	buf_put(&w.head, magic, sizeof(magic));
	buf_put_u8(&w.head, (uint8_t)(sizeof(line) - 1 + 8 + 8 + 16 + KEY_SIZE));
	buf_put(&w.head, "\0\0\0", 3);
	buf_put_str(&w.head, line);
	buf_put_u64(&w.head, GENERATION);
	buf_put_u64(&w.head, LOG_SIZE);
	buf_put(&w.head, id.b, sizeof(id.b));
}

static void make_keys(void)
{
	char recipient[AGE_RECIPIENT_SIZE], repo_dir[PATH_SIZE];
	struct buf secret = BUF_INIT_WIPE;
	struct cu_err err = { 0 };

	must(key_arena_new(2 * VAULT_NODES_CACHED + 32, &w.arena, &err), &err);
	must(key_new(w.arena, &w.k0, &err), &err);
	must(key_new(w.arena, &w.epoch, &err), &err);
	must(key_new(w.arena, &w.slot, &err), &err);
	key_fill_random(w.k0);
	must(age_identity_generate(recipient, &secret, &err), &err);
	must(age_recipients_new(&w.to, &err), &err);
	must(age_recipients_add(w.to, recipient, &err), &err);
	must(age_identities_new(&w.ids, &err), &err);
	must(age_identities_add_file(w.ids, buf_span(&secret), &err), &err);
	buf_done(&secret);
	must(path_join(repo_dir, w.dir, "repo", NULL), &err);
	must(repo_create(repo_dir, &w.repo, &err), &err);
}

static void make_world(void)
{
	struct cu_err err = { 0 };

	fuzz_fix_random();
	fuzz_make_dir(w.dir);
	must(path_join(w.real, w.dir, "real", NULL), &err);
	must(path_join(w.restored, w.dir, "restored", NULL), &err);
	must(path_join(w.database, w.restored, "vault.db", NULL), &err);
	make_keys();
	make_vault();
	make_head();
	w.is_made = true;
}

/* --- an object
 * ------------------------------------------------------------------------ */

static int to_buf(void *ctx, struct span bytes, struct cu_err *err)
{
	buf_put_span(ctx, bytes);
	return buf_check(ctx, err);
}

static void put_patched(struct age_writer *age, struct span patches)
{
	size_t nhead = w.head.n, n = nhead + w.image.n,
	       cap = ZSTD_compressBound(w.image.n), packed;
	uint8_t *plain = malloc(n), *zstd = malloc(cap);
	struct cu_err err = { 0 };

	fuzz_must(plain && zstd, "there is memory");
	memcpy(plain, w.head.p, nhead);
	memcpy(plain + nhead, w.image.p, w.image.n);
	for (; patches.n >= 4; patches = span_of(patches.p + 4, patches.n - 4)) {
		size_t at = (size_t)patches.p[0] | (size_t)patches.p[1] << 8 |
			    (size_t)patches.p[2] << 16;

		plain[at % n] ^= patches.p[3];
	}
	packed = ZSTD_compress(zstd, cap, plain + nhead, w.image.n, -5);
	fuzz_must(!ZSTD_isError(packed), "zstd compresses");
	must(age_writer_put(age, span_of(plain, nhead), &err), &err);
	must(vault_put_epoch_key(w.vault, age, &err), &err);
	must(age_writer_put(age, span_of(zstd, packed), &err), &err);
	free(plain);
	free(zstd);
}

/* The stored bytes, and the file in the repository. */
static void put_object(
	struct span in, struct object_ref *ret, char name[REPO_NAME_SIZE])
{
	uint8_t mode = fuzz_take(&in);
	struct age_writer *age = NULL;
	struct buf stored = BUF_INIT;
	struct cu_err err = { 0 };

	must(age_writer_new(w.to, false, to_buf, &stored, &age, &err), &err);
	if (mode == 0) {
		must(age_writer_put(age, in, &err), &err);
	} else {
		put_patched(age, in);
	}
	must(age_writer_finish(age, &err), &err);
	age_writer_free(age);
	hash_sha256(buf_span(&stored), ret->hash);
	ret->stored = stored.n;
	repo_name_vault(GENERATION, ret->hash, name);
	must(repo_put_over(&w.repo, name, buf_span(&stored), &err), &err);
	buf_done(&stored);
}

/* A database that was taken serves: it opens, and each slot is a key, or shredded. */
static void use_restored(void)
{
	struct vault *v = NULL;
	struct cu_err err = { 0 };

	must(vault_open(w.restored, w.k0, w.arena, &v, &err), &err);
	for (uint64_t slot = 0; slot < NSLOTS; slot += 7) {
		(void)vault_slot_key(v, slot, w.slot, &err);
	}
	(void)vault_scrub(v, &err);
	vault_close(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[REPO_NAME_SIZE], path[PATH_SIZE];
	struct vault_object_head head;
	struct object_ref ref;
	struct cu_err err;
	int r;

	if (!w.is_made) {
		make_world();
	}
	put_object(span_of(data, size), &ref, name);
	must(path_make_dir(w.restored, 0700, &err), &err);
	r = vault_object_read(&w.repo, GENERATION, LOG_SIZE, &ref, w.image.n, w.ids,
		w.database, w.epoch, &head, NULL, &err);
	if (r == 0) {
		r = vault_restore(w.restored, w.k0, w.epoch, GENERATION, w.arena, &err);
	}
	if (r == 0) {
		use_restored();
	} else {
		fuzz_must(err.msg[0] != '\0', "what is refused has a reason");
	}
	fuzz_empty_dir(w.restored);
	must(path_join(path, w.repo.dir, name, NULL), &err);
	unlink(path);
	return 0;
}
