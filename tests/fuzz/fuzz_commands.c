/*
 * A command line of custosctl: the words, a NUL behind each.  The first byte says in which language
 * it answers.
 *
 * What is refused has a reason in valid UTF-8.  What is taken becomes a call that custosd's interface
 * takes, once what must not stand on a command line was given; and TAB offers something for each of its beginnings, or
 * nothing, and never more than fits what is typed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"
#include "ctl/complete.h"
#include "fuzz.h"
#include "wire/args.h"
#include "wire/help.h"
#include "wire/interfaces.h"

#define WORDS_MAX 80

static struct interfaces *interfaces;

/* --- what is made of a line ------------------------------------------------------- */

/* The least that is of this type. */
static void give_input(struct args *a, const struct arg *arg)
{
	bool is_list = arg->type == ARG_RECORDS || arg->type == ARG_SUBJECTS;
	json_t *value = is_list ? json_array() : arg->type == ARG_FIELDS ? json_object() : json_string("a");

	fuzz_must(args_set_json(a, arg->name, value, NULL) == 0, "what is asked for may be given");
}

static void call(struct args *a)
{
	const struct command *c = args_command(a);
	const struct idl_member *method = interfaces_method(interfaces, c->method, NULL);
	const struct arg *input = args_needs_input(a);
	json_t *parameters = NULL;
	char path[IDL_PATH_SIZE];
	struct cu_err err = { 0 };

	if (input) {
		give_input(a, input);
	}
	if (args_parameters(a, &parameters, &err) < 0) {
		fuzz_must(err.code == CU_EINVAL && text_is_utf8(err.msg, strlen(err.msg)), "it says why");
		return;
	}
	if (method && idl_check(method->in, parameters, IDL_REFUSE_UNKNOWN, path, &err) < 0) {
		fuzz_must(false, err.msg);
	}
	json_decref(parameters);
}

static void help(const struct args *a)
{
	const char *words[8];
	size_t n = args_nvalues(a, "topic");
	struct buf text = BUF_INIT;
	struct cu_err err = { 0 };

	n = n < 8 ? n : 8;
	for (size_t i = 0; i < n; i++) {
		words[i] = args_value(a, "topic", i);
	}
	if (help_topic(n, words, &text, &err) == 0) {
		fuzz_must(text.n > 0, "help says something");
	}
	buf_done(&text);
}

static void run(int argc, char *const argv[])
{
	struct args *a = NULL;
	struct cu_err err = { 0 };
	int r = args_parse(argc, argv, &a, &err);

	if (r < 0) {
		fuzz_must(r == CU_EINVAL && err.msg[0] && text_is_utf8(err.msg, strlen(err.msg)),
			"what is refused has a reason");
		return;
	}
	if (args_command(a)->id == COMMAND_HELP) {
		help(a);
	} else if (args_command(a)->method[0]) {
		call(a);
	}
	args_free(a);
}

static void complete_line(size_t n, const char *const words[])
{
	struct buf offers = BUF_INIT;
	struct completion c = { .to = &offers };

	complete_words(&c, n, words);
	for (const char *at = buf_cstr(&offers); *at; at += strcspn(at, "\n") + (strchr(at, '\n') != NULL)) {
		fuzz_must(*at == ':' || strncmp(at, words[n - 1], strlen(words[n - 1])) == 0,
			"what is offered begins as what is typed");
	}
	buf_done(&offers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	enum intl_language language = fuzz_take(&in) & 1 ? INTL_ZH : INTL_EN;
	char *text = malloc(in.n + 1), *words[WORDS_MAX + 1];
	int n = 0;

	if (!interfaces) {
		fuzz_must(interfaces_load(&interfaces, NULL) == 0, "the interfaces are good");
	}
	fuzz_must(text != NULL, "there is memory");
	memcpy(text, in.p, in.n);
	text[in.n] = '\0';
	for (size_t at = 0; at < in.n && n < WORDS_MAX; at += strlen(text + at) + 1) {
		words[n++] = text + at;
	}
	words[n] = NULL;
	(void)intl_use(language);
	run(n, words);
	if (n > 0) {
		complete_line((size_t)n, (const char *const *)words);
	}
	free(text);
	return 0;
}

/* --- lines that are nearly right -------------------------------------------------- */

static const char *const values[] = {
	[ARG_SUBJECT] = "00112233445566778899AABBCCDDEEFF", [ARG_RECORD] = "00112233445566778899aabbccddeeff",
	[ARG_REQUEST] = "ffffffffffffffffffffffffffffffff", [ARG_ERASURE] = "0123456789abcdef0123456789abcdef",
	[ARG_APPROVAL] = "0123456789abcdef0123456789abcdef", [ARG_PURPOSE] = "customer_service",
	[ARG_COLLECTION] = "contact_point", [ARG_TARGET] = "local", [ARG_KEY] = "a-b_c.d", [ARG_TEXT] = "a text",
	[ARG_COUNT] = "9223372036854775807", [ARG_DATE] = "2028-02-29", [ARG_PATH] = "/tmp",
	[ARG_INFILE] = "-", [ARG_TEXTFILE] = "text", [ARG_OUTFILE] = "out", [ARG_OWNFILE] = "own",
	[ARG_SEARCHKEY] = "email", [ARG_WORDS] = "", [ARG_FLAG] = "", [ARG_PERSONAL] = "",
	[ARG_PASSPHRASE] = "", [ARG_NEWPASSPHRASE] = "", [ARG_LETTER] = "", [ARG_RECORDS] = "",
	[ARG_FIELDS] = "", [ARG_SUBJECTS] = "",
};

static const char *value_of(const struct arg *arg, struct fuzz_dice *d)
{
	return arg->nwords > 0 ? arg->words[fuzz_below(d, arg->nwords)] : values[arg->type];
}

static void put_argument(struct buf *to, const struct arg *arg, struct fuzz_dice *d)
{
	if (arg_is_input(arg->type)) {
		return;
	}
	if (arg->is_option && arg->type == ARG_FLAG) {
		buf_putf(to, "--%s", arg->name);
	} else if (arg->is_option && fuzz_below(d, 2) == 0) {
		buf_putf(to, "--%s=%s", arg->name, value_of(arg, d));
	} else if (arg->is_option) {
		buf_putf(to, "--%s", arg->name);
		buf_put_u8(to, '\0');
		buf_put_str(to, value_of(arg, d));
	} else {
		buf_put_str(to, value_of(arg, d));
	}
	buf_put_u8(to, '\0');
}

/* A whole command, with each argument that it needs and some of the others. */
static void put_line(struct buf *to, struct fuzz_dice *d)
{
	const struct command *c = command_at((enum command_id)fuzz_below(d, COMMAND_COUNT_));
	struct arg_spec spec, global;
	struct cu_err err = { 0 };

	fuzz_must(arg_spec_parse(c->arguments, &spec, &err) == 0 &&
			  arg_spec_parse(GLOBAL_ARGUMENTS, &global, &err) == 0,
		"the table is good");
	for (const char *p = c->words; *p; p++) {
		buf_put_u8(to, *p == ' ' ? '\0' : (uint8_t)*p);
	}
	buf_put_u8(to, '\0');
	for (size_t i = 0; i < spec.n; i++) {
		size_t times = spec.args[i].is_required ? 1 : fuzz_below(d, 2);

		for (times += spec.args[i].is_repeated ? fuzz_below(d, 3) : 0; times > 0; times--) {
			put_argument(to, &spec.args[i], d);
		}
	}
	if (fuzz_below(d, 4) == 0) {
		put_argument(to, &global.args[fuzz_below(d, global.n)], d);
	}
}

/* One word of the line is taken out, or another argument of anything is put in its place. */
static void change_word(struct buf *to, struct span line, struct fuzz_dice *d)
{
	size_t nwords = 0, which;

	for (size_t i = 0; i < line.n; i++) {
		nwords += line.p[i] == '\0';
	}
	which = fuzz_below(d, nwords + 1);
	for (size_t i = 0, word = 0; i < line.n; i++) {
		if (word != which) {
			buf_put_u8(to, line.p[i]);
		}
		if (line.p[i] != '\0') {
			continue;
		}
		if (word++ == which && fuzz_below(d, 2) == 0) {
			struct arg_spec spec;
			const struct command *c = command_at((enum command_id)fuzz_below(d, COMMAND_COUNT_));

			if (arg_spec_parse(c->arguments, &spec, NULL) == 0 && spec.n > 0) {
				put_argument(to, &spec.args[fuzz_below(d, spec.n)], d);
			}
		}
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	struct fuzz_dice dice = { seed };
	struct buf line = BUF_INIT;
	size_t how = fuzz_below(&dice, 4);

	if (how == 0 && size > 0) {
		return LLVMFuzzerMutate(data, size, max);
	}
	buf_put_u8(&line, (uint8_t)fuzz_roll(&dice));
	if (how == 1 || size < 2) {
		put_line(&line, &dice);
	} else {
		change_word(&line, span_of(data + 1, size - 1), &dice);
	}
	size = line.n < max ? line.n : max;
	memcpy(data, line.p, size);
	buf_done(&line);
	return size;
}
