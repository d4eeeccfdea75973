#include "ctl/rejects.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/intl.h"
#include "base/path.h"
#include "base/text.h"
#include "ctl/out.h"
#include "wire/args.h"

#define READ_BYTES (256u * 1024)

/* What an end of line looks like. */
enum unit { UNIT_BYTE, UNIT_16LE, UNIT_16BE };

/* Lines of the source that are copied: a rejected row, or the heading. */
struct range {
	uint64_t line, last;
	size_t reason; /* offset in reasons; NO_REASON: the heading */
};

#define NO_REASON SIZE_MAX

struct rejects {
	const char *path, *source;
	char reasons_path[PATH_SIZE];
	int source_fd;
	FILE *rows, *told; /* the two files, while they are open */
	bool has_rows, has_told; /* made by us, so ours to remove */
	enum unit unit;
	struct range *ranges;
	size_t n, cap;
	struct buf reasons; /* NUL-terminated, one after the other */
	bool is_written;
};

/* --- before the import ------------------------------------------------------------ */

static int make_file(const char *path, FILE **ret, bool *ret_is_made, struct cu_err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 && errno == EEXIST) {
		return cu_err_set(err, CU_EEXIST, _("%s is there already: choose another name"), path);
	}
	*ret_is_made = fd >= 0;
	*ret = fd < 0 ? NULL : fdopen(fd, "w");
	return *ret ? 0 : cu_err_errno(err, errno, "%s", path);
}

static int open_source(struct rejects *r, struct cu_err *err)
{
	struct stat st;

	r->source_fd = strcmp(r->source, "-") == 0 ? -1 : open(r->source, O_RDONLY | O_CLOEXEC);
	if (r->source_fd < 0 || fstat(r->source_fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		return cu_err_set(err, CU_EINVAL,
			_("--rejects: the file must be one that can be read twice, and %s is not"),
			r->source);
	}
	return 0;
}

int rejects_begin(const struct args *a, struct rejects **ret, struct cu_err *err)
{
	const char *path = args_text(a, "rejects");
	struct rejects *r;
	int code;

	*ret = NULL;
	if (!path) {
		return 0;
	}
	r = calloc(1, sizeof(*r));
	if (!r) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	*r = (struct rejects){ .path = path, .source = args_text(a, "file"), .source_fd = -1 };
	snprintf(r->reasons_path, sizeof(r->reasons_path), "%s.reasons", path);
	code = open_source(r, err);
	if (code == 0) {
		code = make_file(path, &r->rows, &r->has_rows, err);
	}
	if (code == 0) {
		code = make_file(r->reasons_path, &r->told, &r->has_told, err);
	}
	if (code < 0) {
		rejects_end(r);
		return code;
	}
	*ret = r;
	return 0;
}

/* --- while it runs ---------------------------------------------------------------- */

static int add_range(struct rejects *r, uint64_t line, uint64_t last, size_t reason,
	struct cu_err *err)
{
	if (r->n > REJECTS_MAX) {
		return cu_err_set(err, CU_ELIMIT,
			_("more than %d rows are rejected: mend the map first, with --dry-run"),
			REJECTS_MAX);
	}
	if (r->n == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 64;
		struct range *more = realloc(r->ranges, cap * sizeof(*more));

		if (!more) {
			return cu_err_set(err, CU_ENOMEM, "out of memory");
		}
		r->ranges = more;
		r->cap = cap;
	}
	r->ranges[r->n++] = (struct range){ line, last < line ? line : last, reason };
	return 0;
}

/* UTF-16 without a mark goes by where the NUL of the first character lies, as intake does. */
static enum unit guess_16(int fd)
{
	uint8_t first[2] = { 0 };

	(void)!pread(fd, first, sizeof(first), 0); /* a file without a character has no lines */
	return first[0] == 0xfe || first[0] == 0 ? UNIT_16BE : UNIT_16LE;
}

static int take_layout(struct rejects *r, const json_t *layout, struct cu_err *err)
{
	const char *charset = out_str(layout, "charset");
	int64_t header = out_int(layout, "header");
	size_t n = strlen(charset);

	if (strncasecmp(charset, "utf-32", 6) == 0 || strncasecmp(charset, "ucs-4", 5) == 0 ||
		strncasecmp(charset, "ebcdic", 6) == 0) {
		return cu_err_set(err, CU_EUNSUP, _("--rejects: lines of %s cannot be told apart here"),
			charset);
	}
	if (strncasecmp(charset, "utf-16", 6) == 0 || strncasecmp(charset, "ucs-2", 5) == 0) {
		r->unit = strcasecmp(charset + n - 2, "be") == 0 ? UNIT_16BE :
			  strcasecmp(charset + n - 2, "le") == 0 ? UNIT_16LE :
								   guess_16(r->source_fd);
	}
	return header <= 0 ? 0 : add_range(r, (uint64_t)header,
					 (uint64_t)out_int(layout, "header_last"), NO_REASON, err);
}

int rejects_take(struct rejects *r, const json_t *reply, struct cu_err *err)
{
	const json_t *layout = json_object_get(reply, "layout");
	const json_t *reject = json_object_get(reply, "reject");
	const char *column;
	size_t reason = r->reasons.n;

	if (layout) {
		return take_layout(r, layout, err);
	}
	if (!reject || out_int(reject, "line") <= 0) { /* 0: of the map, not of a row */
		return 0;
	}
	column = out_str(reject, "column");
	buf_putf(&r->reasons, "%s%s%s%s", *column ? _("column ") : "", column, *column ? ": " : "",
		out_str(reject, "reason"));
	buf_put_u8(&r->reasons, '\0');
	if (buf_check(&r->reasons, err) < 0) {
		return CU_ENOMEM;
	}
	return add_range(r, (uint64_t)out_int(reject, "line"), (uint64_t)out_int(reject, "last"),
		reason, err);
}

/* --- afterwards ------------------------------------------------------------------- */

/* One pass over the source, beside the sorted ranges. */
struct copy {
	const struct rejects *r;
	size_t at;      /* the range that is next, or under way */
	uint64_t line;  /* of the next character */
	bool was_cr;    /* the last one was a CR: an LF belongs to the same end */
};

static int compare_ranges(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return (x->line > y->line) - (x->line < y->line);
}

static bool is_wanted(struct copy *c)
{
	const struct rejects *r = c->r;

	while (c->at < r->n && c->line > r->ranges[c->at].last) {
		c->at++;
	}
	return c->at < r->n && c->line >= r->ranges[c->at].line;
}

static unsigned unit_at(enum unit unit, const uint8_t *p)
{
	switch (unit) {
	case UNIT_BYTE: return p[0];
	case UNIT_16LE: return p[0] | (unsigned)p[1] << 8;
	case UNIT_16BE: return p[1] | (unsigned)p[0] << 8;
	}
	return 0;
}

/* Lines end in CRLF, LF or CR, as intake counts them. */
static void copy_bytes(struct copy *c, const uint8_t *p, size_t n)
{
	size_t width = c->r->unit == UNIT_BYTE ? 1 : 2;

	for (size_t i = 0; i + width <= n; i += width) {
		unsigned unit = unit_at(c->r->unit, p + i);
		bool is_second = unit == '\n' && c->was_cr;

		if (c->was_cr && !is_second) {
			c->line++;
		}
		c->was_cr = unit == '\r';
		if (is_wanted(c)) {
			fwrite(p + i, 1, width, c->r->rows);
		}
		c->line += unit == '\n';
	}
}

/* Without a heading at the very beginning, the byte order mark would be lost. */
static void copy_mark(const struct rejects *r)
{
	static const struct {
		uint8_t b[3];
		size_t n;
	} marks[] = { { { 0xef, 0xbb, 0xbf }, 3 }, { { 0xff, 0xfe }, 2 }, { { 0xfe, 0xff }, 2 } };
	uint8_t first[3] = { 0 };
	ssize_t n = pread(r->source_fd, first, sizeof(first), 0);

	for (size_t i = 0; i < 3 && r->ranges[0].line > 1; i++) {
		if (n >= (ssize_t)marks[i].n && memcmp(first, marks[i].b, marks[i].n) == 0) {
			fwrite(first, 1, marks[i].n, r->rows);
			return;
		}
	}
}

static int copy_rows(struct rejects *r, struct cu_err *err)
{
	struct copy c = { .r = r, .line = 1 };
	uint8_t *room = malloc(READ_BYTES);
	ssize_t n = 0;

	if (!room) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	copy_mark(r);
	while (c.at < r->n && (n = read(r->source_fd, room, READ_BYTES)) > 0) {
		copy_bytes(&c, room, (size_t)n);
	}
	free(room);
	return n < 0 ? cu_err_errno(err, errno, "%s", r->source) : 0;
}

static void tell_reasons(const struct rejects *r)
{
	uint64_t line = 1;

	for (size_t i = 0; i < r->n; i++) {
		const struct range *at = &r->ranges[i];

		if (at->reason != NO_REASON) {
			char safe[1024];

			text_escape((const char *)r->reasons.p + at->reason, safe, sizeof(safe));
			fprintf(r->told, _("line %" PRIu64 " (%" PRIu64 " of the source): %s\n"), line,
				at->line, safe);
		}
		line += at->last - at->line + 1;
	}
}

static int finish_file(FILE **f, const char *path, struct cu_err *err)
{
	bool is_whole = fflush(*f) == 0 && !ferror(*f) && fsync(fileno(*f)) == 0;
	int saved = errno, r = fclose(*f) == 0 && is_whole ? 0 : -1;

	*f = NULL;
	return r == 0 ? 0 : cu_err_errno(err, saved, "%s", path);
}

int rejects_write(struct rejects *r, struct cu_err *err)
{
	int code;

	if (r->reasons.n == 0) {
		return 0; /* no row was rejected: both files go */
	}
	qsort(r->ranges, r->n, sizeof(*r->ranges), compare_ranges);
	code = copy_rows(r, err);
	if (code == 0) {
		tell_reasons(r);
		code = finish_file(&r->rows, r->path, err);
	}
	if (code == 0) {
		code = finish_file(&r->told, r->reasons_path, err);
	}
	r->is_written = code == 0;
	if (code == 0) {
		fprintf(stderr,
			_("The rejected rows are in %s, what is wrong with them in %s. Mend the rows and "
			  "import that file with the same map.\n"), r->path, r->reasons_path);
	}
	return code;
}

static void drop(FILE *f, bool is_ours, const char *path)
{
	if (f) {
		fclose(f);
	}
	if (is_ours) {
		unlink(path);
	}
}

void rejects_end(struct rejects *r)
{
	if (!r) {
		return;
	}
	if (!r->is_written) {
		drop(r->rows, r->has_rows, r->path);
		drop(r->told, r->has_told, r->reasons_path);
	}
	if (r->source_fd >= 0) {
		close(r->source_fd);
	}
	free(r->ranges);
	buf_done(&r->reasons);
	free(r);
}
