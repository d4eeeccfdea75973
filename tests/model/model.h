/*
 * model.h: what a store must show and must not, as a few arrays: the small thing that the big one
 * is held to.
 *
 * Keys have numbers: a person has one for each collection, a month of sales has one, and each dies
 * once.  A backup is a copy of the model; what a restore must give follows from that copy and from
 * the deaths that its repository knows of.
 */
#ifndef CU_TESTS_MODEL_MODEL_H
#define CU_TESTS_MODEL_MODEL_H
#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"

#define MODEL_PEOPLE  16
#define MODEL_RECORDS 4 /* of a person: two of the profile, a note, a sale */
#define MODEL_MONTHS  6
#define MODEL_KEYS    512
#define MODEL_HOLDS   16
#define MODEL_REQUESTS 16
#define MODEL_PRIVATE 48 /* keys of what is held of months that are over */

enum model_collection { MODEL_PROFILE, MODEL_NOTE, MODEL_SALE, MODEL_NCOLLECTIONS };

enum model_scope { MODEL_WHOLE, MODEL_COLLECTION, MODEL_RECORD };
enum model_fate {
	FATE_NONE,
	FATE_WAITS,  /* denied, and can be given back */
	FATE_DOOMED, /* cannot; its keys are alive */
	FATE_DONE,
};

enum model_said { SAID_NOTHING, SAID_YES, SAID_NO };

struct model_record {
	bool is_there;
	struct id id;
	unsigned value, key, month_key; /* month_key 0: none */
	unsigned month;
};

struct model_person {
	bool is_there; /* was added */
	struct id id;
	unsigned keys[MODEL_NCOLLECTIONS]; /* 0: none yet */
	struct model_record records[MODEL_RECORDS];
	enum model_fate fate; /* of its last erasure */
	enum model_scope scope;
	unsigned what; /* the collection, or the record */
	enum model_said consent;
	bool is_objected, is_restricted;
};

/* A legal hold; its scope as that of an erasure. */
struct model_hold {
	bool is_active;
	struct id id;
	struct id record; /* of MODEL_RECORD: another with this number may follow after a restore */
	unsigned person, what;
	enum model_scope scope;
};

/* Somebody's request: until it is closed, what is over of theirs stays. */
struct model_request {
	bool is_open;
	struct id id;
	unsigned person;
};

/* A key that stands for a month's, for what of one person was held when the month was over. */
struct model_private {
	unsigned key, person, month, month_key;
	unsigned backup; /* the last that was made before something came under it */
};

/* What is believed of the clock, in ms: when it was last known to be right; and when it was found
 * a day or more ahead (0: it was not), what it said since, and that somebody has confirmed it. */
struct model_clock {
	int64_t known, seen, claimed;
	bool is_confirmed;
};

enum model_verdict { CLOCK_GOOD, CLOCK_BEHIND, CLOCK_AHEAD };

struct model {
	struct model_person people[MODEL_PEOPLE];
	unsigned npeople;
	unsigned month_keys[MODEL_MONTHS]; /* 0: none */
	unsigned nkeys;                    /* numbers given out */
	struct model_hold holds[MODEL_HOLDS];
	unsigned nholds;
	struct model_request requests[MODEL_REQUESTS];
	unsigned nrequests;
	struct model_private privates[MODEL_PRIVATE];
	unsigned nprivates;
	struct model_clock clock;
	bool dead[MODEL_KEYS];
};

enum model_collection model_collection_of(unsigned record);
const char *model_name(enum model_collection c);

/* The key that this person's next record of a collection is under; the same of a month. */
unsigned model_key(struct model *m, struct model_person *p, enum model_collection c);
unsigned model_month_key(struct model *m, unsigned month);

/* What the moves of an erasure do; the scope is in p. */
void model_shred(struct model *m, struct model_person *p);

/* What the clock is worth that says this, and what is remembered of it. */
enum model_verdict model_look_at_clock(struct model *m, int64_t now_ms);
/* One run of expiry of all months before this one: what is held gets keys of its own, and a month
 * waits until a backup that passed a drill, of this number or a later one, has them.  True: it
 * changed something. */
bool model_expire(struct model *m, unsigned before, unsigned drilled, unsigned nbackups);

/* Is this stopped by a hold; a person's record by a hold or a restriction; by a request. */
bool model_stops(const struct model *m, unsigned person, enum model_scope scope, unsigned what);
bool model_is_kept(const struct model *m, unsigned person, unsigned record);
bool model_is_asked_for(const struct model *m, unsigned person);

/* Is the person there for readers; and a record. */
bool model_sees(const struct model *m, unsigned person);
bool model_sees_record(const struct model *m, unsigned person, unsigned record);

/* What a restore of the copy then must give, when its newest copy was newest, and its repository knew
 * what known was: afterwards ret is asked as above. */
void model_restore(const struct model *then, const struct model *newest, const struct model *known,
	struct model *ret);

#endif
