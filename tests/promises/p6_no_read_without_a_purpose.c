/*
 * P6: no read without a purpose; no purpose without a legal basis, and, where that is consent, a
 * live consent.
 *
 * The table of commands is walked, so that one that is added is covered: each that touches a
 * person's data is called without a purpose, for one that nobody has, and for one whose consent
 * was withdrawn.  Nothing of the person may be in a reply or in what was written into a descriptor.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "stage.h"
#include "wire/command.h"
#include "wire/interfaces.h"

#define MARK    "QZXJVKWBHYFP"
#define EMAIL   "qzxjvkwbhyfp@example.org"
#define CONSENT "marketing_email"

struct walk {
	struct stage *st;
	char subject[33];
	unsigned nrefused, nanswered;
};

/* Somebody who agreed, and took it back unless is_live. */
static void add_somebody(struct walk *w, bool is_live)
{
	stage_add_person(w->st,
		"[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"" MARK "\"}},"
		"{\"collection\":\"contact_point\",\"fields\":{\"email\":\"" EMAIL "\"}}]",
		w->subject);
	stage_ctl(w->st, AS_PRIVACY, "consent", "give", w->subject, "--purpose=" CONSENT,
		"--method=checkbox", "--language=en");
	stage_expect(w->st, 0);
	if (!is_live) {
		stage_ctl(w->st, AS_PRIVACY, "consent", "withdraw", w->subject, "--purpose=" CONSENT);
		stage_expect(w->st, 0);
	}
}

static const char map[] = "source: s\nsubject: {kind: person, key: id}\n"
			  "records:\n  - collection: profile\n    fields: {given_name: name}\n";

/* What a call takes well; NULL: leave it out. */
static json_t *valid_of(const struct walk *w, const struct idl_field *f)
{
	const struct {
		const char *name, *text;
	} words[] = { { "subject", w->subject }, { "collection", "profile" }, { "by", "email" },
		{ "value", EMAIL }, { "map", map }, { "kind", "person" } };
	const struct idl_type *t = idl_resolve(f->type);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(f->name, words[i].name) == 0) {
			return json_string(words[i].text);
		}
	}
	if (strcmp(f->name, "subjects") == 0) {
		return json_pack("[s]", w->subject);
	}
	if (f->type->kind == IDL_MAYBE) {
		return NULL;
	}
	switch (t->kind) {
	case IDL_BOOL: return json_false();
	case IDL_INT: return json_integer(1);
	case IDL_ENUM: return json_string(t->fields[0].name);
	case IDL_ARRAY: return json_array();
	case IDL_MAP: return json_pack("{s:s}", "given_name", "Ada");
	default: return json_string("x");
	}
}

static json_t *parameters(const struct walk *w, const struct idl_type *in, const char *purpose)
{
	json_t *all = json_object();

	for (size_t i = 0; i < in->nfields; i++) {
		bool is_purpose = strcmp(in->fields[i].name, "purpose") == 0;
		json_t *v = is_purpose ? purpose ? json_string(purpose) : NULL :
					 valid_of(w, &in->fields[i]);

		if (v) {
			json_object_set_new(all, in->fields[i].name, v);
		}
	}
	return all;
}

static bool has_mark(const char *text)
{
	return strstr(text, MARK) || strstr(text, EMAIL);
}

/* What a call wrote into its descriptor, then emptied. */
static bool file_has_mark(const char *path)
{
	char found[65536];
	FILE *f = fopen(path, "r+");
	size_t n;

	assert_non_null(f);
	n = fread(found, 1, sizeof(found) - 1, f);
	found[n] = '\0';
	assert_int_equal(ftruncate(fileno(f), 0), 0);
	fclose(f);
	return has_mark(found);
}

/* Takes parameters.  The call's code; whether anything of the person came back. */
static int call(struct walk *w, const struct command *c, json_t *p, bool *ret_told)
{
	const char *path = stage_text(w->st, "out", "");
	struct client *client = stage_client(w->st, AS_PRIVACY);
	struct cu_err err = { 0 };
	json_t *reply = NULL;
	char *text = NULL;
	int fd = -1, r;

	if (c->access & ACCESS_FD_OUT) {
		fd = open(path, O_WRONLY | O_CLOEXEC);
	} else if (c->access & ACCESS_FD_IN) {
		fd = open(stage_text(w->st, "in.csv", "id,name\n1,Grace\n"), O_RDONLY | O_CLOEXEC);
	}
	r = client_call(client, c->method, p, fd, &reply, &err);
	text = r == 0 ? json_dumps(reply, 0) : NULL;
	*ret_told = has_mark(err.msg) || (text && has_mark(text)) || file_has_mark(path);
	free(text);
	json_decref(r == 0 ? reply : NULL);
	json_decref(p);
	client_close(client);
	if (fd >= 0) {
		close(fd);
	}
	return r;
}

static void walk_command(struct walk *w, const struct command *c, const struct idl_type *in)
{
	bool is_told = false;

	add_somebody(w, false);
	if (call(w, c, parameters(w, in, NULL), &is_told) == 0 || is_told) {
		fail_msg("%s without a purpose is no refusal", c->words);
	}
	if (call(w, c, parameters(w, in, "nobodys"), &is_told) == 0 || is_told) {
		fail_msg("%s for a purpose that there is not is no refusal", c->words);
	}
	w->nrefused += 2;
	w->nanswered += call(w, c, parameters(w, in, CONSENT), &is_told) == 0;
	if (is_told) {
		fail_msg("%s tells of somebody who has withdrawn", c->words);
	}
}

static void every_command_asks_for_purpose_and_consent(void **state)
{
	struct walk w = { .st = *state };
	struct interfaces *set = NULL;
	unsigned n = 0;

	assert_int_equal(interfaces_load(&set, NULL), 0);
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		const struct command *c = command_at((enum command_id)id);

		if (c->access & (ACCESS_READ | ACCESS_WRITE)) {
			walk_command(&w, c,
				idl_resolve(interfaces_method(set, c->method, NULL)->in));
			n++;
		}
	}
	interfaces_free(set);
	assert_true(n >= 20);
	assert_int_equal(w.nrefused, 2 * n);
	assert_true(w.nanswered > 5); /* the calls were good ones, but for the purpose */
}

/* Else the test above would prove nothing. */
static void with_a_live_consent_the_same_calls_tell(void **state)
{
	static const enum command_id those[] = { COMMAND_SUBJECT_GET, COMMAND_EXPORT };
	struct walk w = { .st = *state };
	struct interfaces *set = NULL;

	assert_int_equal(interfaces_load(&set, NULL), 0);
	add_somebody(&w, true);
	for (size_t i = 0; i < sizeof(those) / sizeof(those[0]); i++) {
		const struct command *c = command_at(those[i]);
		const struct idl_type *in =
			idl_resolve(interfaces_method(set, c->method, NULL)->in);
		bool is_told = false;

		assert_int_equal(call(&w, c, parameters(&w, in, CONSENT), &is_told), 0);
		assert_true(is_told);
	}
	interfaces_free(set);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, stage_up, stage_down)
	const struct CMUnitTest tests[] = {
		T(every_command_asks_for_purpose_and_consent),
		T(with_a_live_consent_the_same_calls_tell),
	};

	return cmocka_run_group_tests_name("p6_no_read_without_a_purpose", tests, NULL, NULL);
}
