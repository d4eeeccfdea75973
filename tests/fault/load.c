#include "load.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"

#define BACKUP_MS 300 /* at most, between two backups */

enum what { TRY_ADD, ADDED, TRY_UPDATE, UPDATED, TRY_ERASE, ERASED, BACKED_UP, REFUSED };

/* One write to the pipe, whole. */
struct line {
	enum what what;
	uint32_t writer, number;
	int code;
	char id[33], profile[33];
	uint64_t at; /* stamp */
};

_Static_assert(sizeof(struct line) <= PIPE_BUF, "writes to the pipe do not mix");

void load_init(struct load *l, struct stage *st, uint64_t seed)
{
	*l = (struct load){ .stage = st, .seed = seed };
}

void load_done(struct load *l)
{
	free(l->people);
	*l = (struct load){ 0 };
}

uint64_t load_draw(struct load *l, uint64_t below)
{
	uint64_t z = (l->seed += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) % below;
}

/* --- a writer ------------------------------------------------------------------------- */

struct writer {
	struct load *load;
	struct client *client;
	uint32_t self;
	int pipe;
};

/* What is said now had its cause before, and has its effect after. */
static uint64_t now(const struct load *l)
{
	struct stat st;

	if (!l->clock) {
		return 0;
	}
	if (stat(l->clock, &st) < 0) {
		_exit(1);
	}
	return (uint64_t)st.st_size;
}

static void say(struct writer *w, enum what what, const struct person *p, int code)
{
	struct line line = { .what = what, .writer = w->self, .number = p->number, .code = code };

	strcpy(line.id, p->id);
	strcpy(line.profile, p->profile);
	line.at = now(w->load);
	if (write(w->pipe, &line, sizeof(line)) != (ssize_t)sizeof(line)) {
		_exit(1);
	}
}

static int call(struct writer *w, const char *method, json_t *parameters, struct person *p,
	json_t **ret)
{
	struct cu_err err;
	int r = client_call(w->client, method, parameters, -1, ret, &err);

	json_decref(parameters);
	if (r < 0 && r != CU_EIO && r != CU_EUNAVAIL && r != CU_EPROTO) {
		say(w, REFUSED, p, r);
	}
	return r;
}

static int add(struct writer *w, struct person *p)
{
	json_t *reply, *ids;
	char email[64];
	int r;

	snprintf(email, sizeof(email), "n%u@example.org", p->number);
	say(w, TRY_ADD, p, 0);
	r = call(w, "io.custos.subject.Add",
		json_pack("{s:s, s:s, s:[{s:s, s:{s:s}}, {s:s, s:{s:s}}]}", "kind", "person", "purpose",
			STAGE_PURPOSE, "records", "collection", "contact_point", "fields", "email",
			email, "collection", "profile", "fields", "given_name", "v1"),
		p, &reply);
	if (r < 0) {
		return r;
	}
	ids = json_object_get(reply, "records");
	snprintf(p->id, sizeof(p->id), "%s",
		json_string_value(json_object_get(reply, "subject")));
	snprintf(p->profile, sizeof(p->profile), "%s", json_string_value(json_array_get(ids, 1)));
	p->version = 1;
	say(w, ADDED, p, 0);
	json_decref(reply);
	return 0;
}

static int update(struct writer *w, struct person *p)
{
	char name[32];
	int r;

	snprintf(name, sizeof(name), "v%u", p->version + 1);
	say(w, TRY_UPDATE, p, 0);
	r = call(w, "io.custos.subject.Update",
		json_pack("{s:s, s:s, s:s, s:s, s:{s:s}}", "subject", p->id, "purpose", STAGE_PURPOSE,
			"record", p->profile, "collection", "profile", "fields", "given_name", name),
		p, NULL);
	if (r == 0) {
		p->version++;
		say(w, UPDATED, p, 0);
	}
	return r;
}

/* It comes back when the keys are gone, and every target has a vault without them. */
static int erase(struct writer *w, struct person *p)
{
	int r;

	say(w, TRY_ERASE, p, 0);
	r = call(w, "io.custos.erase.Run",
		json_pack("{s:s, s:s, s:b, s:b, s:b}", "subject", p->id, "purpose", "erasure_request",
			"now", 0, "wait", 1, "dry_run", 0),
		p, NULL);
	if (r == 0) {
		say(w, ERASED, p, 0);
	}
	return r;
}

/* A backup stands for nobody: its sequence is the number. */
static int back_up(struct writer *w)
{
	struct person nobody = { .writer = w->self };
	json_t *reply;
	int r = call(w, "io.custos.backup.Run", json_object(), &nobody, &reply);

	if (r == 0) {
		nobody.number = (uint32_t)json_integer_value(
			json_object_get(json_object_get(reply, "result"), "sequence"));
		say(w, BACKED_UP, &nobody, 0);
		json_decref(reply);
	}
	return r;
}

/* One of those of this writer; NULL: there is none yet. */
static struct person *pick(struct load *l, uint32_t self)
{
	for (unsigned i = 0; i < 8 && l->n > 0; i++) {
		struct person *p = &l->people[load_draw(l, l->n)];

		if (p->writer == self && p->profile[0] && !p->is_erased) {
			return p;
		}
	}
	return NULL;
}

static int write_one(struct writer *w, uint32_t *next)
{
	struct person *known = load_draw(w->load, 3) == 0 ? pick(w->load, w->self) : NULL;
	struct person fresh = { .writer = w->self, .number = *next + w->self };
	int r;

	if (known) {
		return update(w, known);
	}
	*next += LOAD_NUMBERS;
	r = add(w, &fresh);
	return r == 0 && w->self == LOAD_ERASER ? erase(w, &fresh) : r;
}

static _Noreturn void write_until_broken(struct load *l, uint32_t self, struct client *c, int to)
{
	struct writer w = { l, c, self, to };
	uint32_t next = l->first;
	int r = 0;

	l->seed += self;
	signal(SIGPIPE, SIG_IGN);
	while (r == 0) {
		r = write_one(&w, &next);
	}
	_exit(0);
}

static _Noreturn void back_up_until_broken(struct load *l, uint32_t self, struct client *c, int to)
{
	struct writer w = { l, c, self, to };
	int r = 0;

	l->seed += self;
	signal(SIGPIPE, SIG_IGN);
	while (r == 0) {
		run_sleep_ms((int)load_draw(l, BACKUP_MS));
		r = back_up(&w);
	}
	_exit(0);
}

/* --- the recorder --------------------------------------------------------------------- */

static _Noreturn void record(int from, const char *path)
{
	char part[16384];
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n;

	while ((n = read(from, part, sizeof(part))) > 0) {
		if (write(to, part, (size_t)n) != n) {
			_exit(1);
		}
	}
	_exit(fsync(to) == 0 ? 0 : 1);
}

void load_start(struct load *l, struct load_run *run)
{
	struct client *clients[LOAD_NUMBERS + 1];
	int fds[2];

	*run = (struct load_run){ .nwriters = l->is_full ? LOAD_NUMBERS + 1 : LOAD_WRITERS };
	/* all before the first of them writes: on a full disk that may be custosd's end */
	for (uint32_t i = 0; i < run->nwriters; i++) {
		clients[i] = stage_client(l->stage, i < LOAD_NUMBERS ? AS_PRIVACY : AS_ADMIN);
	}
	snprintf(run->path, sizeof(run->path), "%.150s/said", l->stage->files);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	fflush(NULL);
	run->recorder = fork();
	if (run->recorder == 0) {
		close(fds[1]);
		record(fds[0], run->path);
	}
	for (uint32_t i = 0; i < run->nwriters; i++) {
		run->writers[i] = fork();
		if (run->writers[i] == 0) {
			close(fds[0]);
			(i < LOAD_NUMBERS ? write_until_broken : back_up_until_broken)(
				l, i, clients[i], fds[1]);
		}
	}
	for (uint32_t i = 0; i < run->nwriters; i++) {
		client_close(clients[i]);
	}
	close(fds[0]);
	close(fds[1]);
}

/* --- what was said -------------------------------------------------------------------- */

static struct person *of_number(struct load *l, const struct line *line)
{
	for (unsigned i = l->n; i-- > 0;) {
		if (l->people[i].number == line->number) {
			return &l->people[i];
		}
	}
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 1024;
		l->people = realloc(l->people, l->cap * sizeof(*l->people));
		assert_non_null(l->people);
	}
	l->people[l->n] = (struct person){ .writer = line->writer, .number = line->number };
	return &l->people[l->n++];
}

static void take_of_nobody(struct load *l, const struct line *line, int *ret_refusal)
{
	if (line->what == BACKED_UP) {
		l->backup = line->number > l->backup ? line->number : l->backup;
		l->nbackups++;
		l->nacks++;
	} else if (ret_refusal) {
		*ret_refusal = line->code;
	}
}

static void take_line(struct load *l, const struct line *line, int *ret_refusal)
{
	struct person *p;

	if (line->what == REFUSED || line->what == BACKED_UP) {
		take_of_nobody(l, line, ret_refusal);
		return;
	}
	p = of_number(l, line);
	p->is_touched = true;
	l->first = line->number >= l->first ? line->number + LOAD_NUMBERS : l->first;
	switch (line->what) {
	case TRY_ADD: p->is_adding = true; break;
	case ADDED:
		strcpy(p->id, line->id);
		strcpy(p->profile, line->profile);
		p->is_adding = false;
		p->version = 1;
		l->nacks++;
		break;
	case TRY_UPDATE: p->is_updating = true; break;
	case UPDATED:
		p->is_updating = false;
		p->version++;
		l->nacks++;
		break;
	case TRY_ERASE: p->is_erasing = true; break;
	case ERASED:
		p->is_erasing = false;
		p->is_erased = true;
		l->nerased++;
		l->nacks++;
		break;
	case BACKED_UP:
	case REFUSED: break;
	}
}

void load_wait(struct load_run *run)
{
	int status;

	for (unsigned i = 0; i < run->nwriters; i++) {
		assert_int_equal(waitpid(run->writers[i], &status, 0), run->writers[i]);
	}
	assert_int_equal(waitpid(run->recorder, &status, 0), run->recorder);
	assert_int_equal(status, 0);
}

void load_take(struct load *l, const struct load_run *run, uint64_t upto, int *ret_refusal)
{
	int fd = open(run->path, O_RDONLY | O_CLOEXEC);
	struct line line;

	assert_true(fd >= 0);
	while (read(fd, &line, sizeof(line)) == (ssize_t)sizeof(line)) {
		if (line.at <= upto) {
			take_line(l, &line, ret_refusal);
		}
	}
	close(fd);
}

void load_end(struct load *l, struct load_run *run, int *ret_refusal)
{
	load_wait(run);
	load_take(l, run, UINT64_MAX, ret_refusal);
}

struct person *load_find(struct load *l, const char *id)
{
	for (unsigned i = l->n; i-- > 0;) {
		if (strcmp(l->people[i].id, id) == 0) {
			return &l->people[i];
		}
	}
	return NULL;
}
