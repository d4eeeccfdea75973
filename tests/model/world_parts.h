/*
 * world_parts.h: what the files of a world share, by subject; world.h is what others see.
 *
 * Of each step: can it be, and what is it about (prepare_); its changes of the store (do_); what
 * of it has happened, for the model (learn_).  Nothing here returns an error: whatever goes wrong
 * ends the process with a message.
 */
#ifndef CU_TESTS_MODEL_WORLD_PARTS_H
#define CU_TESTS_MODEL_WORLD_PARTS_H
#include "world.h"

#include "sample.h"

#define MAX_BACKUPS 64
#define MAX_SLOTS   40 /* of one person */
#define MAX_SEEN    (MODEL_PEOPLE * MODEL_RECORDS) /* of one person, who was many */
#define HOUR_MS     (3600 * 1000LL)
#define FIRST_MONTH 202601u /* of sales */

struct backup {
	uint64_t sequence;
	uint64_t capture;
	unsigned number; /* of all that were ever made, from 1 */
	struct model then;
};

/* One step that is being made. */
struct change {
	struct store_op op;
	struct world *world;
	const struct step *step;
	unsigned of, person, record; /* who was named, and whose that is; which of his records */
	unsigned other;              /* who is to be merged into the person */
	/* of an erasure or a hold that begins; it must be refused */
	enum model_scope scope;
	unsigned what;
	bool is_refused;
	unsigned which;             /* the hold, the request */
	enum model_verdict verdict; /* on the clock, of a run of expiry */
	bool is_over, is_more;      /* that run; what it seals anew */
	bool has_ended;             /* it shredded something */
};

struct world {
	char dir[256], repo[300];
	unsigned nmoves, nlooks;
	struct sample sample;
	struct buf identity;
	struct model model;
	struct model known; /* when the log and the keys were last written to the repository */
	struct backup backups[MAX_BACKUPS];
	unsigned nbackups, nmade;
	unsigned drilled;    /* the number of the newest that passed a drill; 0: none here */
	uint64_t drilled_capture;
	/* in the vault, of whoever was to be erased or is merged into somebody */
	uint64_t slots[MODEL_PEOPLE][MAX_SLOTS];
	unsigned nslots[MODEL_PEOPLE];
	/* world_cut.c: the step whose changes of the disk were recorded, and the model when all of them
	 * are there, which other processes see */
	struct change recorded;
	struct model *done;
	bool is_recorded; /* just now */
};

/* world.c.  One transaction, which must work, or be refused. */
typedef int apply_fn(struct tx *tx, struct store_op *op, struct cu_err *err);
void world_run(struct world *w, struct change *c, apply_fn *apply);
void world_run_refused(struct world *w, struct change *c, apply_fn *apply);
/* The log and the keys are written to the repository, if there is one. */
void world_tell(struct world *w);

/* A step.  Fills in whom and what it is about; false: it is left out. */
bool world_prepare(struct world *w, const struct step *s, struct change *c);
/* What changes the store, without the model. */
void world_act(struct world *w, struct change *c);
/* The model takes it, too: after a step, interrupted or not, and with the store open. */
void world_learn(struct world *w, struct change *c);

/* world_cut.c.  While a step is recorded: this much was acknowledged. */
void world_promise(struct world *w, bool is_done);

/* world_write.c: people and records. */
void value_text(unsigned person, unsigned record, unsigned value, char to[48]);
bool prepare_write(struct world *w, struct change *c);
void do_add(struct world *w, struct change *c);
void do_write(struct world *w, struct change *c);
void learn_record(struct world *w, unsigned of, unsigned record);
void do_read(struct world *w, struct change *c);
void learn_person(struct world *w);

/* world_erase.c */
bool prepare_begin(struct world *w, struct change *c);
bool prepare_cancel(struct world *w, struct change *c);
bool prepare_let_go(struct world *w, struct change *c);
bool prepare_erase(struct world *w, struct change *c);
void do_begin(struct world *w, struct change *c);
void do_cancel(struct world *w, struct change *c);
void do_let_go(struct world *w, struct change *c);
void do_erase(struct world *w, struct change *c);
void learn_erasure(struct world *w, struct change *c);

void note_slots(struct world *w, unsigned owner);

/* world_merge.c: two people are one. */
bool prepare_merge(struct world *w, struct change *c);
void do_merge(struct world *w, struct change *c);
void do_end(struct world *w, struct change *c);
void learn_merge(struct world *w, struct change *c);
void learn_end(struct world *w, struct change *c);
/* What a restore knew from the log alone, as a start of the daemon does. */
void finish_merges(struct sample *in);

/* world_keep.c: what is over ends, by a clock; what is held or asked for does not. */
void pass_days(struct world *w, unsigned days);
void jump(struct world *w, const struct step *s);
bool prepare_confirm(struct world *w, struct change *c);
bool prepare_hold(struct world *w, struct change *c);
bool prepare_release(struct world *w, struct change *c);
void do_confirm(struct world *w, struct change *c);
void do_expire(struct world *w, struct change *c);
void do_hold(struct world *w, struct change *c);
void do_release(struct world *w, struct change *c);
void learn_confirmed(struct world *w, struct change *c);
void learn_expiry(struct world *w, struct change *c);
void learn_hold(struct world *w, struct change *c);
void learn_release(struct world *w, struct change *c);

/* world_say.c: what people say and ask for. */
bool prepare_say(struct world *w, struct change *c);
bool prepare_ask(struct world *w, struct change *c);
bool prepare_close(struct world *w, struct change *c);
void do_say(struct world *w, struct change *c);
void do_ask(struct world *w, struct change *c);
void do_close(struct world *w, struct change *c);
void learn_said(struct world *w, struct change *c);
void learn_asked(struct world *w, struct change *c);
void learn_closed(struct world *w, struct change *c);

/* world_look.c: what is there is what a model says. */
struct seen {
	struct id id;
	char value[48];
};

struct sight {
	struct seen at[MAX_SEEN + 1];
	unsigned n;
};

/* Who can be read, and what of them; false: nobody. */
bool look_at(struct sample *in, const struct id *person, struct sight *ret);
void compare_records_of(struct sample *in, const struct model *m, unsigned owner, const char *where);
void compare(const struct world *w, struct sample *in, const struct model *m, const char *where);

/* world_read.c: what may be read, under whatever id, is what a model says. */
void expect_permits(struct sample *in, const struct model *m, unsigned of, const char *where);
void read_person(struct world *w, unsigned of);

/* world_restore.c */
bool has_backup(const struct world *w);
uint64_t back_up(struct world *w, bool has_data);
void learn_backup(struct world *w, uint64_t sequence);
void look(struct world *w, const struct backup *b);
void drill(struct world *w);
void move(struct world *w, const struct backup *b);

#endif
