/*
 * ropa.h: the record of processing activities (Art. 30(1) GDPR), from the policies in force.
 *
 * Who holds the data, then for each purpose of purposes.yaml: the basis, whose data and which, who
 * receives it and where, and until when it is kept; what is done for its security; and what the
 * policies do not say although the article asks for it.  Pure.
 */
#ifndef CU_PRIVACY_ROPA_H
#define CU_PRIVACY_ROPA_H

struct json;
struct policy;

/* The members of an open object: those of io.custos.report.Ropa. */
void ropa_put(const struct policy *p, struct json *to);

#endif
