/*
 * world.h: a whole store with its backups, and the steps that a history is made of.
 *
 * Everything is real: vault, log, rows, repository, restore.  Each step changes the model in the
 * same way.  A step that is to be interrupted runs in a process of its own, which ends, or loses
 * its power, before its n-th change of the disk; what had happened by then is looked up, and is
 * one of the two things that may be.
 */
#ifndef CU_TESTS_MODEL_WORLD_H
#define CU_TESTS_MODEL_WORLD_H
#include "fault.h"
#include "model.h"

/* X(id, what it does); a, b and c are numbers that each step takes modulo what there is. */
#define STEPS(X)                                                                        \
	X(ADD,     "somebody is added")                                                  \
	X(WRITE,   "a record is written")                                                \
	X(BEGIN,   "an erasure begins, and waits")                                       \
	X(CANCEL,  "an erasure is cancelled")                                            \
	X(LET_GO,  "an erasure can be cancelled no more")                                \
	X(ERASE,   "an erasure is carried out")                                          \
	X(PASS,    "days go by")                                                         \
	X(JUMP,    "the clock is set")                                                   \
	X(CONFIRM, "somebody says that the clock is right")                              \
	X(EXPIRE,  "months of sales come to their end, if the clock is right")           \
	X(HOLD,    "a legal hold is placed")                                             \
	X(RELEASE, "a legal hold is released")                                           \
	X(SAY,     "somebody agrees, objects, is restricted, or takes it back")          \
	X(ASK,     "somebody asks for something")                                        \
	X(CLOSE,   "what somebody asked for is answered")                                \
	X(MERGE,   "two people turn out to be one")                                      \
	X(END,     "keys of who was merged end, where backups have the rest")            \
	X(BACK_UP, "a backup is made")                                                   \
	X(DRILL,   "the newest backup is tried, and counts from now on")                 \
	X(REOPEN,  "the store is closed and opened")                                     \
	X(LOOK,    "a backup is restored elsewhere, and looked at")                      \
	X(MOVE,    "a backup is restored, and work goes on there")                       \
	X(READ,    "somebody's data is shown, once the log has that")

enum step_kind {
#define X(id, text) STEP_##id,
	STEPS(X)
#undef X
	NSTEPS
};

struct step {
	enum step_kind kind;
	unsigned a, b, c;
	unsigned dies_at; /* 0: it is not interrupted */
	bool is_power;    /* what was not synced is lost as well */
};

struct world;

/* In an empty directory.  Whatever goes wrong ends the process with a message. */
struct world *world_new(const char *dir);
void world_step(struct world *w, const struct step *s);
/* How many calls of these kinds (fault.h) it makes, end of the store with it, and start, if it is not the memory
 * that fails; the store is at rest, and changed afterwards. */
long world_count_calls(struct world *w, const struct step *s, unsigned kinds);
/* As world_step, for a step that changes the store: its call number dies_at of these kinds goes wrong in this
 * way (fault.h; error is for FAULT_FAIL and FAULT_FAIL_ALL), and each change of the disk of the start
 * behind it.  The model takes what is found then; if the step came to its end nevertheless, it must have
 * happened.  False: the step came to its end before, and the store is closed. */
bool world_step_wrong(struct world *w, const struct step *s, unsigned kinds, enum fault_how how, int error);
/* The store is closed: the process may fork, and its directory be put back to what it was. */
void world_rest(struct world *w);
void world_wake(struct world *w);
/* What was acknowledged by some moment of a step; a mark in its trace (fault_trace.h). */
struct promise {
	bool is_done; /* the step as a whole */
	uint64_t nleaves; /* of the log, and their digest */
	uint8_t leaves[32];
	uint64_t sequence, capture; /* of a backup */
};

/* All changes of the disk that the step makes, start and end of the store with it, are written to a
 * file; the store is at rest, and changed afterwards: all of the step has happened.  Once. */
void world_record(struct world *w, const struct step *s, const char *to);
/* The same of a start and an end of the store alone. */
void world_record_start(struct world *w, const char *to);
/* In a process of its own: the power was cut during that step, and its directory is as that has left
 * it.  All that was promised is there, and of the rest all or nothing; the log is whole, every
 * record opens, each backup can be restored. */
void world_judge_cut(struct world *w, const struct step *s, const struct promise *p);
/* What is there is what the model says, in the store and in a restore of every backup. */
void world_judge(struct world *w);
void world_free(struct world *w);

#endif
