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

#include "base/id.h"

#define MODEL_PEOPLE  16
#define MODEL_RECORDS 4 /* of a person: two of the profile, a note, a sale */
#define MODEL_MONTHS  6
#define MODEL_KEYS    512

enum model_collection { MODEL_PROFILE, MODEL_NOTE, MODEL_SALE, MODEL_NCOLLECTIONS };

enum model_scope { MODEL_WHOLE, MODEL_COLLECTION, MODEL_RECORD };
enum model_fate {
	FATE_NONE,
	FATE_WAITS,  /* denied, and can be given back */
	FATE_DOOMED, /* cannot; its keys are alive */
	FATE_DONE,
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
	unsigned what; /* the collection, or the record */
};

struct model {
	struct model_person people[MODEL_PEOPLE];
	unsigned npeople;
	unsigned month_keys[MODEL_MONTHS]; /* 0: none */
	unsigned nkeys;                    /* numbers given out */
	bool dead[MODEL_KEYS];
};

enum model_collection model_collection_of(unsigned record);
const char *model_name(enum model_collection c);

/* The key that this person's next record of a collection is under; the same of a month. */
unsigned model_key(struct model *m, struct model_person *p, enum model_collection c);
unsigned model_month_key(struct model *m, unsigned month);

/* What the moves of an erasure do; the scope is in p. */
void model_shred(struct model *m, struct model_person *p);
/* All months before this one end. */
void model_expire(struct model *m, unsigned before);

/* Is the person there for readers; and a record. */
bool model_sees(const struct model *m, unsigned person);
bool model_sees_record(const struct model *m, unsigned person, unsigned record);

/* What a restore of the copy then must give, when its newest copy was newest, and its repository knew
 * what known was: afterwards ret is asked as above. */
void model_restore(const struct model *then, const struct model *newest, const struct model *known,
	struct model *ret);

#endif
