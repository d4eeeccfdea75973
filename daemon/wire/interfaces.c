#include "wire/interfaces.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "wire/interfaces_data.h"

struct interfaces {
	size_t n;
	struct idl *idls[];
};

static int by_name(const void *a, const void *b)
{
	const struct idl *const *x = a, *const *y = b;

	return strcmp(idl_name(*x), idl_name(*y));
}

int interfaces_load(struct interfaces **ret, struct cu_err *err)
{
	struct interfaces *set =
		calloc(1, sizeof(*set) + interfaces_ntexts * sizeof(set->idls[0]));

	if (!set) {
		return cu_err_set(err, CU_ENOMEM, "no memory for the interfaces");
	}
	for (size_t i = 0; i < interfaces_ntexts; i++) {
		const struct interfaces_text *t = &interfaces_texts[i];
		int r = idl_parse(t->file, span_of(t->p, t->n), &set->idls[i], err);

		if (r < 0) {
			interfaces_free(set);
			return r;
		}
		set->n++;
	}
	qsort(set->idls, set->n, sizeof(set->idls[0]), by_name);
	*ret = set;
	return 0;
}

void interfaces_free(struct interfaces *set)
{
	if (!set) {
		return;
	}
	for (size_t i = 0; i < set->n; i++) {
		idl_free(set->idls[i]);
	}
	free(set);
}

size_t interfaces_n(const struct interfaces *set)
{
	return set->n;
}

const struct idl *interfaces_at(const struct interfaces *set, size_t i)
{
	return i < set->n ? set->idls[i] : NULL;
}

static const struct idl *find_n(
	const struct interfaces *set, const char *name, size_t n)
{
	for (size_t i = 0; i < set->n; i++) {
		const char *has = idl_name(set->idls[i]);

		if (strlen(has) == n && memcmp(has, name, n) == 0) {
			return set->idls[i];
		}
	}
	return NULL;
}

const struct idl *interfaces_find(const struct interfaces *set, const char *interface)
{
	return find_n(set, interface, strlen(interface));
}

const struct idl_member *interfaces_method(
	const struct interfaces *set, const char *method, const struct idl **ret_idl)
{
	const char *dot = strrchr(method, '.');
	const struct idl *idl =
		dot ? find_n(set, method, (size_t)(dot - method)) : NULL;

	if (ret_idl) {
		*ret_idl = idl;
	}
	return idl ? idl_find(idl, IDL_METHOD, dot + 1) : NULL;
}
