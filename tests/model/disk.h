/*
 * disk.h: a file system in memory, as a power cut may leave it, and how it is laid down for real.
 *
 * Files have numbers, names stand in directories, bytes lie in pages that copies share until one
 * writes: a copy costs microseconds, so that there may be a hundred thousand of them.  Sizes in
 * bytes.  Whatever goes wrong ends the process.
 */
#ifndef CU_TESTS_MODEL_DISK_H
#define CU_TESTS_MODEL_DISK_H
#include <stdbool.h>
#include <stdint.h>

struct disk;
struct trace_op;

/* All that lies below dir, but the shared memory of SQLite, which dies with the machine. */
struct disk *disk_read(const char *dir);
struct disk *disk_copy(const struct disk *d);
void disk_free(struct disk *d);

/* One change of a trace (fault_trace.h).  Of what is not on the disk, nothing. */
void disk_apply(struct disk *d, const struct trace_op *op);
/* Of a creation: the file is there, and its name is not. */
void disk_apply_unnamed(struct disk *d, const struct trace_op *op);
/* Of a write only these bytes of it reached the disk; what is missing before them is zeros. */
void disk_apply_part(struct disk *d, const struct trace_op *op, uint64_t from, uint64_t end);
/* The file has grown, and what the write put there is not: zeros. */
void disk_apply_size(struct disk *d, const struct trace_op *op);
/* Of a rename, the one half: the file has both names; or it has lost the old one alone. */
void disk_apply_both_names(struct disk *d, const struct trace_op *op);
void disk_apply_no_name(struct disk *d, const struct trace_op *op);

/* The size of a file; 0: it is not on the disk. */
uint64_t disk_size_of(const struct disk *d, uint64_t ino);

/* Two disks with the same names, modes and bytes have the same. */
uint64_t disk_hash(struct disk *d);

/* What was laid down last, so that only what differs is written. */
struct laid;
struct laid *laid_new(const char *dir);
void laid_free(struct laid *l);
/* dir is as d says, whatever it was before. */
void disk_lay(struct disk *d, struct laid *l);

#endif
