/*
 * metrics_file.h: the page of metrics.h as a file for node_exporter's textfile collector.
 *
 * Written each minute to agent.yaml's `metrics_file`, whole or not at all, readable by everybody; also while
 * the store is sealed.  A file that cannot be written is told once in the journal, and again when it can.
 */
#ifndef CU_CONTROL_METRICS_FILE_H
#define CU_CONTROL_METRICS_FILE_H
#include <stdbool.h>
#include <stdint.h>

#include "job/work.h"

struct daemon;

struct metrics_file {
	struct work work;
	bool is_running;
	bool has_failed;
	int64_t due_ms; /* monotonic */
};

/* Loop, each second. */
void metrics_file_tick(struct daemon *d);

#endif
