/*
 * category.h: the kinds of data that schema.yaml may name.
 *
 * The data categories of the Fides taxonomy 3.2 (fideslang, Ethyca Inc., CC-BY-4.0), without
 * the keys that it calls deprecated.
 */
#ifndef CU_POLICY_CATEGORY_H
#define CU_POLICY_CATEGORY_H

/* NULL when key is one, else why not; as struct row's check. */
const char *category_check(const char *key);

#endif
