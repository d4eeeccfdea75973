/*
 * answers.h: a socket that answers every call with what its interface declares, each text in it a hostile one.
 */
#ifndef CU_TESTS_ANSWERS_H
#define CU_TESTS_ANSWERS_H

struct answers;

/* A process that listens there. */
struct answers *answers_start(const char *path);
void answers_stop(struct answers *a);

/* From now on: the text of this number, below answers_ntexts(); the last of them as the message of an error. */
void answers_use(struct answers *a, unsigned text);
unsigned answers_ntexts(void);
const char *answers_text_name(unsigned text);

#endif
