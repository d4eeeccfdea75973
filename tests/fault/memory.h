/*
 * memory.h: the stories that are told to programs without memory, and what tells them.
 */
#ifndef CU_TESTS_MEMORY_H
#define CU_TESTS_MEMORY_H
#include <stdbool.h>
#include <stdint.h>

#include "stage.h"
#include "starve.h"

/* In all that is typed; no error and no log may tell it. */
#define MEMORY_MARK "QZXJVKWB"

enum whom { WHOM_DAEMON, WHOM_CTL, WHOM_OTHER };

struct turn {
	enum whom whom;
	uint64_t nth;
	bool is_lasting;
};

struct lab;

/* prepare: with memory, before each try; start: the program, of which it is; judge: with memory again, custosd serves. */
struct story {
	const char *what;
	unsigned whose; /* a bit for each of enum whom */
	void (*prepare)(struct lab *);
	struct job (*start)(struct lab *);
	void (*judge)(struct lab *, const struct ran *);
	void (*alone)(struct lab *); /* instead of these three: all of a try with a program that is no command */
};

struct lab {
	struct stage *stage;
	struct starve_control *control;
	char control_path[192];
	const struct story *story;
	struct turn turn;
	unsigned number; /* of this try: people have it in their names */
	struct {
		char id[33];
		char text[1200];
		const char *path;
		long before;
	} given;
	unsigned first;   /* the number of */
	unsigned backed_up; /* the first of the world of which there is a backup */
	char someone[33]; /* who is there from the beginning, to be looked at */
	char *clean;      /* what the story's command prints with memory; NULL: not known yet */
	size_t nlog;      /* bytes of custosd's log that were looked at */
	unsigned long count, each;
	time_t end;
	unsigned nplayed, nends, nlibrary, nwrong;
	bool is_spoilt;   /* this world is given up */
};

/* memory.c */
__attribute__((format(printf, 2, 3))) void memory_wrong(struct lab *lab, const char *format, ...);
void memory_arm(struct lab *lab);
void memory_disarm(struct lab *lab);
void memory_preload(const struct lab *lab, bool is_on);
void memory_start(struct lab *lab);
void memory_skip_log(struct lab *lab); /* what custosd has logged until now was looked at */
/* A program that has said this may end so; returns false, having counted it, when a library ended it. */
bool memory_judge_end(struct lab *lab, const char *who, int status, const char *said);

/* memory_stories.c; ended by one without a name. */
extern const struct story memory_stories[];
void memory_make_people(struct lab *lab);
/* How many people have the address of this number, with this before it. */
unsigned memory_found(struct lab *lab, const char *before, unsigned number);

/* memory_alone.c: custosd starts; a backup is restored. */
void memory_start_alone(struct lab *lab);
void memory_restore_alone(struct lab *lab);

#endif
