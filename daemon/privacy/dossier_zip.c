#include "privacy/dossier_zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>

#include "base/err.h"

#define BLOCK_BYTES (64 << 10)

struct dossier_zip {
	struct archive *archive;
	struct archive_entry *entry;
	const struct dossier_sink *sink;
	int64_t time_ms;
	int code; /* of the sink once it failed, or of an end before the end: nothing more goes out */
	struct cu_err why;
};

/* To libarchive all is always well: after a failure it (3.6.2) would not give back its memory. */
static la_ssize_t on_bytes(struct archive *a, void *ctx, const void *p, size_t n)
{
	struct dossier_zip *z = ctx;

	(void)a;
	if (z->code == 0) {
		z->code = z->sink->put(z->sink->ctx, span_of(p, n), &z->why);
	}
	return (la_ssize_t)n;
}

/* Of a call to libarchive: what the sink said, else what libarchive says, which names no
 * content. */
static int outcome(struct dossier_zip *z, bool is_good, struct cu_err *err)
{
	const char *text;

	if (z->code < 0) {
		if (err) {
			*err = z->why;
		}
		return z->code;
	}
	if (is_good) {
		return 0;
	}
	text = archive_error_string(z->archive);
	return cu_err_set(err, archive_errno(z->archive) == ENOMEM ? CU_ENOMEM : CU_EINTERNAL,
		"write the archive: %s", text ? text : "no reason given");
}

static int start(struct dossier_zip *z, bool is_huge)
{
	int r = archive_write_set_format_zip(z->archive);

	if (r == ARCHIVE_OK) {
		r = archive_write_zip_set_compression_deflate(z->archive);
	}
	if (r == ARCHIVE_OK) {
		/* sizes of 32 bits, which every reader of streamed archives knows */
		r = archive_write_set_format_option(
			z->archive, "zip", "zip64", is_huge ? "1" : NULL);
	}
	if (r == ARCHIVE_OK) {
		r = archive_write_set_bytes_per_block(z->archive, BLOCK_BYTES);
	}
	if (r == ARCHIVE_OK) {
		r = archive_write_set_bytes_in_last_block(z->archive, 1); /* no padding */
	}
	return r == ARCHIVE_OK ? archive_write_open(z->archive, z, NULL, on_bytes, NULL) : r;
}

int dossier_zip_new(const struct dossier_sink *sink, int64_t time_ms, bool is_huge,
	struct dossier_zip **ret, struct cu_err *err)
{
	struct dossier_zip *z = calloc(1, sizeof(*z));
	int r;

	if (z) {
		z->sink = sink;
		z->time_ms = time_ms;
		z->archive = archive_write_new();
		z->entry = archive_entry_new();
	}
	if (!z || !z->archive || !z->entry) {
		dossier_zip_free(z);
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	r = outcome(z, start(z, is_huge) == ARCHIVE_OK, err);
	if (r < 0) {
		dossier_zip_free(z);
		return r;
	}
	*ret = z;
	return 0;
}

int dossier_zip_file(struct dossier_zip *z, const char *name, struct cu_err *err)
{
	archive_entry_clear(z->entry);
	archive_entry_set_pathname(z->entry, name);
	archive_entry_set_filetype(z->entry, AE_IFREG);
	archive_entry_set_perm(z->entry, 0600);
	archive_entry_set_mtime(z->entry, (time_t)(z->time_ms / 1000), 0);
	return outcome(z, archive_write_header(z->archive, z->entry) == ARCHIVE_OK, err);
}

int dossier_zip_put(struct dossier_zip *z, struct span bytes, struct cu_err *err)
{
	if (bytes.n == 0) {
		return 0;
	}
	return outcome(z,
		archive_write_data(z->archive, bytes.p, bytes.n) == (la_ssize_t)bytes.n, err);
}

int dossier_zip_finish(struct dossier_zip *z, struct cu_err *err)
{
	return outcome(z, archive_write_close(z->archive) == ARCHIVE_OK, err);
}

void dossier_zip_free(struct dossier_zip *z)
{
	if (!z) {
		return;
	}
	if (z->archive) {
		z->code = CU_ECANCELED; /* half-way, the rest is for nobody */
		archive_write_free(z->archive);
	}
	archive_entry_free(z->entry);
	free(z);
}
