/*
 * lawbook.h: all laws and calendars of the directory law/ of the policies.
 *
 * Every file there is read, also those that do not hold here, so that a fault is found before
 * it is needed.  Immutable once loaded; owned by the policy.
 */
#ifndef CU_POLICY_LAWBOOK_H
#define CU_POLICY_LAWBOOK_H
#include <stddef.h>

#include "policy/holidays.h"
#include "policy/law.h"

struct cu_err;
struct faults;
struct organisation;
struct retention;
struct yaml;

#define LAWBOOK_LAWS      16 /* there are more in the world, but not for one organisation */
#define LAWBOOK_CALENDARS 64

struct lawbook {
	struct yaml *trees[LAWBOOK_LAWS + LAWBOOK_CALENDARS]; /* all texts are borrowed from these */
	size_t ntrees;
	struct law laws[LAWBOOK_LAWS];
	size_t nlaws;
	struct holidays calendars[LAWBOOK_CALENDARS];
	size_t ncalendars;
};

/* Reads dir/law; no such directory is an empty book.  What is wrong with the files is in faults;
 * 0, CU_EIO, CU_ENOMEM.  Undone by lawbook_done, also after a failure. */
int lawbook_load(const char *dir, struct faults *faults, struct lawbook *ret,
	struct cu_err *err);
void lawbook_done(struct lawbook *book);

/* NULL when there is none of this key. */
const struct law *lawbook_find(const struct lawbook *book, const char *key);
const struct holidays *lawbook_find_calendar(const struct lawbook *book, const char *key);

/* Do the laws and calendars that the organisation and the laws name exist, and does what is kept
 * last as long as those laws ask for? */
void lawbook_check(const struct lawbook *book, const struct organisation *org,
	const struct retention *retention, struct faults *faults);

#endif
