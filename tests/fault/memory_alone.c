/* custosd by itself: its start, and the restore of a backup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "memory.h"

/* It serves, or says why not; and with memory it serves. */
void memory_start_alone(struct lab *lab)
{
	struct stage *st = lab->stage;
	char *said;
	int status;

	stage_stop(st);
	memory_skip_log(lab);
	memory_arm(lab);
	memory_preload(lab, true);
	stage_launch(st);
	memory_preload(lab, false);
	if (!stage_await(st, &status)) {
		memory_disarm(lab);
		said = stage_daemon_log(st);
		memory_judge_end(lab, "the start", status, said + lab->nlog);
		free(said);
		lab->nends++;
		memory_start(lab);
	}
	memory_disarm(lab);
	said = stage_daemon_log(st);
	if (strstr(said + lab->nlog, "sealed until")) { /* somebody would have to come; another start does it */
		memory_wrong(lab, "it stays sealed:\n%s", said + lab->nlog);
		stage_stop(st);
		memory_start(lab);
	} else if (memory_found(lab, "", lab->first) != 1) {
		memory_wrong(lab, "it serves, and who was there is not found");
	}
	free(said);
	memory_skip_log(lab);
}

/* What came out serves whom it should. */
static void judge_restored(struct lab *lab, const char *to)
{
	struct stage *st = lab->stage;
	char own[sizeof(st->state)];

	stage_stop(st);
	memcpy(own, st->state, sizeof(own));
	stage_use_state(st, to);
	stage_start(st);
	if (memory_found(lab, "", lab->first) != 1) {
		memory_wrong(lab, "status 0, and who was in the backup is not found");
	}
	stage_stop(st);
	stage_use_state(st, own);
	memory_start(lab);
	memory_skip_log(lab);
}

/* All of it, or nothing, and why. */
void memory_restore_alone(struct lab *lab)
{
	struct stage *st = lab->stage;
	const char *to = stage_path(st, "elsewhere");
	char from[224], identity[224], where[240];

	if (lab->backed_up != lab->first) {
		stage_ctl(st, AS_ADMIN, "backup", "run");
		stage_expect(st, 0);
		lab->backed_up = lab->first;
	}
	snprintf(from, sizeof(from), "--from=%s", st->repo);
	snprintf(identity, sizeof(identity), "--identity=%s", st->identity);
	snprintf(where, sizeof(where), "--to=%s", to);
	/* the administrator hands the identity over */
	free(run_shell("rm -rf '%s'; chmod 644 '%s'", to, st->identity));
	memory_arm(lab);
	memory_preload(lab, true);
	stage_restore(st, from, identity, where);
	memory_preload(lab, false);
	memory_disarm(lab);
	if (strstr(st->last.err, MEMORY_MARK) || strstr(st->last.out, MEMORY_MARK)) {
		memory_wrong(lab, "tells what is in the backup");
	}
	if (st->last.status == 0) {
		judge_restored(lab, to);
	} else if (memory_judge_end(lab, "the restore", st->last.status, st->last.err) && access(to, F_OK) == 0) {
		memory_wrong(lab, "status %d, and something is there", st->last.status);
	}
}
