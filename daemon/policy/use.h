/*
 * use.h: what data may be used for, and whose it is: the words that purposes.yaml may name.
 *
 * The data uses and data subjects of the Fides taxonomy 3.2 (fideslang, Ethyca Inc.,
 * CC-BY-4.0), without the keys that it calls deprecated.
 */
#ifndef CU_POLICY_USE_H
#define CU_POLICY_USE_H
#include <stdbool.h>

/* NULL when key is one, else why not; as struct row's check. */
const char *use_check(const char *key);
const char *use_check_subject(const char *key);

/* Advertising, promotion or sales: to these everybody may object, and it ends (Art. 21(3) GDPR). */
bool use_is_marketing(const char *key);

#endif
