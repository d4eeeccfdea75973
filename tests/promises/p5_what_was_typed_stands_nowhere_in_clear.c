/*
 * P5: whatever somebody hands to custosd stands sealed, or nowhere.
 *
 * The table of commands and the interface files are walked, so that a command that is added is
 * covered: each gets a canary in every parameter at once, and then in one after the other while the
 * rest is valid.  Afterwards no canary may be found in the state directory (log, access journal,
 * databases), the daemon's messages, the errors that it replied, or the arguments of any process:
 * neither plain, nor as UTF-16, base64 or hexadecimal.
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
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
#include "stage.h"
#include "wire/command.h"
#include "wire/interfaces.h"

/* Every canary holds one of these; the second is what becomes of the first in small letters. */
#define MARK   "QZXJVKWBHYFP"
#define NUMBER 73918462057
static const char *const marks[] = { MARK, "qzxjvkwbhyfp", "73918462057" };
#define EMAIL "qzxjvkwbhyfp@example.org"
#define PHONE "+4973918462057"

#define NMARKS (sizeof(marks) / sizeof(marks[0]))

/* --- the search -------------------------------------------------------------------------- */

struct needle {
	char what[64];
	uint8_t bytes[64];
	size_t n;
};

static struct needle needles[NMARKS * 8];
static size_t nneedles;

static void add_needle(const char *mark, const char *how, const void *bytes, size_t n)
{
	struct needle *needle = &needles[nneedles++];

	snprintf(needle->what, sizeof(needle->what), "%s, %s", mark, how);
	assert_true(n <= sizeof(needle->bytes));
	memcpy(needle->bytes, bytes, n);
	needle->n = n;
}

/* Behind 0, 1 or 2 other bytes; the characters at both ends depend on the neighbours. */
static void add_base64(const char *mark, unsigned behind)
{
	char text[TEXT_BASE64_SIZE(64)];
	uint8_t bytes[64] = { 0 };
	size_t n = strlen(mark), first = (8 * behind + 5) / 6, last = 8 * (behind + n) / 6;

	memcpy(bytes + behind, mark, n);
	(void)text_base64(bytes, behind + n, false, text);
	add_needle(mark, "base64", text + first, last - first);
}

static void add_wide(const char *mark, bool is_big)
{
	uint8_t wide[64] = { 0 };
	size_t n = strlen(mark);

	for (size_t i = 0; i < n; i++) {
		wide[2 * i + is_big] = (uint8_t)mark[i];
	}
	add_needle(mark, is_big ? "UTF-16BE" : "UTF-16LE", wide, 2 * n);
}

static void make_needles(void)
{
	for (size_t i = 0; i < NMARKS && nneedles < NMARKS * 8; i++) {
		char hex[64];
		size_t n = strlen(marks[i]);

		add_needle(marks[i], "plain", marks[i], n);
		add_wide(marks[i], false);
		add_wide(marks[i], true);
		for (unsigned behind = 0; behind < 3; behind++) {
			add_base64(marks[i], behind);
		}
		text_hex((const uint8_t *)marks[i], n, hex);
		add_needle(marks[i], "hex", hex, 2 * n);
		for (char *p = hex; *p; p++) {
			*p = *p >= 'a' ? (char)(*p - 32) : *p;
		}
		add_needle(marks[i], "hex in capitals", hex, 2 * n);
	}
}

static const char *find_first(const void *bytes, size_t n, size_t nwanted)
{
	for (size_t i = 0; n > 0 && i < nwanted; i++) {
		if (memmem(bytes, n, needles[i].bytes, needles[i].n)) {
			return needles[i].what;
		}
	}
	return NULL;
}

static const char *find_in(const void *bytes, size_t n)
{
	return find_first(bytes, n, nneedles);
}

/* A process may end while it is looked at. */
static bool is_gone(const char *path, int code)
{
	return code == CU_ENOENT || strncmp(path, "/proc/", 6) == 0;
}

static const char *find_in_file(const char *path)
{
	struct buf bytes = BUF_INIT;
	struct cu_err err;
	const char *found;
	int r = path_read_file(path, 1u << 30, &bytes, &err);

	if (r < 0 && !is_gone(path, r)) {
		fail_msg("%s: %s", path, err.msg);
	}
	found = find_in(bytes.p, bytes.n);
	buf_done(&bytes);
	return found;
}

/* The first hit below a directory, as "path: what", or NULL; static. */
static const char *find_below(const char *dir, unsigned *ret_nfiles)
{
	static char hit[512];
	char *list = run_shell("find '%s' -type f", dir), *rest = list, *path;
	const char *found = NULL;

	*ret_nfiles = 0;
	while (!found && (path = strsep(&rest, "\n")) != NULL) {
		if (*path) {
			(*ret_nfiles)++;
			found = find_in_file(path);
			snprintf(hit, sizeof(hit), "%s: %s", path, found ? found : "");
		}
	}
	free(list);
	return found ? hit : NULL;
}

static void expect_none_in_arguments(void)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;

	assert_non_null(proc);
	while ((entry = readdir(proc)) != NULL) {
		char path[300];
		const char *found;

		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		found = *entry->d_name >= '0' && *entry->d_name <= '9' ? find_in_file(path) : NULL;
		if (found) {
			fail_msg("%s: %s", path, found);
		}
	}
	closedir(proc);
}

/* --- parameters -------------------------------------------------------------------------- */

struct walk {
	struct stage *st;
	char subject[33], before[33]; /* the last two who were added */
	char told[700]; /* the first error that told a canary, with its method */
	unsigned ncalls, nanswered;
};

/* A flag that lets a call wait, for a second user who is not here. */
static bool is_for_waiting(const char *parameter)
{
	return strcmp(parameter, "wait") == 0 || strcmp(parameter, "now") == 0;
}

/* All kinds of canaries, where the type leaves a choice. */
static json_t *canary_of(const struct idl_type *type)
{
	const struct idl_type *t = idl_resolve(type);
	json_t *v;

	switch (t->kind) {
	case IDL_BOOL: return json_true();
	case IDL_INT: return json_integer(NUMBER);
	case IDL_FLOAT: return json_real(NUMBER);
	case IDL_STRING: return json_string(MARK " " EMAIL);
	case IDL_OBJECT:
	case IDL_ANY:
	case IDL_MAP: return json_pack("{s:s, s:s}", MARK, MARK, "given_name", MARK);
	case IDL_ENUM: return json_string(t->fields[t->nfields - 1].name);
	case IDL_ARRAY: return json_pack("[o]", canary_of(t->of));
	case IDL_STRUCT:
		v = json_object();
		for (size_t i = 0; i < t->nfields; i++) {
			json_object_set_new(v, t->fields[i].name,
				is_for_waiting(t->fields[i].name) ? json_false() :
								    canary_of(t->fields[i].type));
		}
		return v;
	case IDL_NAMED:
	case IDL_MAYBE: break; /* resolved */
	}
	fail_msg("a type that is not known here");
	return NULL;
}

static const char map[] = "source: canaries\nsubject: {kind: person, key: id}\n"
			  "records:\n  - collection: profile\n    fields: {given_name: name}\n";

static bool is_merge(const struct command *c, const struct idl_field *f, const char *name)
{
	return strcmp(c->method, "io.custos.subject.Merge") == 0 && strcmp(f->name, name) == 0;
}

/* What a call takes well, with canaries where people's data goes; NULL: leave it out. */
static json_t *valid_of(struct walk *w, const struct command *c, const struct idl_field *f)
{
	static const struct {
		const char *methods, *name, *text; /* methods: how they begin */
	} words[] = { { "io.custos.consent.", "purpose", "survey" }, { "", "purpose", STAGE_PURPOSE },
		{ "", "collection", "profile" }, { "", "by", "email" }, { "", "value", EMAIL },
		{ "", "target", "local" }, { "", "charset", "UTF-8" }, { "", "map", map },
		{ "io.custos.subject.", "kind", "person" }, { "", "law", "gdpr" }, { "io.custos.duty.", "duty", "training" }, { "io.custos.duty.", "on", "2026-11-20" },
		{ "io.custos.consent.", "channel", "phone" }, { "", "evidence", MARK " " EMAIL },
		{ "io.custos.consent.", "language", "en" }, { "io.custos.request.Open", "about", "survey" },
		{ "", "citation", "HGB 257 " MARK }, { "", "received", "2026-11-20" },
		{ "io.custos.record.", "is", "30d" }, { "io.custos.record.", "key", MARK },
		{ "", "noticed", "2026-11-20 10:15" }, { "io.custos.request.Assign", "to", "me" }, { "", "at", "2026-11-21 10:15" } };
	const struct idl_type *t = idl_resolve(f->type);
	bool is_optional = f->type->kind == IDL_MAYBE;

	if (strcmp(f->name, "subject") == 0 || is_merge(c, f, "from")) {
		return json_string(w->subject);
	}
	if (is_merge(c, f, "into")) {
		return json_string(w->before);
	}
	if (strcmp(c->method, "io.custos.record.Put") == 0 && strcmp(f->name, "records") == 0) {
		return json_pack("[{s:s,s:s,s:{s:s,s:s},s:{s:[s],s:s},s:{s:s}}]", "collection", "profile",
			"key", MARK, "owner", "scheme", "crm", "number", MARK, "rule", "purposes",
			STAGE_PURPOSE, "keep", "30d", "fields", "given_name", MARK);
	}
	if (strcmp(f->name, "records") == 0) {
		return json_pack("[{s:s,s:{s:s,s:s}},{s:s,s:{s:s,s:s}},{s:s,s:{s:s,s:s}}]",
			"collection", "profile", "fields", "given_name", MARK, "family_name", MARK,
			"collection", "contact_point", "fields", "city", MARK, "email", EMAIL,
			"collection", "contact_point", "fields", "city", MARK, "phone", PHONE);
	}
	if (strcmp(f->name, "fields") == 0 && t->kind != IDL_ARRAY) {
		return json_pack("{s:s}", "given_name", MARK);
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(f->name, words[i].name) == 0 && t->kind == IDL_STRING &&
			strncmp(c->method, words[i].methods, strlen(words[i].methods)) == 0) {
			return json_string(words[i].text);
		}
	}
	if (t->kind == IDL_BOOL) {
		return json_false();
	}
	return is_optional ? NULL : t->kind == IDL_INT ? json_integer(1) : canary_of(f->type);
}

/* --- calls ------------------------------------------------------------------------------- */

static int descriptor_of(struct walk *w, const struct command *c)
{
	static const char rows[] = "id,name\n" MARK "," MARK "\n" EMAIL ",\"" MARK "\n";
	int fd = -1;

	if (c->access & ACCESS_FD_OUT) {
		fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	} else if ((c->access & ACCESS_FD_IN) && !(c->access & ACCESS_FD_OPTIONAL)) {
		fd = open(stage_file(w->st, "rows.csv", rows, sizeof(rows) - 1), O_RDONLY | O_CLOEXEC);
	}
	return fd;
}

/* Takes parameters. */
static void call_as(struct walk *w, enum who who, const struct command *c, json_t *parameters)
{
	struct client *client = stage_client(w->st, who);
	int fd = descriptor_of(w, c), r;
	struct cu_err err = { 0 };

	r = client_call(client, c->method, parameters, fd, NULL, &err);
	w->ncalls++;
	w->nanswered += r == 0;
	/* but numbers: "the log has no leaf 73918462057 yet" goes to whoever asked for it */
	if (r < 0 && !w->told[0] && find_first(err.msg, strlen(err.msg), (NMARKS - 1) * 8)) {
		snprintf(w->told, sizeof(w->told), "%s: %s", c->method, err.msg);
	}
	if (fd >= 0) {
		close(fd);
	}
	json_decref(parameters);
	client_close(client);
}

/* A call may have locked the store. */
static void keep_running(struct walk *w)
{
	json_t *reply = NULL;
	struct cu_err err = { 0 };

	if (stage_call(w->st, AS_ADMIN, "io.custos.Status", json_object(), &reply, &err) < 0) {
		fail_msg("status: %s", err.msg);
	}
	if (strcmp(json_string_value(json_object_get(reply, "state")), "running") != 0) {
		stage_stop(w->st);
		stage_start(w->st);
	}
	json_decref(reply);
}

static void call_all(struct walk *w, const struct command *c, json_t *parameters)
{
	call_as(w, AS_PRIVACY, c, json_deep_copy(parameters));
	call_as(w, AS_ADMIN, c, parameters);
	expect_none_in_arguments();
	keep_running(w);
}

static void add_somebody(struct walk *w)
{
	json_t *reply = NULL;
	struct cu_err err = { 0 };

	if (stage_call(w->st, AS_PRIVACY, "io.custos.subject.Add",
		    json_pack("{s:s, s:s, s:[{s:s, s:{s:s}}]}", "kind", "person", "purpose",
			    STAGE_PURPOSE, "records", "collection", "profile", "fields", "given_name",
			    MARK),
		    &reply, &err) < 0) {
		fail_msg("subject add: %s", err.msg);
	}
	memcpy(w->before, w->subject, sizeof(w->before));
	snprintf(w->subject, sizeof(w->subject), "%s",
		json_string_value(json_object_get(reply, "subject")));
	json_decref(reply);
}

/* Valid parameters, but for one. */
static json_t *parameters_with(
	struct walk *w, const struct command *c, const struct idl_type *in, size_t odd)
{
	json_t *all = json_object();

	for (size_t i = 0; i < in->nfields; i++) {
		json_t *v = i == odd && !is_for_waiting(in->fields[i].name) ?
			canary_of(in->fields[i].type) :
			valid_of(w, c, &in->fields[i]);

		if (v) {
			json_object_set_new(all, in->fields[i].name, v);
		}
	}
	return all;
}

static void walk_method(struct walk *w, const struct command *c, const struct idl_member *m)
{
	const struct idl_type *in = idl_resolve(m->in);

	call_all(w, c, canary_of(in));
	for (size_t i = 0; i <= in->nfields; i++) { /* at last all valid */
		add_somebody(w);
		call_all(w, c, parameters_with(w, c, in, i));
	}
}

static void walk_everything(struct walk *w)
{
	struct interfaces *set = NULL;
	struct cu_err err;

	assert_int_equal(interfaces_load(&set, &err), 0);
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		const struct command *c = command_at((enum command_id)id);

		if (!(c->access & ACCESS_LOCAL)) {
			const struct idl_member *m = interfaces_method(set, c->method, NULL);

			assert_non_null(m);
			walk_method(w, c, m);
		}
	}
	interfaces_free(set);
}

/* --- the tests --------------------------------------------------------------------------- */

static int up_with_a_duty(void **state)
{
	struct stage *st = stage_new();

	*state = st;
	stage_policy(st, "duties.yaml", "duties:\n  - {duty: training, owner: privacy, months: 12,"
		" text: {en: Train., zh: 培训。}, evidence: {en: Who., zh: 谁。}}\n");
	stage_start(st);
	stage_init(st);
	return 0;
}

static void what_was_typed_is_found_nowhere(void **state)
{
	struct walk w = { .st = *state };
	const char *hit;
	char *export;
	unsigned n;

	add_somebody(&w);
	walk_everything(&w);
	run_sleep_ms(1500); /* the log is published */
	hit = find_below(w.st->state, &n);
	if (hit) {
		fail_msg("%s", hit);
	}
	assert_true(n > 8);
	hit = find_in_file(w.st->log);
	if (hit) {
		fail_msg("the daemon said: %s", hit);
	}
	if (w.told[0]) {
		fail_msg("an error told it: %s", w.told);
	}
	stage_stop(w.st); /* what a last checkpoint moves into the files */
	hit = find_below(w.st->state, &n);
	if (hit) {
		fail_msg("after the end: %s", hit);
	}

	/* and yet they came in, and are there for those who may see them */
	stage_start(w.st);
	export = strdup(stage_path(w.st, "everybody.jsonl"));
	stage_ctl(w.st, AS_PRIVACY, "export", export, "--purpose=" STAGE_PURPOSE);
	stage_expect(w.st, 0);
	assert_non_null(find_in_file(export));
	assert_true(w.nanswered > w.ncalls / 8);
	free(export);
}

static void a_core_is_never_written(void **state)
{
	struct stage *st = *state;
	char *limits = run_shell("grep 'Max core file size' /proc/%d/limits", (int)st->daemon);
	char *cwd = run_shell("readlink /proc/%d/cwd", (int)st->daemon);
	char *before, *after, path[64];
	long soft = -1, hard = -1;
	struct stat mem;

	assert_int_equal(sscanf(limits, "Max core file size %ld %ld", &soft, &hard), 2);
	assert_true(soft == 0 && hard == 0);
	if (stage_has_roles()) { /* of root, though the process is not: it may not be dumped */
		snprintf(path, sizeof(path), "/proc/%d/mem", (int)st->daemon);
		assert_int_equal(stat(path, &mem), 0);
		assert_int_equal(mem.st_uid, 0);
		assert_int_not_equal(stage_uid(AS_DAEMON), 0);
	}
	cwd[strcspn(cwd, "\n")] = '\0';
	before = run_shell("ls -a '%s'", cwd);
	kill(st->daemon, SIGABRT);
	assert_int_not_equal(stage_wait_end(st, 20000), 0);
	after = run_shell("ls -a '%s'", cwd);
	assert_null(strstr(after, "\ncore"));
	free(limits);
	free(cwd);
	free(before);
	free(after);
}

/* The search would find each form, wherever it begins. */
static void the_search_finds_what_is_there(void **state)
{
	struct stage *st = *state;
	unsigned n;

	for (size_t i = 0; i < nneedles; i++) {
		struct buf text = BUF_INIT;
		const char *path;

		buf_put_str(&text, "something before ");
		buf_put(&text, needles[i].bytes, needles[i].n);
		path = stage_file(st, "planted", text.p, text.n);
		assert_non_null(find_in_file(path));
		assert_non_null(find_below(st->files, &n));
		buf_done(&text);
	}
	for (unsigned behind = 0; behind < 3; behind++) {
		char text[256], line[128];

		snprintf(line, sizeof(line), "%.*sname=%s;", (int)behind, "xyz", MARK "42");
		(void)text_base64((const uint8_t *)line, strlen(line), false, text);
		assert_non_null(find_in(text, strlen(text)));
	}
	stage_text(st, "planted", "nothing");
	assert_null(find_below(st->files, &n));
	assert_int_equal(n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_search_finds_what_is_there, stage_up_bare, stage_down),
		cmocka_unit_test_setup_teardown(
			what_was_typed_is_found_nowhere, up_with_a_duty, stage_down),
		cmocka_unit_test_setup_teardown(a_core_is_never_written, stage_up, stage_down),
	};

	make_needles();
	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
