/*
 * shimmed.h: a stage whose custosd has the shim (shim.h) preloaded.  It and its files lie in "shim" beside
 * the stage's state.
 */
#ifndef CU_TESTS_SHIMMED_H
#define CU_TESTS_SHIMMED_H
#include "shim.h"
#include "stage.h"

struct shimmed {
	const struct stage *stage;
	char library[192], notes[192], graves[192], control_path[192];
	struct shim_control *control;
};

/* graves: a directory to be made, on the file system of the state and where custosd may write: a second
 * name can be made only there. */
void shimmed_init(struct shimmed *s, const struct stage *st, const char *graves);
void shimmed_done(struct shimmed *s);

/* What is started between these has it.  deaf may be NULL. */
void shimmed_begin(const struct shimmed *s, const char *deaf);
/* The same without notes of what can be taken back: for changes below these directories, with ':' between them,
 * that go wrong. */
void shimmed_begin_counting(const struct shimmed *s, const char *dirs);
void shimmed_end(void);

#endif
