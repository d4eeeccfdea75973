#include "acts.h"

#include <ctype.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/err.h"

#define ID_SIZE    32
#define LEAVES_MAX 1000 /* that log show gives at a time */

/* --- ids, days, times and other things that are never the same ---------------------------------- */

static bool is_known(const struct house *h, const char *id)
{
	for (size_t i = 0; i < h->nids; i++) {
		if (strncmp(h->ids[i], id, ID_SIZE) == 0) {
			return true;
		}
	}
	return false;
}

static size_t hex_run(const char *p)
{
	return strspn(p, "0123456789abcdef");
}

static void learn_from(struct house *h, const char *text)
{
	while (*text) {
		size_t n = hex_run(text);

		if (n == ID_SIZE && !is_known(h, text)) {
			assert_true(h->nids < HOUSE_IDS);
			snprintf(h->ids[h->nids++], sizeof(h->ids[0]), "%.32s", text);
		}
		text += n ? n : 1;
	}
}

/* "2026-11-29", and behind it "T05:40:10.123Z" or " 05:40". */
static size_t put_day(FILE *to, const char *p)
{
	char day_text[CIVIL_DAY_SIZE];
	int32_t day;
	size_t n = 10;

	snprintf(day_text, sizeof(day_text), "%s", p);
	if (strlen(day_text) < 10 || p[4] != '-' || p[7] != '-' || !civil_parse_day(day_text, &day)) {
		return 0;
	}
	fprintf(to, "<day%+d>", (int)(day - (int32_t)(time(NULL) / 86400)));
	if ((p[n] == 'T' || p[n] == ' ') && isdigit((unsigned char)p[n + 1]) && isdigit((unsigned char)p[n + 2]) &&
		p[n + 3] == ':') {
		n += 1 + strspn(p + n + 1, "0123456789:.");
		n += p[n] == 'Z';
		fputs("<time>", to);
	}
	return n;
}

static size_t put_token(FILE *to, const struct house *h, const char *p)
{
	size_t n = hex_run(p);

	if (n >= ID_SIZE) {
		fprintf(to, n > ID_SIZE ? "<hash>" : is_known(h, p) ? "%.32s" : "<id>", p);
		return n;
	}
	n = put_day(to, p);
	if (n > 0) {
		return n;
	}
	n = strspn(p, "0123456789");
	if (n >= 10) {
		fputs("<number>", to);
		return n;
	}
	n = n ? n : strcspn(p, "0123456789abcdef");
	n = n ? n : 1;
	fwrite(p, 1, n, to);
	return n;
}

static void put_text(FILE *to, const struct house *h, const char *text)
{
	while (*text) {
		text += put_token(to, h, text);
	}
}

/* --- JSON whose parts stand in one order ----------------------------------------------------------- */

/* Members that come and go with attempts of which custosd makes some more or fewer. */
static bool is_passing(const char *name)
{
	return strcmp(name, "fault") == 0 || strcmp(name, "next_ms") == 0;
}

/* Members that say when, how long, how large, or are random; a code's hash; by which key this life of custosd opened. */
static bool is_volatile(const char *name)
{
	static const char *const all[] = { "size", "bytes", "stored", "uploaded", "note", "age_ms", "took_ms", "manifest",
		"sha256", "seconds", "data_bytes", "leaf", "index", "log_size", "checkpoint", "root", "attempts", "entry",
		"opened" };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(name, all[i]) == 0) {
			return true;
		}
	}
	return strlen(name) > 3 && strcmp(name + strlen(name) - 3, "_ms") == 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *value_text(const struct house *h, const json_t *v);

static void put_sorted(FILE *to, char **parts, size_t n)
{
	qsort(parts, n, sizeof(*parts), by_text);
	for (size_t i = 0; i < n; i++) {
		fprintf(to, "%s%s", i ? ", " : "", parts[i]);
		free(parts[i]);
	}
	free(parts);
}

static void put_members(FILE *to, const struct house *h, const json_t *v)
{
	char **parts = calloc(json_object_size(v) + 1, sizeof(*parts));
	const char *name;
	json_t *member;
	size_t n = 0;

	assert_non_null(parts);
	json_object_foreach ((json_t *)(uintptr_t)v, name, member) {
		char *text = is_volatile(name) ? strdup("<volatile>") : value_text(h, member);

		if (!is_passing(name)) {
			assert_true(asprintf(&parts[n++], "%s: %s", name, text) > 0);
		}
		free(text);
	}
	put_sorted(to, parts, n);
}

static void put_elements(FILE *to, const struct house *h, const json_t *v)
{
	char **parts = calloc(json_array_size(v) + 1, sizeof(*parts));
	size_t i;
	json_t *element;

	assert_non_null(parts);
	json_array_foreach (v, i, element) {
		parts[i] = value_text(h, element);
	}
	put_sorted(to, parts, json_array_size(v));
}

static char *value_text(const struct house *h, const json_t *v)
{
	char *text = NULL, *plain;
	size_t n;
	FILE *to = open_memstream(&text, &n);

	assert_non_null(to);
	if (json_is_object(v)) {
		fputc('{', to);
		put_members(to, h, v);
		fputc('}', to);
	} else if (json_is_array(v)) {
		fputc('[', to);
		put_elements(to, h, v);
		fputc(']', to);
	} else {
		plain = json_dumps(v, JSON_ENCODE_ANY);
		put_text(to, h, plain);
		free(plain);
	}
	fclose(to);
	return text;
}

/* --- asking -------------------------------------------------------------------------------------------- */

struct asking {
	struct house *h;
	FILE *to;          /* NULL: what comes is learnt from */
	enum who who;
};

/* A connection and a whole reply, or NULL with the error in *err. */
static json_t *call(const struct asking *k, const char *method, json_t *parameters, int fd, struct cu_err *err)
{
	struct client *c = stage_client(k->h->st, k->who);
	json_t *reply = NULL;
	int r = client_call(c, method, parameters, fd, &reply, err);

	json_decref(parameters);
	client_close(c);
	return r < 0 ? NULL : reply;
}

static void put_line(const struct asking *k, const char *what, const json_t *v)
{
	char *text;

	if (!k->to) {
		text = json_dumps(v, JSON_ENCODE_ANY);
		learn_from(k->h, text);
	} else {
		text = value_text(k->h, v);
		fprintf(k->to, "%s: %s\n", what, text);
	}
	free(text);
}

/* The reply, borrowed until the next; NULL: refused, which is a line as well. */
static const json_t *ask(const struct asking *k, const char *method, json_t *parameters)
{
	static json_t *last;
	struct cu_err err = { 0 };

	json_decref(last);
	last = call(k, method, parameters, -1, &err);
	if (!last && k->to) {
		fprintf(k->to, "%s: %s: ", method, cu_err_wire_name(err.code));
		put_text(k->to, k->h, err.msg);
		fputc('\n', k->to);
	}
	return last;
}

/* An ending that custosd had begun by itself when the fault came, and that ended nothing. */
static bool is_dropped(const json_t *element)
{
	const char *state = json_string_value(json_object_get(element, "state"));

	return state && strcmp(state, "dropped") == 0;
}

/* Each element of a list on a line of its own; with show, what that says of it. */
static void ask_list(
	const struct asking *k, const char *family, const char *list, json_t *parameters, const char *member, const char *id)
{
	char method[64];
	const json_t *reply;
	json_t *all, *each;
	size_t i;

	snprintf(method, sizeof(method), "io.custos.%s.%s", family, list);
	reply = ask(k, method, parameters);
	all = json_deep_copy(json_object_get(reply, member));
	json_array_foreach (all, i, each) {
		if (strcmp(member, "runs") != 0 || !is_dropped(each)) {
			put_line(k, member, each);
		}
		if (id) {
			const json_t *shown;

			snprintf(method, sizeof(method), "io.custos.%s.Show", family);
			shown = ask(k, method, json_pack("{s:O}", id, json_object_get(each, id)));
			if (shown) {
				put_line(k, method, shown);
			}
		}
	}
	json_decref(all);
}

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Takes text; lines in order. */
static char *sorted(char *text)
{
	size_t n = 0, cap = strlen(text) + 1;
	char **lines = calloc(cap, sizeof(*lines)), *out = calloc(1, cap + 1), *p = out, *rest = text, *line;

	assert_true(lines && out);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (*line) {
			lines[n++] = line;
		}
	}
	qsort(lines, n, sizeof(*lines), by_line);
	for (size_t i = 0; i < n; i++) {
		p = stpcpy(stpcpy(p, lines[i]), "\n");
	}
	free(lines);
	free(text);
	return out;
}

/* Everybody and everything, opened. */
static void ask_export(const struct asking *k)
{
	int fd = memfd_create("export", MFD_CLOEXEC);
	struct cu_err err = { 0 };
	char line[65536];
	json_t *reply;
	FILE *from;

	assert_true(fd >= 0);
	reply = call(k, "io.custos.data.Export", json_pack("{s:s}", "purpose", "access_request"), dup(fd), &err);
	if (!reply) {
		if (k->to) {
			fprintf(k->to, "export: %s\n", err.msg);
		}
		close(fd);
		return;
	}
	json_decref(reply);
	from = fdopen(fd, "r");
	rewind(from);
	while (fgets(line, sizeof(line), from)) {
		json_t *v = json_loads(line, 0, NULL);

		assert_non_null(v);
		put_line(k, "exported", v);
		json_decref(v);
	}
	fclose(from);
}

static void ask_person(const struct asking *k, const char *variable)
{
	char text[2][40];
	const char *id = NULL;
	const json_t *reply;

	for (size_t i = 0; i < k->h->nvariables; i++) {
		id = strcmp(k->h->names[i], variable) == 0 ? k->h->values[i] : id;
	}
	if (!id) {
		return;
	}
	snprintf(text[0], sizeof(text[0]), "%s", id);
	reply = ask(k, "io.custos.subject.Get", json_pack("{s:s,s:s}", "subject", text[0], "purpose", "access_request"));
	if (reply) {
		put_line(k, variable, reply);
	}
	ask_list(k, "consent", "List",
		json_pack("{s:s,s:s,s:b}", "subject", text[0], "purpose", "access_request", "evidence", 1), "events", NULL);
}

/* Who is found by an address, now or later. */
static void ask_search(const struct asking *k)
{
	static const char *const addresses[] = { "ada", "new", "grace" };

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		char address[64];
		const json_t *reply;

		snprintf(address, sizeof(address), "%s." CANARY "@example.org", addresses[i]);
		reply = ask(k, "io.custos.subject.Search",
			json_pack("{s:s,s:s,s:s}", "by", "email", "value", address, "purpose", "access_request"));
		if (reply) {
			put_line(k, address, reply);
		}
	}
}

static void ask_state(const struct asking *k)
{
	static const char *const members[] = { "state", "subjects", "records", "key_sources", "requests", "erasures",
		"approvals" };
	const json_t *reply = ask(k, "io.custos.Status", json_object());

	for (size_t i = 0; reply && i < sizeof(members) / sizeof(members[0]); i++) {
		const json_t *v = json_object_get(reply, members[i]);

		if (v) {
			put_line(k, members[i], v);
		}
	}
}

static json_t *with_all(void)
{
	return json_pack("{s:b}", "all", 1);
}

static void ask_everything(struct asking *k)
{
	static const char *const people[] = { "ada", "bob", "cem" };

	k->who = AS_ADMIN;
	ask_state(k);
	ask_list(k, "key", "List", json_object(), "sources", NULL);
	ask_list(k, "backup", "List", json_object(), "backups", NULL);
	ask_list(k, "drill", "List", json_object(), "drills", NULL);
	ask_list(k, "message", "List", with_all(), "messages", NULL);
	ask_list(k, "approval", "List", with_all(), "approvals", NULL);
	k->who = AS_PRIVACY;
	ask_export(k);
	ask_search(k);
	for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++) {
		ask_person(k, people[i]);
	}
	ask_list(k, "request", "List", json_pack("{s:b,s:b,s:b}", "all", 1, "due", 0, "mine", 0), "requests", "number");
	ask_list(k, "hold", "List", with_all(), "holds", "hold");
	ask_list(k, "incident", "List", with_all(), "incidents", "number");
	ask_list(k, "erase", "List", with_all(), "erasures", NULL);
	ask_list(k, "retention", "List", json_object(), "runs", NULL);
	ask_list(k, "retention", "Aggregates", json_object(), "aggregates", NULL);
	ask_list(k, "duty", "History", json_pack("{s:s}", "duty", "training"), "doings", NULL);
	ask_list(k, "duty", "History", json_pack("{s:s}", "duty", "training"), "evidence", NULL);
}

/* --- the log ----------------------------------------------------------------------------------------------- */

/* A vault object without a manifest, which a fault may leave at a target, is deleted there; a search says how
 * many files there were; a message is handed over again where nobody knows whether it was sent. */
static bool is_of_fault(const char *leaf)
{
	return strstr(leaf, "act=backup.prune ") || strstr(leaf, "act=residue.none ") ||
		strstr(leaf, "act=message.take ");
}

char *look_leaves(struct house *h)
{
	const struct asking k = { .h = h, .who = AS_ADMIN };
	char *text = NULL;
	size_t n = 0, i, got;
	uint64_t from = h->nleaves;
	FILE *to = open_memstream(&text, &n);

	assert_non_null(to);
	do {
		const json_t *reply = ask(&k, "io.custos.log.Show",
				     json_pack("{s:I,s:i}", "from", (json_int_t)from, "count", LEAVES_MAX)),
			     *leaves = json_object_get(reply, "leaves"), *leaf;

		got = json_array_size(leaves);
		json_array_foreach (leaves, i, leaf) {
			const char *line = json_string_value(json_object_get(leaf, "leaf"));

			if (!is_of_fault(line)) {
				put_text(to, h, line);
				fputc('\n', to);
			}
		}
		from += got;
	} while (got == LEAVES_MAX);
	fclose(to);
	return sorted(text);
}

char *look_shown(struct house *h)
{
	struct asking k = { .h = h };
	char *text = NULL;
	size_t n = 0;

	k.to = open_memstream(&text, &n);
	assert_non_null(k.to);
	ask_everything(&k);
	fclose(k.to);
	return sorted(text);
}

void look_learn(struct house *h)
{
	struct asking k = { .h = h };

	ask_everything(&k);
}

void look_done(struct look *l)
{
	free(l->shown);
	free(l->leaves);
	*l = (struct look){ 0 };
}

/* --- comparing ------------------------------------------------------------------------------------------------ */

/* Both are lines in order.  Goes past those that both have; < 0: the next is only in *a, > 0: only in
 * *b, 0: there are no more. */
static int next_odd(const char **a, const char **b)
{
	for (;;) {
		size_t na = strcspn(*a, "\n"), nb = strcspn(*b, "\n");
		int c = !**a ? **b != '\0' : !**b ? -1 : strncmp(*a, *b, (na > nb ? na : nb) + 1);

		if (c != 0 || !**a) {
			return c;
		}
		*a += na + 1;
		*b += nb + 1;
	}
}

static const char *difference(const char *wanted, const char *found)
{
	static char says[2400];
	int c = next_odd(&wanted, &found);
	const char *line = c < 0 ? wanted : found;
	size_t n = strcspn(line, "\n");

	snprintf(says, sizeof(says), "%s: %.*s", c < 0 ? "lacks" : "has", (int)(n > 1000 ? 1000 : n), line);
	line = c < 0 ? found : wanted;
	n = strcspn(line, "\n");
	snprintf(says + strlen(says), sizeof(says) - strlen(says), "\nbeside: %.*s", (int)(n > 1000 ? 1000 : n), line);
	return c ? says : NULL;
}

const char *look_difference(const struct look *wanted, const struct look *found)
{
	const char *d = difference(wanted->shown, found->shown);

	return d ? d : difference(wanted->leaves, found->leaves);
}

char *look_new_leaves(const struct look *before, const struct look *after)
{
	const char *a = before->leaves, *b = after->leaves;
	char *out = calloc(1, strlen(b) + 1), *p = out;
	int c;

	assert_non_null(out);
	while ((c = next_odd(&a, &b)) != 0) {
		const char **from = c < 0 ? &a : &b;
		size_t n = strcspn(*from, "\n") + 1;

		if (c > 0) {
			p = mempcpy(p, *from, n);
		}
		*from += n;
	}
	return out;
}

/* --- canaries --------------------------------------------------------------------------------------------------- */

static char hit[600];

static int search_file(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	static const char *const forms[] = { CANARY, "qzxjvkwbhyfp" };
	int fd;
	char *bytes;

	(void)at;
	if (kind != FTW_F || st->st_size == 0 || hit[0]) {
		return 0;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return 0; /* it has gone meanwhile */
	}
	bytes = mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	assert_true(bytes != MAP_FAILED);
	for (size_t i = 0; i < 2; i++) {
		if (memmem(bytes, (size_t)st->st_size, forms[i], strlen(forms[i]))) {
			snprintf(hit, sizeof(hit), "%s", path);
		}
	}
	munmap(bytes, (size_t)st->st_size);
	return 0;
}

const char *look_for_canary(const char *dirs)
{
	char copy[512], *rest = copy, *dir;

	hit[0] = '\0';
	snprintf(copy, sizeof(copy), "%s", dirs);
	while ((dir = strsep(&rest, ":")) != NULL) {
		nftw(dir, search_file, 16, FTW_PHYS);
	}
	return hit[0] ? hit : NULL;
}
