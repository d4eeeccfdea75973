/* Plugins, their settings and their routes: the ABI, with the plugin null. */
#include "check.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/plugin.h"
#include "agent/route.h"
#include "agent/settings.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/path.h"

static struct plugins all;

static int load(void **state)
{
	struct cu_err err = { 0 };

	assert_ok(plugins_load(CUSTOS_PLUGINS, &all, &err), &err);
	return make_tmp(state);
}

static const struct cu_plugin *null_plugin(void)
{
	const struct cu_plugin *p = plugins_find(&all, "null");

	assert_non_null(p);
	return p;
}

/* --- the symbol -------------------------------------------------------------------------- */

static void null_is_found_under_its_name_and_no_other(void **state)
{
	(void)state;
	assert_string_equal(null_plugin()->name, "null");
	assert_null(plugins_find(&all, "nul"));
	assert_null(plugins_find(&all, "null.so"));
}

static void a_directory_that_is_not_there_is_told(void **state)
{
	struct plugins none;
	struct cu_err err;

	(void)state;
	assert_int_equal(plugins_load("/nowhere/plugins", &none, &err), CU_ENOENT);
}

static void another_version_or_half_a_symbol_is_refused(void **state)
{
	struct cu_plugin p = *null_plugin();
	struct cu_message_calls calls = *p.message;
	struct cu_err err;

	(void)state;
	assert_int_equal(plugin_check(&p, "null", &err), 0);
	p.minor = 999; /* appended to: what we know is as it was */
	p.size += 64;
	assert_int_equal(plugin_check(&p, "null", &err), 0);
	p.major++;
	assert_int_equal(plugin_check(&p, "null", &err), CU_EUNSUP);
	assert_non_null(strstr(err.msg, "version 2.999"));
	p = *null_plugin();
	p.size = 8;
	assert_int_equal(plugin_check(&p, "null", &err), CU_EUNSUP);
	p = *null_plugin();
	assert_int_equal(plugin_check(&p, "other", &err), CU_EUNSUP);
	p.message = &calls;
	calls.send = NULL;
	assert_int_equal(plugin_check(&p, "null", &err), CU_EUNSUP);
	calls = *null_plugin()->message;
	calls.size = 8;
	assert_int_equal(plugin_check(&p, "null", &err), CU_EUNSUP);
	p.message = NULL;
	assert_int_equal(plugin_check(&p, "null", &err), CU_EUNSUP);
}

/* With a compiler and the header, and nothing else of custos. */
static void a_plugin_is_built_outside_of_the_tree(void **state)
{
	static const char source[] =
		"#include <custos_plugin.h>\n"
		"static int32_t open_route(const struct cu_value *v, void **r, struct cu_fault *f)\n"
		"{ (void)v; (void)f; *r = NULL; return CU_DONE; }\n"
		"static int32_t send_message(void *r, const struct cu_message *m, struct cu_fault *f)\n"
		"{ (void)r; (void)m; (void)f; return CU_LATER; }\n"
		"static void close_route(void *r) { (void)r; }\n"
		"static const struct cu_message_calls calls = {\n"
		"	sizeof(calls), open_route, send_message, close_route };\n"
		"CUSTOS_PLUGIN_EXPORT const struct cu_plugin cu_plugin = { CU_PLUGIN_MAJOR,\n"
		"	CU_PLUGIN_MINOR, sizeof(struct cu_plugin), .kinds = CU_PLUGIN_MESSAGE,\n"
		"	.name = \"pager\", .message = &calls };\n";
	struct plugins found = { .n = 0 };
	struct cu_err err = { 0 };
	const char *d = fresh_dir();
	char line[512];

	(void)state;
	assert_int_equal(path_put_file(d, "pager.c", span_str(source), 0600, NULL), 0);
	snprintf(line, sizeof(line),
		"cc -std=c11 -Wall -Wextra -Wpedantic -Wno-missing-field-initializers -Werror -shared"
		" -fPIC -I plugins -o '%s/pager.so' '%s/pager.c'", d, d);
	assert_int_equal(system(line), 0);
	assert_ok(plugins_load(d, &found, &err), &err);
	assert_int_equal(found.n, 1);
	assert_non_null(plugins_find(&found, "pager"));
}

/* --- settings ---------------------------------------------------------------------------- */

static void expect_fault(json_t *given, const char *fault)
{
	struct settings *s = NULL;
	struct cu_err err = { 0 };

	assert_int_equal(settings_read(null_plugin(), given, NULL, &s, &err), CU_EINVAL);
	if (!strstr(err.msg, fault)) {
		fail_msg("not \"%s\" but: %s", fault, err.msg);
	}
	json_decref(given);
}

static void what_is_no_setting_or_does_not_fit_is_named_and_not_repeated(void **state)
{
	(void)state;
	expect_fault(json_pack("{s:s}", "flie", "/a"), "flie: the plugin null has no such setting");
	expect_fault(json_pack("{s:s}", "file", "a/secret"), "file: is no absolute path");
	expect_fault(json_pack("{s:s}", "answer", "maybe"), "answer: is none of: done later refused");
	expect_fault(json_pack("{s:s}", "delay_ms", "1x"), "delay_ms: is no whole number");
	expect_fault(json_pack("{s:s}", "delay_ms", "-1"), "delay_ms: is not between 0 and 60000");
	expect_fault(json_pack("{s:s}", "delay_ms", "99999999999999999999"), "delay_ms: is no");
}

/* A plugin of the test's own, for the types that null has not. */
static const struct cu_setting secret_rows[] = {
	{ "key", CU_SETTING_SECRET, CU_SETTING_MUST, "A key." },
	{ "name", CU_SETTING_TEXT, 0, "A name.", .standard = "nobody" },
};
static const struct cu_plugin with_secret = { .name = "t", .settings = secret_rows,
	.nsettings = 2 };

static int read_secret(const char *path, const char *credentials, char out[64],
	struct cu_err *err)
{
	json_t *given = json_pack("{s:s}", "key", path);
	struct settings *s = NULL;
	int r = settings_read(&with_secret, given, credentials, &s, err);

	if (r == 0) {
		snprintf(out, 64, "%s", settings_values(s)[0].text);
		assert_string_equal(settings_values(s)[1].text, "nobody");
		assert_null(settings_path(s, CU_SETTING_FILE, 0));
	}
	settings_free(s);
	json_decref(given);
	return r;
}

static void a_secret_is_the_text_of_a_file_that_nobody_else_can_read(void **state)
{
	const char *d = fresh_dir();
	char path[PATH_SIZE], got[64];
	struct cu_err err;

	(void)state;
	assert_int_equal(path_join(path, d, "smtp", NULL), 0);
	assert_int_equal(path_put_file(d, "smtp", span_str("geheim\r\n"), 0600, NULL), 0);
	assert_int_equal(read_secret(path, NULL, got, &err), 0);
	assert_string_equal(got, "geheim");
	assert_int_equal(read_secret("smtp", d, got, &err), 0); /* a credential */
	assert_int_equal(read_secret("smtp", NULL, got, &err), CU_EINVAL);
	assert_int_equal(read_secret("../smtp", d, got, &err), CU_EINVAL);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(read_secret(path, NULL, got, &err), CU_EINVAL);
	assert_non_null(strstr(err.msg, "others may read the file"));
	assert_int_equal(path_put_file(d, "smtp", span_str("\n"), 0600, NULL), 0);
	assert_int_equal(read_secret(path, NULL, got, &err), CU_EINVAL);
}

/* --- routes ------------------------------------------------------------------------------ */

struct told {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char id[40], fault[200];
	int32_t code;
	unsigned n;
};

static void on_told(void *ctx, const char *id, int32_t code, const struct cu_fault *fault)
{
	struct told *t = ctx;

	pthread_mutex_lock(&t->lock);
	snprintf(t->id, sizeof(t->id), "%s", id);
	snprintf(t->fault, sizeof(t->fault), "%s", fault->text);
	t->code = code;
	t->n++;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

static void wait_told(struct told *t, unsigned n)
{
	pthread_mutex_lock(&t->lock);
	while (t->n < n) {
		pthread_cond_wait(&t->changed, &t->lock);
	}
	pthread_mutex_unlock(&t->lock);
}

static struct parcel parcel_of(const char *id, bool is_personal)
{
	struct parcel p = { .is_personal = is_personal, .time_ms = 1 };

	snprintf(p.id, sizeof(p.id), "%s", id);
	snprintf(p.type, sizeof(p.type), "test");
	p.to = is_personal ? strdup("erika@example.org") : NULL;
	p.subject = strdup("subject");
	p.text = strdup("text\n");
	return p;
}

static struct route *open_null(json_t *settings, bool may_personal, struct told *t)
{
	struct route *r = NULL;
	struct cu_err err = { 0 };

	*t = (struct told){ .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	assert_ok(route_open("r", null_plugin(), settings, NULL, may_personal, on_told, t, &r, &err),
		&err);
	assert_ok(route_start(r, &err), &err);
	json_decref(settings);
	return r;
}

static void a_message_goes_to_the_plugin_and_what_became_of_it_comes_back(void **state)
{
	struct parcel p = parcel_of("0001", false);
	struct buf text = BUF_INIT;
	const char *d = fresh_dir();
	struct told t;
	struct route *r;
	char path[PATH_SIZE];

	(void)state;
	assert_int_equal(path_join(path, d, "out", NULL), 0);
	assert_int_equal(path_put_file(d, "out", span_str(""), 0600, NULL), 0);
	r = open_null(json_pack("{s:s}", "file", path), true, &t);
	assert_string_equal(route_file(r, 0), path);
	assert_int_equal(route_send(r, &p, NULL), 0);
	assert_null(p.text); /* taken */
	wait_told(&t, 1);
	assert_int_equal(t.code, CU_DONE);
	assert_string_equal(t.id, "0001");
	p = parcel_of("0002", true);
	assert_int_equal(route_send(r, &p, NULL), 0);
	wait_told(&t, 2);
	assert_int_equal(path_read_file(path, 1000, &text, NULL), 0);
	assert_string_equal(buf_cstr(&text), "0001 test\n0002 test personal\n");
	buf_done(&text);
	assert_true(route_stop(r));
	route_close(r);
}

static void one_message_at_a_time_and_a_fault_is_told(void **state)
{
	struct parcel p = parcel_of("0001", false), second = parcel_of("0002", false);
	struct told t;
	struct route *r = open_null(
		json_pack("{s:s,s:s}", "answer", "refused", "delay_ms", "300"), false, &t);

	(void)state;
	assert_int_equal(route_send(r, &p, NULL), 0);
	assert_int_equal(route_send(r, &second, NULL), CU_EBUSY);
	assert_false(route_stop(r)); /* it is sending */
	wait_told(&t, 1);
	assert_int_equal(t.code, CU_REFUSED);
	assert_string_equal(t.fault, "refused, as agent.yaml says");
	assert_true(route_stop(r));
	route_close(r);
	parcel_done(&second);
}

static void a_route_without_leave_takes_nothing_for_a_person(void **state)
{
	struct cu_plugin impersonal = *null_plugin();
	struct parcel p = parcel_of("0001", true);
	struct route *none = NULL;
	struct cu_err err;
	struct told t;
	struct route *r = open_null(json_object(), false, &t);

	(void)state;
	assert_int_equal(route_send(r, &p, &err), CU_EDENIED);
	assert_true(route_stop(r));
	route_close(r);
	parcel_done(&p);
	impersonal.flags = 0; /* nor does a plugin that is not marked, whatever agent.yaml says */
	assert_int_equal(route_open("r", &impersonal, NULL, NULL, true, on_told, &t, &none, &err),
		CU_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(null_is_found_under_its_name_and_no_other),
		cmocka_unit_test(a_directory_that_is_not_there_is_told),
		cmocka_unit_test(another_version_or_half_a_symbol_is_refused),
		cmocka_unit_test(a_plugin_is_built_outside_of_the_tree),
		cmocka_unit_test(what_is_no_setting_or_does_not_fit_is_named_and_not_repeated),
		cmocka_unit_test(a_secret_is_the_text_of_a_file_that_nobody_else_can_read),
		cmocka_unit_test(a_message_goes_to_the_plugin_and_what_became_of_it_comes_back),
		cmocka_unit_test(one_message_at_a_time_and_a_fault_is_told),
		cmocka_unit_test(a_route_without_leave_takes_nothing_for_a_person),
	};

	return cmocka_run_group_tests(tests, load, drop_tmp);
}
