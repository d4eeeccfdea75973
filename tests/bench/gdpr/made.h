/*
 * made.h: the records of GDPRbench, each a function of its number, and the numbers drawn.
 *
 * A record has a key, nine attributes about what may be done with it, and 100 bytes of data
 * (Shastri et al., PVLDB 13(7), 2020, section 4).  Pure; any thread.
 */
#ifndef CU_TESTS_GDPR_MADE_H
#define CU_TESTS_GDPR_MADE_H
#include <stdbool.h>
#include <stdint.h>

/* Purpose, seconds to live, user, objection, automated decisions, access list, shared with,
 * source, category; and the data itself. */
enum { PUR, TTL, USR, OBJ, DEC, ACL, SHR, SRC, CAT, DATA, NFIELDS };
#define NMETA      DATA
#define VALUE_SIZE 24
#define DATA_LEN   100

struct made {
	char key[VALUE_SIZE];
	char meta[NMETA][VALUE_SIZE];
	char data[DATA_LEN + 1];
	unsigned ttl_s;
};

extern const char *const made_names[NFIELDS]; /* "pur", "ttl", ... */

void made_record(uint64_t number, struct made *to);
void made_key(uint64_t number, char to[VALUE_SIZE]);
/* What the record of this number has in a field: which of the field's values; and its text. */
unsigned made_index(uint64_t number, int field);
void made_value(int field, unsigned index, char to[VALUE_SIZE]);
unsigned made_count(int field); /* how many values a field has */
unsigned made_ttl_s(uint64_t number);
#define MADE_SHORT_TTL_S 30 /* of every tenth */

/* The number in "key17"; false when it is no key. */
bool made_number(const char *key, uint64_t *ret);
/* Is this the data of the record of this number? */
bool made_is_data(const char *data, uint64_t number);

struct made_random {
	uint64_t state;
};
uint64_t made_next(struct made_random *r);
double made_next_unit(struct made_random *r); /* 0 to 1 */
/* Below n: each alike, or a few far more often (Zipf, theta 0.99, scattered). */
uint64_t made_next_uniform(struct made_random *r, uint64_t n);
uint64_t made_next_zipf(struct made_random *r, uint64_t n);

#endif
