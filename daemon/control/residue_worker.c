#include "control/residue_worker.h"

#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/path.h"
#include "control/confine.h"
#include "control/errand.h"
#include "wire/message.h"

#define REQUEST_MAX 65536

static const char *const kind_words[] = {
	[LEFTOVER_BYTES] = "bytes",
	[LEFTOVER_UNUSED_ID] = "unused",
	[LEFTOVER_ID] = "row",
};

#define NKINDS (sizeof(kind_words) / sizeof(kind_words[0]))

const char *residue_kind_word(enum leftover_kind kind)
{
	return kind_words[kind];
}

/* --- what crosses ----------------------------------------------------------------- */

void residue_request_put(const char *dir, struct buf *out)
{
	struct json j = json_to(out);

	json_open_object(&j, NULL);
	json_str(&j, "directory", dir);
	json_close_object(&j);
}

static int say_found(
	void *ctx, const char *file, const struct leftover *found, struct cu_err *err)
{
	struct buf line = BUF_INIT;
	struct json j = json_to(&line);

	(void)ctx;
	(void)err;
	json_open_object(&j, NULL);
	json_open_object(&j, "found");
	json_str(&j, "kind", residue_kind_word(found->kind));
	json_str(&j, "file", file);
	json_uint(&j, "page", found->page);
	json_uint(&j, "offset", found->offset);
	json_str(&j, "table", found->table);
	json_close_object(&j);
	json_close_object(&j);
	errand_say(&line);
	return 0;
}

static void say_report(const struct leftovers *l)
{
	struct buf line = BUF_INIT;
	struct json j = json_to(&line);

	json_open_object(&j, NULL);
	json_open_object(&j, "report");
	json_uint(&j, "files", l->files);
	json_uint(&j, "bytes", l->bytes);
	json_uint(&j, "erased", l->erased);
	json_close_object(&j);
	json_close_object(&j);
	errand_say(&line);
}

static bool take_number(const json_t *o, const char *name, uint64_t max, uint64_t *ret)
{
	const json_t *v = json_object_get(o, name);
	json_int_t n = json_integer_value(v);

	*ret = (uint64_t)n;
	return json_is_integer(v) && n >= 0 && (uint64_t)n <= max;
}

static bool take_kind(const json_t *o, enum leftover_kind *ret)
{
	const char *word = json_string_value(json_object_get(o, "kind"));

	for (size_t i = 0; word && i < NKINDS; i++) {
		if (strcmp(word, kind_words[i]) == 0) {
			*ret = (enum leftover_kind)i;
			return true;
		}
	}
	return false;
}

int residue_found_take(const json_t *found, const char **ret_file, struct leftover *ret,
	struct cu_err *err)
{
	const char *file = json_string_value(json_object_get(found, "file"));
	const char *table = json_string_value(json_object_get(found, "table"));
	struct leftover l = { 0 };
	uint64_t page = 0;

	if (!file || !table || !take_kind(found, &l.kind) ||
		!take_number(found, "page", UINT32_MAX, &page) ||
		!take_number(found, "offset", INT64_MAX, &l.offset)) {
		return cu_err_set(
			err, CU_EPROTO, "the search said something that is no finding");
	}
	l.page = (uint32_t)page;
	strncpy(l.table, table, sizeof(l.table) - 1);
	*ret_file = file;
	*ret = l;
	return 0;
}

int residue_report_take(const json_t *report, struct leftovers *ret, struct cu_err *err)
{
	struct leftovers l = { 0 };

	if (!take_number(report, "files", INT64_MAX, &l.files) ||
		!take_number(report, "bytes", INT64_MAX, &l.bytes) ||
		!take_number(report, "erased", INT64_MAX, &l.erased)) {
		return cu_err_set(
			err, CU_EPROTO, "the search sent a report that is none");
	}
	*ret = l;
	return 0;
}

/* --- the process ------------------------------------------------------------------ */

static int read_request(json_t **ret, struct cu_err *err)
{
	struct buf text = BUF_INIT;
	json_error_t ignored;
	json_t *request = NULL;
	int r = path_read_fd(STDIN_FILENO, REQUEST_MAX, &text, err);

	if (r == 0) {
		request = message_json((const char *)text.p, text.n, 0, &ignored);
		r = json_is_string(json_object_get(request, "directory"))
			    ? 0
			    : cu_err_set(err, CU_EPROTO, "the request is none");
	}
	buf_done(&text);
	if (r < 0) {
		json_decref(request);
		return r;
	}
	*ret = request;
	return 0;
}

int residue_worker_main(void)
{
	struct leftovers done = { 0 };
	json_t *request = NULL;
	struct cu_err err = { 0 };
	int r = read_request(&request, &err);

	if (r == 0) {
		const char *dir = json_string_value(json_object_get(request, "directory"));

		confine_errand(NULL, &dir, 1);
		r = leftovers_scan(dir, say_found, NULL, &done, &err);
	}
	if (r < 0) {
		errand_say_error(&err);
	} else {
		say_report(&done);
	}
	json_decref(request);
	return r < 0 ? cu_err_exit_status(r) : 0;
}
