#include "wire/idl.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "wire/idl_internal.h"

struct idl_block {
	struct idl_block *next;
	max_align_t bytes[];
};

void *idl_alloc(struct idl *idl, size_t n)
{
	struct idl_block *b = calloc(1, sizeof(*b) + n);

	if (!b) {
		return NULL;
	}
	b->next = idl->blocks;
	idl->blocks = b;
	return b->bytes;
}

char *idl_copy(struct idl *idl, const void *p, size_t n)
{
	char *copy = idl_alloc(idl, n + 1);

	if (copy && n > 0) {
		memcpy(copy, p, n);
	}
	return copy;
}

void idl_free(struct idl *idl)
{
	if (!idl) {
		return;
	}
	while (idl->blocks) {
		struct idl_block *b = idl->blocks;

		idl->blocks = b->next;
		free(b);
	}
	free(idl);
}

const char *idl_name(const struct idl *idl)
{
	return idl->name;
}

const char *idl_doc(const struct idl *idl)
{
	return idl->doc;
}

const char *idl_text(const struct idl *idl)
{
	return idl->text;
}

size_t idl_nmembers(const struct idl *idl)
{
	return idl->nmembers;
}

const struct idl_member *idl_member(const struct idl *idl, size_t i)
{
	return i < idl->nmembers ? &idl->members[i] : NULL;
}

const struct idl_member *idl_find(
	const struct idl *idl, enum idl_member_kind kind, const char *name)
{
	for (size_t i = 0; i < idl->nmembers; i++) {
		const struct idl_member *m = &idl->members[i];

		if (m->kind == kind && strcmp(m->name, name) == 0) {
			return m;
		}
	}
	return NULL;
}

const struct idl_field *idl_field_find(const struct idl_type *type, const char *name)
{
	for (size_t i = 0; i < type->nfields; i++) {
		if (strcmp(type->fields[i].name, name) == 0) {
			return &type->fields[i];
		}
	}
	return NULL;
}

const struct idl_type *idl_resolve(const struct idl_type *type)
{
	while (type->kind == IDL_NAMED || type->kind == IDL_MAYBE) {
		type = type->of;
	}
	return type;
}
