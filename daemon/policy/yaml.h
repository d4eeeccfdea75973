/*
 * yaml.h: a YAML file as a small tree of which every node knows its line.
 *
 * A thin layer over the events of libfyaml.  Policies are data, not programs: one document,
 * no anchors, aliases, tags or merge keys, every key a plain text and unique in its mapping.
 * What the scalars mean is decided by who reads them (rows.h), so "no" stays "no" and "007"
 * stays "007".  A tree never changes after it was read; any thread may read it.
 */
#ifndef CU_POLICY_YAML_H
#define CU_POLICY_YAML_H
#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

struct cu_err;
struct faults;
struct yaml;

#define YAML_MAX_SIZE  (1024 * 1024) /* bytes of a file */
#define YAML_MAX_NODES 65536         /* the largest policy set in sight has under 5,000 */
#define YAML_MAX_KEYS  1024          /* of one mapping: finding doubles is quadratic */
#define YAML_MAX_DEPTH 16            /* the deepest of our files has 6 */

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	unsigned line;                /* from 1 */
	bool is_quoted;               /* a scalar that was not written plainly */
	const char *text;             /* of a scalar: UTF-8, no NUL inside; else NULL */
	const char *key;              /* of a mapping's value; else NULL */
	unsigned key_line;            /* of the key; else line */
	const struct yaml_node *next; /* the next one of the same list or mapping */
	const struct yaml_node *first;
	size_t nchildren;
};

/* Reads a text; file is its name in faults.  0; CU_EINVAL with what is wrong in faults and
 * the first of it in err; CU_ENOMEM.  Nothing in it at all is an empty mapping.  The caller
 * frees with yaml_free, and with it all nodes and what yaml_alloc gave. */
int yaml_parse(struct span text, const char *file, struct faults *faults, struct yaml **ret,
	struct cu_err *err);
/* The same from a file of a directory, named in faults without it.  CU_ENOENT; CU_EIO. */
int yaml_load(const char *dir, const char *file, struct faults *faults, struct yaml **ret,
	struct cu_err *err);
void yaml_free(struct yaml *y);

const struct yaml_node *yaml_root(const struct yaml *y);
const char *yaml_file(const struct yaml *y);

/* The value of a mapping's key, or NULL. */
const struct yaml_node *yaml_find(const struct yaml_node *map, const char *key);

/* n bytes of zeros that live as long as y; NULL when memory is out.  Only before y is shared. */
void *yaml_alloc(struct yaml *y, size_t n);

/* Nothing was written: "key:" with no value. */
bool yaml_is_empty(const struct yaml_node *node);

#endif
