/*
 * papers.h: the sealed papers of a case (store/tx_case.h), shown.  Whoever calls has a leaf first.
 */
#ifndef CU_CONTROL_PAPERS_H
#define CU_CONTROL_PAPERS_H
struct cu_err;
struct exchange;
struct id;
struct json;

/* Writes "papers", an array: each its id, kind, time, whether the caller wrote it, and its texts.
 * Those of the kinds in but, a list that NULL ends, or NULL, are left out. */
int papers_show(struct exchange *x, struct json *out, const struct id *kase,
	const char *collection, const char *const *but, struct cu_err *err);

#endif
