#include "scene.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* a: who; b and c: what, as the steps take them (world_*.c). */
#define ADD               { .kind = STEP_ADD }
#define WRITE(who, rec)   { .kind = STEP_WRITE, .a = (who), .b = (rec) }
#define BEGIN(who, s, w)  { .kind = STEP_BEGIN, .a = (who), .b = (s), .c = (w) }
#define HOLD(who, s, w)   { .kind = STEP_HOLD, .a = (who), .b = (s), .c = (w) }
#define MERGE(who, old)   { .kind = STEP_MERGE, .a = (who), .b = (old), .c = 1 }
#define PLAIN(k)          { .kind = STEP_##k }

const struct scene scenes[] = {
	{ "somebody is added", { ADD, PLAIN(BACK_UP) }, 2, ADD },
	{ "a record is new", { ADD }, 1, WRITE(0, 1) },
	{ "a record is changed", { ADD, WRITE(0, 1), PLAIN(BACK_UP) }, 3, WRITE(0, 1) },
	{ "a sale begins a month", { ADD, PLAIN(BACK_UP) }, 2, WRITE(0, 3) },
	{ "an erasure begins", { ADD, PLAIN(BACK_UP) }, 2, BEGIN(0, MODEL_WHOLE, 0) },
	{ "an erasure is cancelled", { ADD, BEGIN(0, MODEL_WHOLE, 0) }, 2, PLAIN(CANCEL) },
	{ "an erasure is let go", { ADD, BEGIN(0, MODEL_WHOLE, 0) }, 2, PLAIN(LET_GO) },
	{ "a person is erased", { ADD, ADD, WRITE(0, 3), PLAIN(BACK_UP), BEGIN(0, MODEL_WHOLE, 0) }, 5,
		PLAIN(ERASE) },
	{ "a collection is erased",
		{ ADD, WRITE(0, 2), PLAIN(BACK_UP), BEGIN(0, MODEL_COLLECTION, MODEL_NOTE) }, 4,
		PLAIN(ERASE) },
	{ "one of two records is erased",
		{ ADD, WRITE(0, 1), PLAIN(BACK_UP), BEGIN(0, MODEL_RECORD, 0) }, 4, PLAIN(ERASE) },
	{ "two people become one", { ADD, ADD, WRITE(0, 3), PLAIN(BACK_UP), { .kind = STEP_SAY, .a = 0, .b = 1 } },
		5, MERGE(1, 0) },
	{ "keys of who was merged end", { ADD, ADD, WRITE(0, 3), MERGE(1, 0), PLAIN(BACK_UP) }, 5,
		PLAIN(END) },
	{ "a person who was two is erased",
		{ ADD, ADD, WRITE(0, 3), PLAIN(BACK_UP), MERGE(1, 0), BEGIN(1, MODEL_WHOLE, 0) }, 6,
		PLAIN(ERASE) },
	{ "a month comes to its end", { ADD, ADD, WRITE(0, 3), WRITE(1, 3), PLAIN(BACK_UP) }, 5,
		PLAIN(EXPIRE) },
	{ "what is held of a month is sealed anew",
		{ ADD, ADD, WRITE(0, 3), WRITE(1, 3), HOLD(0, MODEL_RECORD, 3), PLAIN(BACK_UP) }, 6,
		PLAIN(EXPIRE) },
	{ "the clock is confirmed", { ADD, PLAIN(EXPIRE), { .kind = STEP_JUMP, .a = 9 }, PLAIN(EXPIRE) }, 4,
		PLAIN(CONFIRM) },
	{ "a hold is placed", { ADD, PLAIN(BACK_UP) }, 2, HOLD(0, MODEL_COLLECTION, 0) },
	{ "a hold is released", { ADD, HOLD(0, MODEL_WHOLE, 0) }, 2, PLAIN(RELEASE) },
	{ "somebody says something", { ADD }, 1, PLAIN(SAY) },
	{ "somebody asks for something", { ADD }, 1, PLAIN(ASK) },
	{ "what was asked for is answered", { ADD, PLAIN(ASK) }, 2, PLAIN(CLOSE) },
	{ "somebody is read", { ADD, WRITE(0, 1), PLAIN(BACK_UP) }, 3, PLAIN(READ) },
	{ "the first backup is made", { ADD, WRITE(0, 3) }, 2, PLAIN(BACK_UP) },
	{ "another backup is made", { ADD, PLAIN(BACK_UP), WRITE(0, 1) }, 3, PLAIN(BACK_UP) },
	{ "the store is opened",
		{ ADD, WRITE(0, 3), PLAIN(BACK_UP), BEGIN(0, MODEL_COLLECTION, MODEL_NOTE) }, 4,
		PLAIN(REOPEN) },
};

const size_t nscenes = sizeof(scenes) / sizeof(scenes[0]);

const char *scene_place(void)
{
	const char *told = getenv("TMPDIR");

	return told ? told : access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

void scene_command(const char *format, ...)
{
	char command[700];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0) {
		fprintf(stderr, "'%s' failed\n", command);
		exit(2);
	}
}

struct world *scene_make(const struct scene *sc, const char *dir)
{
	struct world *w;

	scene_command("mkdir '%s'", dir);
	w = world_new(dir);
	for (unsigned i = 0; i < sc->nbefore; i++) {
		world_step(w, &sc->before[i]);
	}
	world_rest(w);
	return w;
}
