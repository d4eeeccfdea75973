/*
 * disk_parts.h: what a disk is made of, for disk.c and disk_lay.c.
 */
#ifndef CU_TESTS_MODEL_DISK_PARTS_H
#define CU_TESTS_MODEL_DISK_PARTS_H
#include <stddef.h>

#include "disk.h"
#include "fault_trace.h"

#define DISK_PAGE 4096u
#define DISK_ROOT 0u /* the node of the directory itself */

struct page {
	uint32_t refs;
	uint64_t hash; /* 0: not known yet */
	uint8_t b[DISK_PAGE];
};

struct file {
	uint32_t refs;
	uint64_t size, hash; /* hash 0: not known yet */
	size_t npages;
	struct page **pages; /* NULL: zeros */
};

struct node {
	uint64_t ino;
	struct file *file; /* NULL: a directory */
	uint32_t mode;
};

struct entry {
	uint32_t dir, node;
	char name[TRACE_NAME_SIZE];
};

struct disk {
	struct node *nodes; /* never fewer: who has no name any more is found by nobody */
	struct entry *entries;
	uint32_t nnodes, nentries;
};

_Noreturn void disk_give_up(const char *what); /* with errno */
uint64_t disk_hash_of_file(struct file *f);
void disk_file_drop(struct file *f);

#endif
