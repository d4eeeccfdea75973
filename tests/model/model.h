/*
 * model.h: what a store must show and must not, as a few arrays: the small thing that the big one
 * is held to.
 *
 * Keys have numbers: a person has one for each collection, a month of sales has one, and each dies
 * once.  Two people may turn out to be one: then what was of the one is the other's, his owner's, and
 * only his old keys are still his.  A backup is a copy of the model; what a restore must give follows
 * from that copy and from the deaths and merges that its repository knows of.
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

/* Of somebody who was merged into another. */
enum model_old_keys {
	OLD_KEYS_WAIT, /* for a backup that has what was moved */
	OLD_KEYS_ENDED,
	OLD_KEYS_NOWHERE, /* no row of this store names them: a restore brought nothing of him */
};

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
	unsigned what, of; /* the collection; or the record, and whose it was when it was written */
	enum model_said consent;
	bool is_objected, is_restricted;
	bool is_merged;
	unsigned into, backup; /* the last that was made before */
	enum model_old_keys old_keys;
};

/* One of those that the log tells, in its order. */
struct model_merge {
	unsigned old, into;
};

/* A legal hold; its scope as that of an erasure. */
struct model_hold {
	bool is_active;
	struct id id;
	struct id record; /* of MODEL_RECORD: another with this number may follow after a restore */
	unsigned person, what; /* the collection; of a record, its number */
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
	struct model_merge merges[MODEL_PEOPLE];
	unsigned nmerges;
	struct model_clock clock;
	bool dead[MODEL_KEYS];
};

enum model_collection model_collection_of(unsigned record);
const char *model_name(enum model_collection c);

/* Whose it is now, what was of this person: somebody's own, if nobody merged him. */
unsigned model_owner(const struct model *m, unsigned person);

/* The key that this owner's next record of a collection is under; the same of a month. */
unsigned model_key(struct model *m, unsigned owner, enum model_collection c);
unsigned model_month_key(struct model *m, unsigned month);
void model_kill_key(struct model *m, unsigned *key);

/* What the moves of an owner's erasure do; the scope is in the person. */
void model_shred(struct model *m, unsigned owner);

/* Two owners become one, when so many backups had been made; what forbids more holds. */
void model_merge(struct model *m, unsigned old, unsigned into, unsigned nbackups);
void model_take_said(struct model_person *into, const struct model_person *old);
/* Keys of merged people end, where this backup or an older one has what was moved. */
void model_end_merges(struct model *m, unsigned backup);

/* What the clock is worth that says this, and what is remembered of it. */
enum model_verdict model_look_at_clock(struct model *m, int64_t now_ms);
/* One run of expiry of all months before this one: what is held gets keys of its own, and a month
 * waits until a backup that passed a drill, of this number or a later one, has them.  True: it
 * changed something. */
bool model_expire(struct model *m, unsigned before, unsigned drilled, unsigned nbackups);

/* Is this of an owner stopped by a hold: all, a collection, or the record of this number that was
 * written of a person (of); a record by a hold or a restriction; an owner's by a request. */
bool model_stops(const struct model *m, unsigned owner, enum model_scope scope, unsigned of,
	unsigned what);
bool model_is_kept(const struct model *m, unsigned of, unsigned record);
bool model_is_asked_for(const struct model *m, unsigned owner);

/* Is the person there for readers, under whatever id; and a record that was written of him. */
bool model_sees(const struct model *m, unsigned person);
bool model_sees_record(const struct model *m, unsigned of, unsigned record);
/* Was all of the owner erased. */
bool model_is_erased(const struct model *m, unsigned owner);

/* What a restore of the copy then must give, when its newest copy was newest, and its repository knew
 * what known was: afterwards ret is asked as above.  When the daemon has started on it, that is: what
 * only the log told of merges is done by then. */
void model_restore(const struct model *then, const struct model *newest, const struct model *known,
	struct model *ret);

#endif
