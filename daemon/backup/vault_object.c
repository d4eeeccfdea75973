#include "backup/vault_object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/recipients.h"
#include "backup/repo.h"
#include "backup/watch.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/age.h"
#include "crypto/key.h"
#include "db/image.h"
#include "vault/vault.h"

/* A zstd skippable frame: magic, length, content; both numbers little-endian (RFC 8878,
 * 3.1.2).  `zstd -d` steps over it. */
#define FRAME_MAGIC 0x184d2a50u
#define MAGIC_LINE  "custos vault object v1\n"
#define LINE_SIZE   (sizeof(MAGIC_LINE) - 1)
#define HEAD_SIZE   (8 + LINE_SIZE + 8 + 8 + 16) /* all before E */
#define SLICE       (1u << 20)                   /* bytes of the image read at a time */

struct vault_capture {
	struct db_image *image;
	struct object_writer *writer;
	struct id vault;
	uint64_t generation, log_size;
	struct key_arena *arena;
	struct key *file_key; /* of the object, until it was confirmed */
	struct key *epoch;    /* E, likewise, to compare with */
};

/* --- capture ---------------------------------------------------------------------- */

static void put_le32(struct buf *b, uint32_t v)
{
	for (int shift = 0; shift < 32; shift += 8) {
		buf_put_u8(b, (uint8_t)(v >> shift));
	}
}

static int put_head(struct vault_capture *c, const struct vault *v, struct cu_err *err)
{
	struct age_writer *age = object_writer_age(c->writer);
	struct buf head = BUF_INIT;
	int r;

	put_le32(&head, FRAME_MAGIC);
	put_le32(&head, HEAD_SIZE - 8 + KEY_SIZE);
	buf_put_str(&head, MAGIC_LINE);
	buf_put_u64(&head, c->generation);
	buf_put_u64(&head, c->log_size);
	buf_put(&head, c->vault.b, sizeof(c->vault.b));
	r = buf_check(&head, err);
	if (r == 0) {
		r = age_writer_put(age, buf_span(&head), err);
	}
	buf_done(&head);
	return r == 0 ? vault_put_epoch_key(v, age, err) : r;
}

static int take_keys(struct vault_capture *c, const struct vault *v, struct cu_err *err)
{
	int r = key_new(c->arena, &c->file_key, err);

	if (r == 0) {
		key_fill_random(c->file_key);
		r = key_new(c->arena, &c->epoch, err);
	}
	return r == 0 ? vault_copy_epoch_key(v, c->epoch, err) : r;
}

static void drop_keys(struct vault_capture *c)
{
	key_free(c->arena, c->file_key);
	key_free(c->arena, c->epoch);
	c->file_key = NULL;
	c->epoch = NULL;
}

int vault_capture_begin(struct vault *v, const struct recipients_list *to,
	uint64_t log_size, struct vault_capture **ret, struct cu_err *err)
{
	struct vault_capture *c = calloc(1, sizeof(*c));
	struct age_recipients *recipients = NULL;
	int r;

	if (!c) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	c->vault = vault_id(v);
	c->generation = vault_generation(v);
	c->log_size = log_size;
	c->arena = vault_arena(v);
	r = take_keys(c, v, err);
	if (r == 0) {
		r = recipients_for_age(to, &recipients, err);
	}
	if (r == 0) {
		r = object_writer_new(recipients, c->file_key, &c->writer, err);
	}
	if (r == 0) {
		r = vault_image_begin(v, &c->image, err);
	}
	if (r == 0) {
		r = put_head(c, v, err);
	}
	age_recipients_free(recipients);
	if (r < 0) {
		vault_capture_end(c);
		return cu_err_wrap(err, r, "capture the vault");
	}
	*ret = c;
	return 0;
}

void vault_capture_end(struct vault_capture *c)
{
	if (c) {
		object_writer_free(c->writer);
		db_image_end(c->image);
		drop_keys(c);
		free(c);
	}
}

uint64_t vault_capture_generation(const struct vault_capture *c)
{
	return c->generation;
}

uint64_t vault_capture_log_size(const struct vault_capture *c)
{
	return c->log_size;
}

uint64_t vault_capture_size(const struct vault_capture *c)
{
	return db_image_size(c->image);
}

/* --- writing ---------------------------------------------------------------------- */

static int put_image(struct vault_capture *c, const struct watch *watch, struct cu_err *err)
{
	uint64_t size = db_image_size(c->image);
	uint8_t *slice = malloc(SLICE);
	int r = slice ? 0 : cu_err_set(err, CU_ENOMEM, "out of memory");

	for (uint64_t at = 0; r == 0 && at < size;) {
		uint32_t n = size - at < SLICE ? (uint32_t)(size - at) : SLICE;

		r = db_image_read(c->image, at, slice, n, err);
		if (r == 0) {
			r = object_writer_put(c->writer, span_of(slice, n), err);
		}
		at += n;
		if (r == 0) {
			r = watch_step(watch, "vault", at, size, err);
		}
	}
	free(slice);
	return r;
}

int vault_object_write(struct vault_capture *c, struct repo *repo, const struct watch *watch,
	struct object_ref *ret, struct cu_err *err)
{
	char name[REPO_NAME_SIZE];
	int r = object_writer_attach(c->writer, repo, err);

	if (r == 0) {
		r = put_image(c, watch, err);
	}
	if (r == 0) {
		r = object_writer_finish(c->writer, ret, err);
	}
	if (r == 0) {
		repo_name_vault(c->generation, ret->hash, name);
		r = object_writer_store(c->writer, name, err);
	}
	return r < 0 ? cu_err_wrap(err, r, "vault object") : 0;
}

/* --- reading ---------------------------------------------------------------------- */

static int read_exactly(struct age_reader *age, uint8_t *to, size_t n, struct cu_err *err)
{
	while (n > 0) {
		long got = age_reader_read(age, to, n, err);

		if (got < 0) {
			return (int)got;
		}
		if (got == 0) {
			return cu_err_set(err, CU_ECORRUPT, "ends within its head");
		}
		to += got;
		n -= (size_t)got;
	}
	return 0;
}

static uint32_t get_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int read_head(struct age_reader *age, struct vault_object_head *ret,
	struct cu_err *err)
{
	uint8_t head[HEAD_SIZE] = { 0 };
	struct cursor c = cursor_of(span_of(head + 8 + LINE_SIZE, HEAD_SIZE - 8 - LINE_SIZE));
	int r = read_exactly(age, head, sizeof(head), err);

	if (r < 0) {
		return r;
	}
	if (get_le32(head) != FRAME_MAGIC || get_le32(head + 4) != HEAD_SIZE - 8 + KEY_SIZE ||
		memcmp(head + 8, MAGIC_LINE, LINE_SIZE) != 0) {
		return cu_err_set(err, CU_ECORRUPT, "does not begin as a vault object");
	}
	ret->generation = cursor_u64(&c);
	ret->log_size = cursor_u64(&c);
	cursor_copy(&c, ret->vault.b, sizeof(ret->vault.b));
	return 0;
}

static int copy_database(struct object_reader *reader, int fd, uint64_t size,
	const struct watch *watch, struct cu_err *err)
{
	uint8_t *slice = malloc(SLICE);
	uint64_t done = 0;
	long n = 0;
	int r = slice ? 0 : cu_err_set(err, CU_ENOMEM, "out of memory");

	while (r == 0 && (n = object_reader_read(reader, slice, SLICE, err)) > 0) {
		r = path_write_fd(fd, span_of(slice, (size_t)n), err);
		done += (uint64_t)n;
		if (r == 0) {
			r = watch_step(watch, "vault", done, size, err);
		}
	}
	free(slice);
	if (r == 0 && n < 0) {
		r = (int)n;
	}
	return r == 0 && done != size ?
		cu_err_set(err, CU_ECORRUPT, "holds less than the manifest says") :
		r;
}

static int copy_to(struct object_reader *reader, const char *to_path, uint64_t size,
	const struct watch *watch, struct cu_err *err)
{
	int r, fd = open(to_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		return cu_err_errno(err, errno, "create %s", to_path);
	}
	r = copy_database(reader, fd, size, watch, err);
	if (r == 0) {
		r = path_sync_fd(fd, to_path, err);
	}
	close(fd);
	return r;
}

int vault_object_read(struct repo *repo, uint64_t generation, uint64_t log_size,
	const struct object_ref *ref, uint64_t size, const struct age_identities *ids,
	const char *to_path, struct key *epoch, struct vault_object_head *ret,
	const struct watch *watch, struct cu_err *err)
{
	struct object_reader *reader = NULL;
	struct vault_object_head head = { 0 };
	char name[REPO_NAME_SIZE];
	int r;

	repo_name_vault(generation, ref->hash, name);
	r = object_reader_open(repo, name, ref, (struct object_opener){ .ids = ids },
		size, &reader, err);
	if (r < 0) {
		return r; /* names the object already */
	}
	r = read_head(object_reader_age(reader), &head, err);
	if (r == 0 && (head.generation != generation || head.log_size != log_size)) {
		r = cu_err_set(err, CU_ECORRUPT,
			"is of another generation or log size than the manifest says");
	}
	if (r == 0) {
		r = age_reader_take_key(object_reader_age(reader), epoch, err);
	}
	if (r < 0) {
		r = cu_err_wrap(err, r, "%s", name);
	}
	if (r == 0) {
		r = copy_to(reader, to_path, size, watch, err);
	}
	object_reader_close(reader);
	if (r < 0) {
		key_wipe(epoch);
		return r;
	}
	*ret = head;
	return 0;
}

/* --- confirming ------------------------------------------------------------------- */

static int compare_head(struct vault_capture *c, struct age_reader *age,
	struct key *scratch, struct cu_err *err)
{
	struct vault_object_head head = { 0 };
	int r = read_head(age, &head, err);

	if (r == 0) {
		r = age_reader_take_key(age, scratch, err);
	}
	if (r == 0 &&
		(head.generation != c->generation || head.log_size != c->log_size ||
			!id_eq(&head.vault, &c->vault) ||
			!key_is_equal(scratch, c->epoch))) {
		r = cu_err_set(
			err, CU_ECORRUPT, "does not open the vault that was captured");
	}
	return r;
}

/* Fills the slice with as many bytes as are asked for, but for the object's end. */
static long read_slice(
	struct object_reader *reader, uint8_t *to, size_t cap, struct cu_err *err)
{
	size_t n = 0;
	long more = 1;

	while (n < cap &&
		(more = object_reader_read(reader, to + n, cap - n, err)) > 0) {
		n += (size_t)more;
	}
	return more < 0 ? more : (long)n;
}

/* What comes back is held to the pinned image itself, not to a sum made while it was
 * written. */
static int compare_image(struct vault_capture *c, struct object_reader *reader,
	const struct watch *watch, struct cu_err *err)
{
	uint64_t size = db_image_size(c->image), at = 0;
	uint8_t *both = malloc(2 * (size_t)SLICE);
	int r = both ? 0 : cu_err_set(err, CU_ENOMEM, "out of memory");
	long n = 0;

	while (r == 0 && (n = read_slice(reader, both, SLICE, err)) > 0) {
		if ((uint64_t)n > size - at) {
			n = cu_err_set(err, CU_ECORRUPT,
				"holds more than the vault that was captured");
			break;
		}
		r = db_image_read(c->image, at, both + SLICE, (uint32_t)n, err);
		if (r == 0 && memcmp(both, both + SLICE, (size_t)n) != 0) {
			r = cu_err_set(err, CU_ECORRUPT,
				"does not hold the vault that was captured");
		}
		at += (uint64_t)n;
		if (r == 0) {
			r = watch_step(watch, "vault", at, size, err);
		}
	}
	free(both);
	if (r < 0 || n < 0) {
		return r < 0 ? r : (int)n;
	}
	return at == size ? 0
			  : cu_err_set(err, CU_ECORRUPT,
				    "holds less than the vault that was captured");
}

int vault_object_confirm(struct vault_capture *c, struct repo *repo,
	const struct object_ref *ref, const struct watch *watch, struct cu_err *err)
{
	struct object_reader *reader = NULL;
	struct key *scratch = NULL;
	char name[REPO_NAME_SIZE];
	int r;

	if (!c->file_key) {
		return cu_err_set(err, CU_EINVAL, "the capture was confirmed already");
	}
	repo_name_vault(c->generation, ref->hash, name);
	r = key_new(c->arena, &scratch, err);
	if (r == 0) {
		r = object_reader_open(repo, name, ref,
			(struct object_opener){ .file_key = c->file_key },
			db_image_size(c->image), &reader, err);
	}
	if (r == 0) {
		r = compare_head(c, object_reader_age(reader), scratch, err);
		if (r == 0) {
			r = compare_image(c, reader, watch, err);
		}
		if (r < 0) {
			r = cu_err_wrap(err, r, "%s", name);
		}
	}
	object_reader_close(reader);
	key_free(c->arena, scratch);
	drop_keys(c);
	return r < 0 ? cu_err_wrap(err, r, "fetching it back") : 0;
}
