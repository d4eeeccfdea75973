/*
 * An import, in both of its halves: custos-intake, which parses a file that anybody may have made, and what
 * custosd makes of the lines that it says, which are not believed.
 *
 * The first byte says what the rest is.  0, a file: the lines of custos-intake have their form, their counts are
 * right, and custosd takes each for a row, or a faulty one, never for a foreign one.  1, a plan.  2, lines: of a
 * custos-intake that the file has taken over.  3, a map: what custosd writes as its plan, custos-intake
 * reads.  What is refused has a reason, in valid UTF-8, and no reason repeats what stood in the file (CANARY).
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "control/daemon.h"
#include "control/import.h"
#include "fuzz.h"
#include "intake/charset.h"
#include "intake/emit.h"
#include "intake/intake.h"
#include "intake/plan.h"
#include "intake/sandbox.h"
#include "policy/faults.h"
#include "policy/policy.h"
#include "wire/message.h"

#define CANARY    "qz7canary"
#define LINES_MAX (64u << 20)

/* Each kind of key, an anchor, a column that a record hangs on, a constant. */
static const char map_text[] =
	"source: shop\nsubject: {kind: person, key: id}\nrecords:\n"
	"  - collection: profile\n    fields: {given_name: First, birth_date: Born, status: {value: customer}}\n"
	"  - collection: contact_point\n    name: mail\n    fields: {email: Mail}\n"
	"  - collection: transaction\n    name: sale\n    key: number\n"
	"    skip_if_empty: number\n    fields: {date: date, amount: total, currency: {value: EUR}}\n";
static const char small_file[] = "id,First,Born,Mail,number,date,total\n"
	"1,Ada,1815-12-10,ada@example.org,7,2026-01-02,1.50\n2," CANARY ",,\n3,,," CANARY ",,,\n";

static struct {
	struct policy *policy;
	struct map *map;
	struct daemon daemon;
	struct exchange x;
	struct buf plan;
} w;

static void make_world(void)
{
	struct faults faults = FAULTS_INIT;
	struct cu_err err = { 0 };

	message_wipe_json();
	fuzz_must(policy_load(SOURCE_DIR "/policies", &faults, &w.policy, &err) == 0, "the shipped policies are good");
	if (map_parse(span_str(map_text), "map.yaml", w.policy, &faults, &w.map, &err) < 0) {
		fuzz_must(false, err.msg);
	}
	map_plan(w.map, &w.plan);
	w.daemon.policy = w.policy;
	w.x.daemon = &w.daemon;
}

static void check_reason(const char *reason)
{
	fuzz_must(reason && *reason, "what is refused has a reason");
	fuzz_must(text_is_utf8(reason, strlen(reason)), "a reason is valid UTF-8");
	fuzz_must(!strstr(reason, CANARY), "no reason repeats what stood in the file");
}

/* --- custosd's half --------------------------------------------------------------- */

/* As custosd takes a line; the code of a row, 0 for another line. */
static int take_line(struct span line, const struct map *map, struct import_seen *seen)
{
	json_t *root = json_loadb((const char *)line.p, line.n, JSON_REJECT_DUPLICATES, NULL);
	struct import_row row = { .root = NULL };
	struct cu_err err = { 0 };
	int r = root ? 0 : CU_EPROTO;

	if (json_object_get(root, "records")) {
		r = import_row_read(&w.x, map, seen, root, &row, &err);
		if (r < 0) {
			check_reason(err.msg);
		} else {
			import_row_done(&row);
		}
	}
	json_decref(root);
	return r;
}

static void take_hostile(struct span in)
{
	struct import_seen *seen = NULL;

	fuzz_must(import_seen_new(&seen, NULL) == 0, "there is memory");
	while (in.n > 0) {
		const uint8_t *end = memchr(in.p, '\n', in.n);
		size_t n = end ? (size_t)(end - in.p) : in.n;

		(void)take_line(span_of(in.p, n), w.map, seen);
		in = end ? span_of(end + 1, in.n - n - 1) : span_of(NULL, 0);
	}
	import_seen_free(seen);
}

/* --- custos-intake's half --------------------------------------------------------- */

/* What lines said. */
struct told {
	unsigned nfirst, nrows, nrejected, nlast;
	json_int_t rows, rejected;
};

static void read_said(struct span line, const struct map *map, struct import_seen *seen, struct told *s)
{
	json_t *root = json_loadb((const char *)line.p, line.n, JSON_REJECT_DUPLICATES, NULL);

	fuzz_must(root != NULL, "each line is JSON");
	fuzz_must(s->nlast == 0, "nothing follows the last line");
	if (json_object_get(root, "records")) {
		int r = map ? take_line(line, map, seen) : 0;

		fuzz_must(s->nfirst == 1, "rows follow the first line");
		fuzz_must(r == 0 || r == CU_EINVAL || r == CU_ELIMIT, "a row is of custosd's form");
		s->nrows++;
	} else if (json_object_get(root, "reason")) {
		check_reason(json_string_value(json_object_get(root, "reason")));
		s->nrejected++;
	} else if (json_object_get(root, "sandbox")) {
		s->nfirst++;
	} else {
		fuzz_must(json_object_get(root, "done") != NULL, "there are no other lines");
		s->rows = json_integer_value(json_object_get(root, "rows"));
		s->rejected = json_integer_value(json_object_get(root, "rejected"));
		s->nlast++;
	}
	json_decref(root);
}

static void read_lines(struct span lines, const struct map *map, bool is_whole)
{
	struct import_seen *seen = NULL;
	struct told s = { 0 };

	fuzz_must(import_seen_new(&seen, NULL) == 0, "there is memory");
	while (lines.n > 0) {
		const uint8_t *end = memchr(lines.p, '\n', lines.n);

		fuzz_must(end != NULL, "each line ends");
		read_said(span_of(lines.p, (size_t)(end - lines.p)), map, seen, &s);
		lines = span_of(end + 1, lines.n - (size_t)(end + 1 - lines.p));
	}
	import_seen_free(seen);
	fuzz_must(s.nlast == is_whole, "what is whole says so");
	fuzz_must(!is_whole || (s.rows == s.nrows && s.rejected == s.nrejected), "the counts are right");
}

static int make_file(struct span bytes)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	fuzz_must(fd >= 0 && pwrite(fd, bytes.p, bytes.n, 0) == (ssize_t)bytes.n, "a file can be made");
	return fd;
}

/* The names of the columns may be in reasons. */
static bool is_canary_in_first_line(struct span file)
{
	const uint8_t *at = file.n > 0 ? memmem(file.p, file.n, CANARY, strlen(CANARY)) : NULL,
		      *end = file.n > 0 ? memchr(file.p, '\n', file.n) : NULL;

	return at && (!end || at < end || memchr(file.p, '\r', file.n) || memchr(file.p, '"', file.n));
}

static void import_file(struct span file, struct span plan_text, const struct map *map)
{
	struct intake_source source = { .fd = make_file(file), .total_bytes = (int64_t)file.n };
	const struct sandbox sandbox = { false, false };
	struct plan *plan = NULL;
	struct emit out;
	struct buf lines = BUF_INIT;
	struct cu_err err = { 0 };
	int to = make_file(span_of("", 0)), r = plan_parse(plan_text, &plan, &err);

	fuzz_must(r == 0 || !map, "what custosd writes, custos-intake reads");
	if (r == 0) {
		r = charset_open(plan->charset, &source.charset, &err);
	}
	if (r == 0) {
		emit_init(&out, to);
		r = intake_run(&source, plan, &sandbox, &out, &err);
		fuzz_must(emit_flush(&out, NULL) == 0, "lines can be written");
		emit_done(&out);
		fuzz_must(lseek(to, 0, SEEK_SET) == 0 && path_read_fd(to, LINES_MAX, &lines, NULL) == 0, "and read");
		read_lines(buf_span(&lines), map, r == 0);
	}
	if (r < 0 && !is_canary_in_first_line(file)) {
		check_reason(err.msg);
	}
	buf_done(&lines);
	charset_close(source.charset);
	plan_free(plan);
	close(source.fd);
	close(to);
}

static void import_by_map(struct span text)
{
	struct faults faults = FAULTS_INIT;
	struct buf plan = BUF_INIT;
	struct map *map = NULL;

	if (map_parse(text, "map.yaml", w.policy, &faults, &map, NULL) == 0) {
		map_plan(map, &plan);
		import_file(span_str(small_file), buf_span(&plan), map);
	}
	buf_done(&plan);
	map_free(map);
	faults_done(&faults);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	uint8_t what = fuzz_take(&in) % 4;

	if (!w.policy) {
		make_world();
	}
	if (what == 0 ? is_canary_in_first_line(in) : what != 2 && memmem(in.p, in.n, CANARY, strlen(CANARY)) != NULL) {
		return 0; /* headings, and what a map says, are told */
	}
	switch (what) {
	case 0: import_file(in, buf_span(&w.plan), w.map); break;
	case 1: import_file(span_str(small_file), in, NULL); break;
	case 2: take_hostile(in); break;
	case 3: import_by_map(in); break;
	}
	return 0;
}
