#include "ctl/complete.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/intl.h"
#include "base/text.h"

#define FILES ":files\n"
#define SUMMARY_SIZE 200

/* What the words before the last one say. */
struct place {
	struct arg_spec global, own;
	const struct command *command; /* NULL: not yet */
	const char *family;            /* the first of two words; NULL */
	const char *socket;            /* --socket; NULL */
	const struct arg *awaited;     /* the option whose value comes; NULL */
	size_t npositional;
	unsigned given;                /* options of the command: bits by their index in own */
	bool is_lost;                  /* no command has these words */
	bool is_help;                  /* what follows is a topic */
	bool options_ended;            /* behind "--" */
};

/* --- one candidate ---------------------------------------------------------------- */

/* A candidate that is words of the table. */
static void put(struct completion *c, const char *word, size_t n, const char *end,
	const char *summary)
{
	size_t typed = strlen(c->typed), nend = strlen(end);
	char line[ARGS_NAME_SIZE * 2 + 2], safe[SUMMARY_SIZE];

	if (n + nend >= sizeof(line)) {
		return;
	}
	memcpy(line, word, n);
	memcpy(line + n, end, nend + 1);
	if (strncmp(line, c->typed, typed) != 0) {
		return;
	}
	text_escape(summary, safe, sizeof(safe));
	buf_putf(c->to, "%s%s%s\n", line, *safe ? "\t" : "", safe);
}

/* Ids, numbers and keys of the policies are made of these; they mean nothing to any shell. */
static bool is_plain(const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_.-";

	return *s && s[0] != '-' && s[strspn(s, plain)] == '\0';
}

/* Is this whole line there already?  Policies name a collection for many purposes. */
static bool is_there(struct buf *to, const char *line, size_t n)
{
	const char *all = buf_cstr(to);

	for (const char *at = all; (at = strstr(at, line)); at += n) {
		if (at == all || at[-1] == '\n') {
			return true;
		}
	}
	return false;
}

void complete_value(struct completion *c, const char *value, const char *summary)
{
	const char *typed = c->typed + c->nbefore;
	struct buf line = BUF_INIT;
	char safe[SUMMARY_SIZE];

	if (!is_plain(value) || strncmp(value, typed, strlen(typed)) != 0) {
		return;
	}
	text_escape(summary ? summary : "", safe, sizeof(safe));
	buf_putf(&line, "%.*s%s%s%s\n", (int)c->nbefore, c->before, value, *safe ? "\t" : "", safe);
	if (!line.is_failed && !is_there(c->to, buf_cstr(&line), line.n)) {
		buf_put(c->to, line.p, line.n);
	}
	buf_done(&line);
}

/* --- commands --------------------------------------------------------------------- */

static void offer_first_words(struct completion *c)
{
	const struct family *f;

	for (size_t i = 0; (f = command_family_at(i)); i++) {
		put(c, f->word, strlen(f->word), "", _(f->title));
	}
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		const struct command *k = command_at((enum command_id)id);

		if (!strchr(k->words, ' ') && !command_family(k->words)) {
			put(c, k->words, strlen(k->words), "", _(k->summary));
		}
	}
}

static void offer_second_words(struct completion *c, const char *family)
{
	for (int id = 0; id < COMMAND_COUNT_; id++) {
		const struct command *k = command_at((enum command_id)id);

		if (command_is_of(k, family)) {
			const char *second = k->words + strlen(family) + 1;

			put(c, second, strlen(second), "", _(k->summary));
		}
	}
}

/* --- what stands there already ---------------------------------------------------- */

static const struct arg *option_of(const struct place *p, const char *word, const char **ret_value)
{
	bool is_option = strncmp(word, "--", 2) == 0; /* "-" may become one */
	const char *equals = is_option ? strchr(word, '=') : NULL;
	char name[ARGS_NAME_SIZE];
	const struct arg *a;
	size_t n;

	*ret_value = equals ? equals + 1 : NULL;
	if (!is_option) {
		return NULL;
	}
	n = equals ? (size_t)(equals - word - 2) : strlen(word + 2);
	if (n >= sizeof(name)) {
		return NULL;
	}
	memcpy(name, word + 2, n);
	name[n] = '\0';
	a = p->command ? arg_find(&p->own, name) : NULL;
	a = a ? a : arg_find(&p->global, name);
	return a && a->is_option ? a : NULL;
}

static void set_command(struct place *p, const struct command *k)
{
	p->command = k;
	p->is_help = k->id == COMMAND_HELP;
	(void)arg_spec_parse(k->arguments, &p->own, NULL); /* every row parses: its test */
}

/* The command whose words are exactly these; second may be NULL. */
static const struct command *exactly(const char *first, const char *second)
{
	const char *const words[] = { first, second };
	const struct command *k;
	size_t used, n = second ? 2 : 1;

	return command_find(n, words, &k, &used, NULL) == 0 && used == n ? k : NULL;
}

static void take_word(struct place *p, const char *word)
{
	const struct command *k;

	if (p->command && !(p->is_help && !p->family)) {
		p->npositional++;
	} else if (!p->family && command_family(word)) {
		p->family = word;
	} else if ((k = p->family ? exactly(p->family, word) : p->is_help ? NULL : exactly(word, NULL))) {
		set_command(p, k);
	} else if (p->family && (k = exactly(p->family, NULL))) { /* "erase SUBJECT" */
		set_command(p, k);
		p->npositional = 1;
	} else {
		p->is_lost = true;
	}
}

/* Takes words[i]; returns how many words that was. */
static size_t take(struct place *p, size_t n, const char *const words[], size_t i)
{
	const struct arg *a;
	const char *value;

	if (p->options_ended || strncmp(words[i], "--", 2) != 0) {
		take_word(p, words[i]);
		return 1;
	}
	if (words[i][2] == '\0') {
		p->options_ended = true;
		return 1;
	}
	if (!p->command && p->family && exactly(p->family, NULL)) { /* "erase --now" */
		set_command(p, exactly(p->family, NULL));
	}
	a = option_of(p, words[i], &value);
	if (!a) {
		return 1;
	}
	if (a >= p->own.args && a < p->own.args + ARGS_MAX && !a->is_repeated) {
		p->given |= 1u << (a - p->own.args);
	}
	if (a->type != ARG_FLAG && !value && i + 1 < n) {
		value = words[i + 1];
		p->awaited = i + 2 == n ? a : NULL; /* it is what is being typed */
		n = 2;
	} else {
		n = 1;
	}
	if (strcmp(a->name, "socket") == 0 && !p->awaited) {
		p->socket = value;
	}
	return n;
}

/* --- what may follow -------------------------------------------------------------- */

static bool is_file(enum arg_type t)
{
	return t == ARG_PATH || t == ARG_INFILE || t == ARG_TEXTFILE || t == ARG_OUTFILE ||
		t == ARG_OWNFILE;
}

static void offer_values(struct completion *c, const struct place *p, const struct arg *a)
{
	if (is_file(a->type)) {
		buf_put_str(c->to, FILES);
		return;
	}
	for (size_t i = 0; i < a->nwords; i++) {
		complete_value(c, a->words[i], NULL);
	}
	if (a->nwords == 0 && c->ask && p->command) {
		c->ask(c, p->command, a, p->socket);
	}
}

static void offer_options(struct completion *c, const struct arg_spec *spec, unsigned given)
{
	for (size_t i = 0; i < spec->n; i++) {
		const struct arg *a = &spec->args[i];
		char label[ARG_LABEL_SIZE];

		if (a->is_option && !(given & 1u << i)) {
			struct buf what = BUF_INIT;

			arg_describe(a, &what);
			arg_label(a, label);
			put(c, label, strlen(label), a->type == ARG_FLAG ? "" : "=", buf_cstr(&what));
			buf_done(&what);
		}
	}
}

static void offer_option(struct completion *c, const struct place *p)
{
	const char *value;
	const struct arg *a = option_of(p, c->typed, &value);

	if (!value) {
		offer_options(c, &p->own, p->given);
		offer_options(c, &p->global, 0);
	} else if (a && a->type != ARG_FLAG) {
		c->before = c->typed;
		c->nbefore = (size_t)(value - c->typed);
		offer_values(c, p, a);
	}
}

/* The positional that comes next; its options where there is none. */
static void offer_positional(struct completion *c, const struct place *p)
{
	size_t at = 0;

	for (size_t i = 0; i < p->own.n; i++) {
		const struct arg *a = &p->own.args[i];

		if (!a->is_option && !arg_is_input(a->type) &&
			(at++ == p->npositional || a->is_repeated)) {
			offer_values(c, p, a);
			return;
		}
	}
	if (c->typed[0] == '\0' && !p->options_ended) {
		offer_options(c, &p->own, p->given);
	}
}

static void offer_next(struct completion *c, struct place *p)
{
	const struct command *head = p->family ? exactly(p->family, NULL) : NULL;

	if (p->is_help) {
		if (p->npositional == 0 && p->command->id == COMMAND_HELP) {
			p->family ? offer_second_words(c, p->family) : offer_first_words(c);
		}
		return;
	}
	if (!p->command && head) {
		set_command(p, head); /* "erase": a command, and a family's word */
		if (c->typed[0] != '-') {
			offer_second_words(c, p->family);
		}
	}
	if (p->awaited) {
		offer_values(c, p, p->awaited);
	} else if (c->typed[0] == '-' && !p->options_ended) {
		offer_option(c, p);
	} else if (p->command) {
		offer_positional(c, p);
	} else if (p->family) {
		offer_second_words(c, p->family);
	} else {
		offer_first_words(c);
	}
}

void complete_words(struct completion *c, size_t n, const char *const words[])
{
	struct place p = { .is_lost = false };

	c->typed = n > 0 ? words[n - 1] : "";
	c->before = "";
	c->nbefore = 0;
	(void)arg_spec_parse(GLOBAL_ARGUMENTS, &p.global, NULL);
	for (size_t i = 0; i + 1 < n && !p.is_lost;) {
		i += take(&p, n, words, i);
	}
	if (!p.is_lost) {
		offer_next(c, &p);
	}
}
