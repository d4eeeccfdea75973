/*
 * category.h: the kinds of data that schema.yaml may name.
 *
 * The data categories of the Fides taxonomy 3.2 (fideslang, Ethyca Inc., CC-BY-4.0), without
 * the keys that it calls deprecated.
 */
#ifndef CU_POLICY_CATEGORY_H
#define CU_POLICY_CATEGORY_H
#include <stdbool.h>

/* NULL when key is one, else why not; as struct row's check. */
const char *category_check(const char *key);

/* Special categories: GDPR Art. 9(1) and 10.  Sensitive ones: PIPL Art. 28, and the special ones:
 * consent to their use is given apart.  A key's children are what it is. */
bool category_is_special(const char *key);
bool category_is_sensitive(const char *key);

#endif
