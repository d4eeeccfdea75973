/*
 * judge.h: is all that was acknowledged there, and nothing else, and nothing twice?
 *
 * After each start of custosd, through its socket: who was touched since the last time, and
 * some of the others, with the content that was acknowledged (or, where no answer came, what
 * was tried, whole); each leaf of the log that is new, one for each effect; as many subjects
 * and records as these leaves say; the log's tree.  Who was erased is gone, backups are whole.
 * Fails with what is wrong.
 */
#ifndef CU_TESTS_JUDGE_H
#define CU_TESTS_JUDGE_H
#include "load.h"

struct judge {
	struct load *load;
	uint64_t nleaves;  /* of the log that have been looked at */
	unsigned nchecked; /* people looked at, all in all */
};

/* integrity_check of one, which nobody has open. */
void judge_database(const char *path);
/* The databases as they lie there, before a start: integrity_check of copies. */
void judge_files(struct judge *j);
/* The log may be shorter than it was: all its leaves are new. */
void judge_anew(struct judge *j);
/* custosd runs.  is_last: everybody is looked at. */
void judge_store(struct judge *j, bool is_last);

#endif
