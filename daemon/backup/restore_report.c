/* What a restore tells of itself. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backup/recipients.h"
#include "backup/restore_internal.h"
#include "base/civil.h"

__attribute__((format(printf, 2, 3))) static void add_note(
	struct restore_report *report, const char *fmt, ...)
{
	va_list ap;

	if (report->nnotes < RESTORE_MAX_REASONS) {
		va_start(ap, fmt);
		vsnprintf(report->notes[report->nnotes++], sizeof(report->notes[0]), fmt, ap);
		va_end(ap);
	}
}

uint64_t restore_log_size_of(const struct restoring *run, const struct chain_link *data)
{
	uint64_t size = data->log_size;

	for (size_t i = 0; i < run->chain.n; i++) {
		const struct chain_link *link = &run->chain.at[i];

		if (memcmp(link->data_object, data->data_object, sizeof(link->data_object)) == 0 &&
			link->log_size < size) {
			size = link->log_size;
		}
	}
	return size;
}

static bool has_others(const struct manifest_prints *prints, const char *recipient)
{
	char print[RECIPIENTS_PRINT_SIZE];

	recipients_print(recipient, print);
	for (size_t i = 0; i < prints->n; i++) {
		if (strcmp(prints->at[i], print) != 0) {
			return true;
		}
	}
	return false;
}

/* What a time means when clocks do not agree with the numbers. */
static void note_clock(struct restoring *run)
{
	const struct chain_link *back = run->point.back;
	char before[CIVIL_TIME_SIZE], after[CIVIL_TIME_SIZE];

	if (!back) {
		return;
	}
	civil_format_time(back[-1].data_time_ms, before);
	civil_format_time(back->data_time_ms, after);
	add_note(&run->report,
		"The clock was not right: backup %" PRIu64 " says %s, and %" PRIu64
		" after it %s. Of those that say no later time than was asked for, this is the one "
		"with the highest number. --sequence takes another.",
		back[-1].sequence, before, back->sequence, after);
}

static void note_time(struct restoring *run)
{
	if (run->options->has_at && run->options->at_ms > run->options->now_ms) {
		add_note(&run->report,
			"The time that was asked for has not come: this is the newest backup.");
	}
	note_clock(run);
}

void restore_report_fill(struct restoring *run)
{
	struct restore_report *report = &run->report;
	uint64_t has = run->history.head.size, had = restore_log_size_of(run, run->newest.link);

	report->store = run->identity.store;
	report->sequence = run->data->sequence;
	report->newest_sequence = run->chain.at[run->chain.n - 1].sequence;
	report->backup_time_ms = run->data->data_time_ms;
	report->vault_generation = run->vault->generation;
	report->shreds_replayed = run->history.nshreds;
	report->decided_sequence = run->newest.link->sequence;
	report->bytes += run->newest.bytes;
	report->stored_bytes += run->newest.stored_bytes;
	note_time(run);
	if (run->newest.fault[0]) {
		add_note(report, "What was decided since is as of an older backup than the newest. %s.",
			run->newest.fault);
	}
	if (has > had) {
		add_note(report,
			"The log has %" PRIu64 " entries from after backup %" PRIu64
			": what they changed is not in it, except erasures, holds, and what people "
			"said about purposes and restriction, without the papers.",
			has - had, run->newest.link->sequence);
	}
	if (has_others(&run->manifest.data_prints, run->identity.data_recipient) ||
		has_others(&run->manifest.vault_prints, run->identity.vault_recipient)) {
		add_note(report, "The backups were written for other recipients too. Only those of this "
				 "identity file are known now: add the others to keys/recipients.");
	}
	add_note(report, "This is a new lineage with a new log key: back it up into a new "
			 "repository, keep the old one, and keep the new identity file.");
}
