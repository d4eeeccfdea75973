/*
 * be_custos.h: custos under GDPRbench, through its socket, one connection for each thread.
 *
 * A record is one of the collection "data", named by its key, of the person with that user's
 * number.  Its attributes are its own rule: the purpose together with "service", for which all
 * calls are made; the objection, decisions made by machines, roles, recipients, source, category
 * and seconds to live.  What is over is gone by itself.
 */
#ifndef CU_TESTS_GDPR_BE_CUSTOS_H
#define CU_TESTS_GDPR_BE_CUSTOS_H
#include "backend.h"

/* A handle for a connected descriptor, which it takes. */
void *be_custos_of(int fd);

/* The ten categories, by the taxonomy of the policies. */
extern const char *const be_custos_categories[10];

/* Writes schema.yaml, purposes.yaml and roles.yaml into dir: this uid may do everything. */
bool be_custos_policies(const char *dir, unsigned uid);

#endif
