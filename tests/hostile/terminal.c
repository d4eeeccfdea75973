/*
 * terminal: whatever custosd answers, no byte of it moves a terminal.
 *
 *	terminal [EACH [FIRST]]
 *	terminal --seconds N
 *
 * A socket answers each command of the table with what its interface declares, hostile texts in every field of it, or with an
 * error that is one; custosctl is real. What it shows on a terminal, in a pipe, as JSON, in both languages may hold no
 * control character, no mark that turns or hides text, and no half of a character; JSON stays JSON. A command that is added
 * to the table is walked by itself. With EACH only every so many are played, from number FIRST on; for N seconds those that
 * are drawn, and CUSTOS_SEED repeats such a run.
 */
#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "answers.h"
#include "base/text.h"
#include "stage.h"
#include "terminal.h"
#include "wire/arg.h"
#include "wire/args.h"
#include "wire/command.h"

#define MAX_WORDS 40

enum way { ON_A_TERMINAL, IN_CHINESE, IN_A_PIPE, AS_JSON, NWAYS };

struct lab {
	struct stage *stage;
	struct answers *answers;
	unsigned long count, each;
	unsigned nplayed, nshown, nwrong; /* nshown: which said something */
};

/* --- what is typed --------------------------------------------------------------------------- */

/* Of a type, as custosctl takes it. */
static const char *value_of(const struct lab *lab, const struct arg *arg)
{
	static char path[224];

	switch (arg->type) {
	case ARG_SUBJECT:
	case ARG_RECORD:
	case ARG_REQUEST:
	case ARG_ERASURE:
	case ARG_APPROVAL: return "00112233445566778899aabbccddeeff";
	case ARG_COUNT: return "3";
	case ARG_DATE: return "2026-11-21";
	case ARG_INFILE:
	case ARG_TEXTFILE: return "in.txt";
	case ARG_OUTFILE:
	case ARG_OWNFILE:
		snprintf(path, sizeof(path), "%.150s/out-%u", lab->stage->files, lab->nplayed);
		return path;
	case ARG_WORDS: return arg->words[0];
	case ARG_SEARCHKEY: return "email";
	default: return strcmp(arg->name, "at") == 0 || strcmp(arg->name, "noticed") == 0 ? "2026-11-21 10:15" : "survey";
	}
}

static const char *input_of(const struct arg_spec *spec)
{
	for (size_t i = 0; i < spec->n; i++) {
		switch (spec->args[i].type) {
		case ARG_RECORDS: return "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Ada\"}}]";
		case ARG_FIELDS: return "{\"given_name\":\"Ada\"}";
		case ARG_SUBJECTS: return "00112233445566778899aabbccddeeff\n";
		default: break;
		}
	}
	return "a line of twelve bytes or more\n";
}

struct typed {
	char room[MAX_WORDS][256];
	const char *words[MAX_WORDS + 1];
	size_t n;
};

static void put(struct typed *t, const char *prefix, const char *name, const char *value)
{
	if (t->n < MAX_WORDS) {
		snprintf(t->room[t->n], sizeof(t->room[0]), "%s%s%s", prefix, name, value);
		t->words[t->n] = t->room[t->n];
		t->words[++t->n] = NULL;
	}
}

/* All that it must have. */
static void type_command(const struct lab *lab, const struct command *c, const struct arg_spec *spec, bool is_json,
	struct typed *t)
{
	char words[64], *rest = words, *word;

	*t = (struct typed){ .n = 0 };
	snprintf(words, sizeof(words), "%s", c->words);
	while ((word = strsep(&rest, " ")) != NULL) {
		put(t, "", word, "");
	}
	for (size_t i = 0; i < spec->n; i++) {
		const struct arg *a = &spec->args[i];
		bool is_typed_apart = a->type >= ARG_PERSONAL;

		if (!a->is_required || is_typed_apart) {
			continue;
		}
		if (a->is_option && a->type == ARG_FLAG) {
			put(t, "--", a->name, "");
		} else if (a->is_option) {
			char option[64];

			snprintf(option, sizeof(option), "--%s=", a->name);
			put(t, option, "", value_of(lab, a));
		} else {
			put(t, "", "", value_of(lab, a));
		}
	}
	put(t, "--no-pager", "", "");
	if (is_json) {
		put(t, "--json", "", "");
	}
}

/* --- what is shown --------------------------------------------------------------------------- */

static void wrong(struct lab *lab, const struct command *c, enum way way, unsigned text, const char *what, const char *shown,
	size_t n)
{
	static const char *const names[] = { "on a terminal", "on a terminal, in Chinese", "in a pipe", "as JSON" };
	char safe[700];
	char *part = strndup(shown, n < 160 ? n : 160);

	text_escape(part, safe, sizeof(safe));
	printf("WRONG: %s, %s, text %u (%s): %s: %s\n", c->words, names[way], text, answers_text_name(text), what, safe);
	free(part);
	lab->nwrong++;
}

/* What custosctl itself says to a terminal: a colour, the line to be begun anew; 0: nothing of that. */
static size_t ours(const char *s, size_t n)
{
	size_t digits = n > 2 && strncmp(s, "\033[", 2) == 0 ? strspn(s + 2, "0123456789;") : 0;

	return n > 2 && strncmp(s, "\033[K", 3) == 0 ? 3 : digits > 0 && digits < 8 && s[2 + digits] == 'm' ? digits + 3 : 0;
}

/* Of a whole character; not custos's own opinion, which is what is tried here. */
static bool is_harmless(const char *s, size_t len)
{
	static const uint32_t harmful[][2] = { { 0, 0x1f }, { 0x7f, 0x9f }, { 0x61c, 0x61c }, { 0x200b, 0x200f },
		{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f } };
	uint32_t cp = len == 1 ? (uint8_t)s[0] : (uint8_t)s[0] & (0x7fu >> len);

	for (size_t i = 1; i < len; i++) {
		cp = cp << 6 | ((uint8_t)s[i] & 0x3f);
	}
	for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++) {
		if (cp >= harmful[i][0] && cp <= harmful[i][1]) {
			return false;
		}
	}
	return true;
}

/* Line ends are ours; a carriage return is what a terminal makes of one. */
static void judge(struct lab *lab, const struct command *c, enum way way, unsigned text, const char *shown, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t len = text_utf8_len(shown + i, n - i);

		if (shown[i] == '\n' || (shown[i] == '\r' && i + 1 < n && (shown[i + 1] == '\n' || shown[i + 1] == '\r'))) {
			i++;
			continue;
		}
		if ((way == ON_A_TERMINAL || way == IN_CHINESE) && (ours(shown + i, n - i) || strncmp(shown + i, "\r\033[K", 4) == 0)) {
			i += shown[i] == '\r' ? 1 : ours(shown + i, n - i);
			continue;
		}
		if (len == 0 || !is_harmless(shown + i, len)) {
			wrong(lab, c, way, text, len ? "this reaches the terminal" : "half of a character", shown + i, n - i);
			return;
		}
		i += len;
	}
}

static void judge_json(struct lab *lab, const struct command *c, unsigned text, const char *out)
{
	while (*out) {
		size_t n = strcspn(out, "\n");
		json_t *v = json_loadb(out, n, JSON_DECODE_ANY, NULL);

		if (!v) {
			wrong(lab, c, AS_JSON, text, "this is no JSON", out, n);
			return;
		}
		json_decref(v);
		out += n + (out[n] == '\n');
	}
}

/* --- one command ------------------------------------------------------------------------------ */

static int input_file(const char *text)
{
	int fd = memfd_create("typed", MFD_CLOEXEC);

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static void play_on_terminal(struct lab *lab, const struct command *c, const struct typed *t, int in, enum way way,
	unsigned text)
{
	struct terminal term = terminal_start_with(lab->stage, AS_ADMIN, 80,
		way == IN_CHINESE ? "LC_ALL=zh_CN.UTF-8" : "LANG=C.UTF-8", in, t->words);
	int status = terminal_end(&term);

	if (status >= 128) {
		wrong(lab, c, way, text, "it ended by a signal", term.shown, term.n);
	}
	lab->nshown += term.n > 0;
	judge(lab, c, way, text, term.shown, term.n);
	terminal_done(&term);
}

/* What is signed goes into a pipe byte for byte, or nobody could verify it. */
static bool is_document(const struct command *c)
{
	static const enum command_id documents[] = { COMMAND_CONSENT_RECEIPT, COMMAND_DRILL_SHOW, COMMAND_ERASE_CERTIFICATE,
		COMMAND_LOG_PROVE, COMMAND_LOG_CHECKPOINT };

	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		if (c->id == documents[i]) {
			return true;
		}
	}
	return false;
}

static void play_in_pipe(struct lab *lab, const struct command *c, const struct typed *t, int in, enum way way,
	unsigned text)
{
	struct job job = stage_ctl_start(lab->stage, AS_ADMIN, in, t->words);
	struct ran r;

	run_wait(&job, &r);
	if (r.status >= 128) {
		wrong(lab, c, way, text, "it ended by a signal", r.err, r.nerr);
	}
	lab->nshown += r.nout + r.nerr > 0;
	if (!is_document(c) || way == AS_JSON) {
		judge(lab, c, way, text, r.out, r.nout);
	}
	judge(lab, c, way, text, r.err, r.nerr);
	if (way == AS_JSON) {
		judge_json(lab, c, text, r.out);
	}
	ran_done(&r);
}

static void play(struct lab *lab, const struct command *c, enum way way, unsigned text)
{
	struct arg_spec spec;
	struct typed t;
	int in;

	assert_int_equal(arg_spec_parse(c->arguments, &spec, NULL), 0);
	type_command(lab, c, &spec, way == AS_JSON, &t);
	in = input_file(input_of(&spec));
	answers_use(lab->answers, text);
	if (way == ON_A_TERMINAL || way == IN_CHINESE) {
		play_on_terminal(lab, c, &t, in, way, text);
	} else {
		play_in_pipe(lab, c, &t, in, way, text);
	}
	close(in);
	lab->nplayed++;
}

/* Those that ask custosd; watch goes on for ever. */
static bool is_walked(const struct command *c)
{
	return !(c->access & ACCESS_LOCAL) && strcmp(c->words, "watch") != 0;
}

static void play_all(struct lab *lab)
{
	for (unsigned text = 0; text < answers_ntexts(); text++) {
		for (int id = 0; id < COMMAND_COUNT_; id++) {
			for (int way = 0; way < NWAYS; way++) {
				const struct command *c = command_at((enum command_id)id);

				if (is_walked(c) && lab->count++ % lab->each == 0) {
					play(lab, c, (enum way)way, text);
				}
			}
		}
	}
}

static void play_for(struct lab *lab, int seconds, unsigned seed)
{
	time_t end = time(NULL) + seconds;

	printf("seed %u\n", seed);
	while (time(NULL) < end) {
		const struct command *c = command_at((enum command_id)(rand_r(&seed) % COMMAND_COUNT_));
		enum way way = (enum way)(rand_r(&seed) % NWAYS);

		if (is_walked(c)) {
			play(lab, c, way, (unsigned)rand_r(&seed) % answers_ntexts());
		}
	}
}

int main(int argc, char *argv[])
{
	const char *told = getenv("CUSTOS_SEED");
	unsigned seed = told ? (unsigned)strtoul(told, NULL, 10) : (unsigned)time(NULL);
	int seconds = argc == 3 && strcmp(argv[1], "--seconds") == 0 ? atoi(argv[2]) : 0;
	struct lab lab = { .each = 1 };

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (seconds == 0) {
		lab.each = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
		lab.count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
		if (lab.each == 0) {
			fprintf(stderr, "terminal [EACH [FIRST]]: EACH: expected 1 or more\n");
			return 64;
		}
	}
	lab.stage = stage_new();
	stage_text(lab.stage, "in.txt", "id,name\n1,Ada\n");
	lab.answers = answers_start(lab.stage->socket);
	if (seconds > 0) {
		play_for(&lab, seconds, seed);
	} else {
		play_all(&lab);
	}
	answers_stop(lab.answers);
	stage_free(lab.stage);
	printf("%u answers, %u of which something was shown, %u wrong\n", lab.nplayed, lab.nshown, lab.nwrong);
	return lab.nwrong || lab.nshown * 10 < lab.nplayed * 9 ? 1 : 0;
}
