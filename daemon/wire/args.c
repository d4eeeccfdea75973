#include "wire/args_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

/* The longest command has two words; more are looked at for suggestions only. */
#define WORDS_MAX 4

#define SHOWN_SIZE 40

/* Where argv is being read. */
struct line {
	int argc;
	char *const *argv;
	int at;
	bool options_ended; /* behind "--" */
	bool wants_help;
	bool wants_version;
};

/* An option as it was written: its name, and its value if it came with '='. */
struct option {
	char name[ARGS_NAME_SIZE];
	const char *value; /* NULL: none yet */
};

/* --- one option ------------------------------------------------------------------- */

static bool is_option(const char *s)
{
	return s[0] == '-' && s[1] == '-' && s[2] != '\0';
}

/* A name that is too long is cut, and so is not found. */
static struct option split_option(const char *s)
{
	const char *equals = strchr(s, '=');
	size_t n = equals ? (size_t)(equals - s - 2) : strlen(s + 2);
	struct option o = { .value = equals ? equals + 1 : NULL };

	if (n >= sizeof(o.name)) {
		n = sizeof(o.name) - 1;
	}
	memcpy(o.name, s + 2, n);
	return o;
}

static int put_value(
	struct group *g, const struct arg *a, const char *value, struct cu_err *err)
{
	struct slot *slot = &g->slots[a - g->spec.args];
	char label[ARG_LABEL_SIZE];

	if (slot->n > 0 && !a->is_repeated && a->type != ARG_FLAG) {
		return cu_err_set(
			err, CU_EINVAL, _("%s is given twice"), arg_label(a, label));
	}
	if (slot->n == ARGS_REPEAT_MAX) {
		return cu_err_set(err, CU_EINVAL, _("%s is given more than %d times"),
			arg_label(a, label), ARGS_REPEAT_MAX);
	}
	if (a->type != ARG_FLAG) {
		int r = arg_check(a, value, err);

		if (r < 0) {
			return r;
		}
	}
	slot->values[slot->n++] = value;
	return 0;
}

static int needs_value(const struct arg *a, struct cu_err *err)
{
	struct buf expected = BUF_INIT;

	arg_describe(a, &expected);
	cu_err_set(err, CU_EINVAL, _("--%s needs a value: %s"), a->name,
		buf_cstr(&expected));
	buf_done(&expected);
	return CU_EINVAL;
}

/* line->at is the option; moves on to its value if that is the next word. */
static int take_option(struct line *line, struct group *g, const struct arg *a,
	const struct option *o, struct cu_err *err)
{
	const char *value = o->value;

	if (a->type == ARG_FLAG) {
		if (value) {
			return cu_err_set(
				err, CU_EINVAL, _("--%s takes no value"), a->name);
		}
		return put_value(g, a, "", err);
	}
	if (!value && line->at + 1 < line->argc &&
		!is_option(line->argv[line->at + 1])) {
		value = line->argv[++line->at];
	}
	return value ? put_value(g, a, value, err) : needs_value(a, err);
}

/* --- the command's words ---------------------------------------------------------- */

/* Takes a global option at line->at: 1 it was one, 0 it was not. */
static int take_global(struct line *line, struct args *a, struct cu_err *err)
{
	const char *s = line->argv[line->at];
	struct option o;
	const struct arg *arg;
	int r;

	if (strcmp(s, "-h") == 0) {
		line->wants_help = true;
		return 1;
	}
	if (!is_option(s)) {
		return 0;
	}
	o = split_option(s);
	arg = arg_find(&a->global.spec, o.name);
	if (!arg) {
		return 0;
	}
	line->wants_help |= strcmp(o.name, "help") == 0;
	r = take_option(line, &a->global, arg, &o, err);
	return r < 0 ? r : 1;
}

/* The first words of the line, up to the first option that is not global. */
static int find_words(struct line *line, struct args *a, const char *words[WORDS_MAX],
	size_t *ret_n, struct cu_err *err)
{
	size_t n = 0;

	for (; line->at < line->argc && n < WORDS_MAX; line->at++) {
		int r = take_global(line, a, err);

		if (r < 0) {
			return r;
		}
		if (r == 0 && n == 0 &&
			strcmp(line->argv[line->at], "--version") == 0) {
			line->wants_version = true;
			continue;
		}
		if (r == 0 && line->argv[line->at][0] == '-') {
			break;
		}
		if (r == 0) {
			words[n++] = line->argv[line->at];
		}
	}
	*ret_n = n;
	return 0;
}

/* Whether --help stands anywhere behind the words. */
static bool help_follows(const struct line *line)
{
	for (int i = line->at; i < line->argc && strcmp(line->argv[i], "--") != 0;
		i++) {
		if (strcmp(line->argv[i], "--help") == 0 ||
			strcmp(line->argv[i], "-h") == 0) {
			return true;
		}
	}
	return false;
}

/* "backup run x --help" is "help backup run". */
static int turn_into_help(
	struct args *a, const char *const words[], size_t n, struct cu_err *err)
{
	const struct command *found = NULL;
	size_t used = n;
	int r;

	if (n > 0 && !(n == 1 && command_family(words[0])) &&
		(r = command_find(n, words, &found, &used, err)) < 0) {
		return r;
	}
	a->command = command_at(COMMAND_HELP);
	if ((r = arg_spec_parse(a->command->arguments, &a->own.spec, err)) < 0) {
		return r;
	}
	for (size_t i = 0; i < used; i++) {
		a->own.slots[0].values[a->own.slots[0].n++] = words[i];
	}
	return 0;
}

/* --- what stands behind the words ------------------------------------------------- */

static int unknown_option(const struct args *a, const char *name, struct cu_err *err)
{
	const struct arg_spec *specs[] = { &a->own.spec, &a->global.spec };
	const char *found = NULL;
	char shown[SHOWN_SIZE];
	unsigned best = 3;

	for (size_t g = 0; g < 2; g++) {
		for (size_t i = 0; i < specs[g]->n; i++) {
			const struct arg *arg = &specs[g]->args[i];
			unsigned d = arg->is_option
					     ? text_distance(name, arg->name, best)
					     : best;

			if (d < best) {
				best = d;
				found = arg->name;
			}
		}
	}
	text_escape(name, shown, sizeof(shown));
	if (found) {
		return cu_err_set(err, CU_EINVAL,
			_("'%s' has no option --%s; did you mean --%s?"),
			a->command->words, shown, found);
	}
	return cu_err_set(err, CU_EINVAL,
		_("'%s' has no option --%s; see 'custosctl help %s'"),
		a->command->words, shown, a->command->words);
}

/* What stands there is not repeated: it may be what should not have been typed. */
static int one_too_many(const struct args *a, struct cu_err *err)
{
	const struct arg *input = args_needs_input(a);

	if (input) {
		return cu_err_set(err, CU_EINVAL,
			_("'%s' takes no more arguments: '%s' is read from standard "
			  "input, as every user of this machine can read a command line"),
			a->command->words, input->name);
	}
	return cu_err_set(err, CU_EINVAL,
		_("'%s' takes no more arguments; see 'custosctl help %s'"),
		a->command->words, a->command->words);
}

static int take_positional(struct args *a, const char *value, struct cu_err *err)
{
	for (size_t i = 0; i < a->own.spec.n; i++) {
		const struct arg *arg = &a->own.spec.args[i];

		if (!arg->is_option && !arg_is_input(arg->type) &&
			(a->own.slots[i].n == 0 || arg->is_repeated)) {
			return put_value(&a->own, arg, value, err);
		}
	}
	return one_too_many(a, err);
}

static int take_one(struct line *line, struct args *a, struct cu_err *err)
{
	const char *s = line->argv[line->at];
	const struct arg *arg;
	struct option o;
	int r;

	if (line->options_ended) {
		return take_positional(a, s, err);
	}
	if (strcmp(s, "--") == 0) {
		line->options_ended = true;
		return 0;
	}
	if ((r = take_global(line, a, err)) != 0) {
		return r < 0 ? r : 0;
	}
	if (!is_option(s)) {
		return s[0] == '-' && s[1] ? unknown_option(a, s + 1, err)
					   : take_positional(a, s, err);
	}
	o = split_option(s);
	arg = arg_find(&a->own.spec, o.name);
	if (!arg || !arg->is_option) {
		return unknown_option(a, o.name, err);
	}
	return take_option(line, &a->own, arg, &o, err);
}

static int check_missing(const struct args *a, struct cu_err *err)
{
	for (size_t i = 0; i < a->own.spec.n; i++) {
		const struct arg *arg = &a->own.spec.args[i];
		struct buf expected = BUF_INIT;
		char label[ARG_LABEL_SIZE];

		if (!arg->is_required || arg_is_input(arg->type) ||
			a->own.slots[i].n > 0) {
			continue;
		}
		arg_describe(arg, &expected);
		cu_err_set(err, CU_EINVAL, _("'%s' needs %s: %s"), a->command->words,
			arg_label(arg, label), buf_cstr(&expected));
		buf_done(&expected);
		return CU_EINVAL;
	}
	return 0;
}

static int parse_line(struct line *line, struct args *a, struct cu_err *err)
{
	const char *words[WORDS_MAX];
	size_t n = 0, used = 0;
	int r;

	if ((r = arg_spec_parse(GLOBAL_ARGUMENTS, &a->global.spec, err)) < 0 ||
		(r = find_words(line, a, words, &n, err)) < 0) {
		return r;
	}
	if (line->wants_version && n == 0 && !line->wants_help) {
		a->command = command_at(COMMAND_VERSION);
		return 0;
	}
	if (line->wants_help || help_follows(line) ||
		(n == 0 && line->at == line->argc)) {
		return turn_into_help(a, words, n, err);
	}
	if ((r = command_find(n, words, &a->command, &used, err)) < 0 ||
		(r = arg_spec_parse(a->command->arguments, &a->own.spec, err)) < 0) {
		return r;
	}
	for (; used < n; used++) { /* words that were arguments already */
		if ((r = take_positional(a, words[used], err)) < 0) {
			return r;
		}
	}
	for (; line->at < line->argc; line->at++) {
		if ((r = take_one(line, a, err)) < 0) {
			return r;
		}
	}
	return check_missing(a, err);
}

int args_parse(int argc, char *const argv[], struct args **ret, struct cu_err *err)
{
	struct line line = { .argc = argc, .argv = argv };
	struct args *a = calloc(1, sizeof(*a));
	int r;

	if (!a) {
		return cu_err_set(err, CU_ENOMEM, "no memory for the arguments");
	}
	if ((r = parse_line(&line, a, err)) < 0) {
		args_free(a);
		return r;
	}
	*ret = a;
	return 0;
}

void args_free(struct args *a)
{
	if (a) {
		json_decref(a->input);
		free(a);
	}
}
