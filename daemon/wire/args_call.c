#include "wire/args_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* --- asking ----------------------------------------------------------------------- */

const struct command *args_command(const struct args *a)
{
	return a->command;
}

static const struct slot *find_slot(const struct args *a, const char *name)
{
	const struct group *groups[] = { &a->own, &a->global };

	for (size_t g = 0; g < 2; g++) {
		const struct arg *arg = arg_find(&groups[g]->spec, name);

		if (arg) {
			return &groups[g]->slots[arg - groups[g]->spec.args];
		}
	}
	return NULL;
}

size_t args_nvalues(const struct args *a, const char *name)
{
	const struct slot *slot = find_slot(a, name);

	return slot ? slot->n : 0;
}

const char *args_value(const struct args *a, const char *name, size_t i)
{
	const struct slot *slot = find_slot(a, name);

	return slot && i < slot->n ? slot->values[i] : NULL;
}

bool args_is_set(const struct args *a, const char *name)
{
	return args_nvalues(a, name) > 0;
}

const char *args_text(const struct args *a, const char *name)
{
	return args_value(a, name, 0);
}

int64_t args_count(const struct args *a, const char *name, int64_t absent)
{
	const char *text = args_text(a, name);

	/* arg_check saw digits */
	return text ? (int64_t)strtoll(text, NULL, 10) : absent;
}

/* --- calling ---------------------------------------------------------------------- */

static const struct arg *input_of(const struct args *a)
{
	for (size_t i = 0; i < a->own.spec.n; i++) {
		if (arg_is_input(a->own.spec.args[i].type)) {
			return &a->own.spec.args[i];
		}
	}
	return NULL;
}

/* Does a words argument say its name?  The first word of one that is absent counts. */
static bool is_chosen(const struct args *a, const struct arg *input)
{
	for (size_t i = 0; i < a->own.spec.n; i++) {
		const struct arg *arg = &a->own.spec.args[i];
		const struct slot *slot = &a->own.slots[i];

		if (arg->type == ARG_WORDS &&
			strcmp(slot->n > 0 ? slot->values[0] : arg->words[0], input->name) == 0) {
			return true;
		}
	}
	return false;
}

const struct arg *args_needs_input(const struct args *a)
{
	const struct arg *arg = a->input ? NULL : input_of(a);

	return arg && (arg->is_required || is_chosen(a, arg)) ? arg : NULL;
}

static bool is_value_of(enum arg_type type, const json_t *value)
{
	if (type == ARG_PERSONAL || type == ARG_PASSPHRASE || type == ARG_NEWPASSPHRASE ||
		type == ARG_LETTER) {
		return json_is_string(value);
	}
	return type == ARG_RECORDS || type == ARG_SUBJECTS ? json_is_array(value) : json_is_object(value);
}

int args_set_json(struct args *a, const char *name, json_t *value, struct cu_err *err)
{
	const struct arg *arg = input_of(a);

	if (!arg || strcmp(arg->name, name) != 0 || !is_value_of(arg->type, value)) {
		json_decref(value);
		return cu_err_set(err, CU_EINVAL, _("%s: expected %s"), name,
			arg ? arg_expected(arg->type) : _("nothing"));
	}
	json_decref(a->input);
	a->input = value;
	return 0;
}

const json_t *args_input(const struct args *a)
{
	return a->input;
}

/* Ids go in small letters, and words with '_': that is how the interfaces spell them. */
static json_t *text_value(const struct arg *arg, const char *text)
{
	json_t *value;
	char *copy = strdup(text);

	if (!copy) {
		return NULL;
	}
	for (char *p = copy; *p; p++) {
		bool is_id = arg->type == ARG_SUBJECT || arg->type == ARG_RECORD ||
			     arg->type == ARG_ERASURE || arg->type == ARG_APPROVAL ||
			     arg->type == ARG_REQUEST;

		if (is_id && *p >= 'A' && *p <= 'F') {
			*p = (char)(*p - 'A' + 'a');
		} else if (arg->nwords > 0 && *p == '-') {
			*p = '_';
		}
	}
	value = json_string(copy);
	free(copy);
	return value;
}

static json_t *one_value(const struct arg *arg, const char *text)
{
	if (arg->type == ARG_COUNT) {
		return json_integer(strtoll(text, NULL, 10));
	}
	return text_value(arg, text);
}

static json_t *all_values(const struct arg *arg, const struct slot *slot)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < slot->n; i++) {
		if (json_array_append_new(array, one_value(arg, slot->values[i])) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

/* NULL: no memory, or a text that is not UTF-8. */
static json_t *value_of(const struct args *a, size_t i)
{
	const struct arg *arg = &a->own.spec.args[i];
	const struct slot *slot = &a->own.slots[i];

	if (arg_is_input(arg->type)) {
		return json_incref(a->input);
	}
	if (arg->type == ARG_FLAG) {
		return json_boolean(slot->n > 0);
	}
	return arg->is_repeated ? all_values(arg, slot)
				: one_value(arg, slot->values[0]);
}

static bool is_sent(const struct args *a, size_t i)
{
	const struct arg *arg = &a->own.spec.args[i];

	if (arg_is_input(arg->type)) {
		return a->input != NULL;
	}
	return arg->type != ARG_INFILE && arg->type != ARG_OUTFILE && arg->type != ARG_OWNFILE &&
	       (arg->type == ARG_FLAG || a->own.slots[i].n > 0);
}

int args_parameters(const struct args *a, json_t **ret, struct cu_err *err)
{
	const struct arg *missing = args_needs_input(a);
	json_t *all;

	if (missing) {
		return cu_err_set(err, CU_EINVAL, _("%s: expected %s"), missing->name,
			arg_expected(missing->type));
	}
	if (!(all = json_object())) {
		return cu_err_set(err, CU_ENOMEM, "no memory for the call");
	}
	for (size_t i = 0; i < a->own.spec.n; i++) {
		const struct arg *arg = &a->own.spec.args[i];
		char label[ARG_LABEL_SIZE];

		if (is_sent(a, i) &&
			json_object_set_new(all, arg->parameter, value_of(a, i)) < 0) {
			json_decref(all);
			return cu_err_set(err, CU_EINVAL,
				_("%s: expected a text in UTF-8"),
				arg_label(arg, label));
		}
	}
	*ret = all;
	return 0;
}
