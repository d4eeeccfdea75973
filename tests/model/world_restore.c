#include "world_parts.h"

#include "backup/restore.h"

bool has_backup(const struct world *w)
{
	return w->nbackups > 0;
}

uint64_t back_up(struct world *w, bool has_data)
{
	struct snapshot_result result = { 0 };
	struct cu_err err = { 0 };

	if (sample_back_up(&w->sample, w->repo, has_data, NULL, &result, &err) < 0) {
		fail_msg("backup: %s", err.msg);
	}
	return result.sequence;
}

void learn_backup(struct world *w, uint64_t sequence)
{
	w->known = w->model;
	w->backups[w->nbackups++] = (struct backup){ sequence, w->sample.known_capture, ++w->nmade,
		w->model };
}

static void restore_to(struct world *w, const struct backup *b, const char *to,
	struct buf *ret_identity)
{
	struct restore_options options = { .sequence = b->sequence,
		.now_ms = ++w->sample.now_ms, .ret_identity = ret_identity };
	struct restore_report report;
	struct cu_err err = { 0 };

	if (restore_run(w->repo, buf_span(&w->identity), to, &options, NULL, &report, &err) < 0) {
		fail_msg("restore of %llu: %s", (unsigned long long)b->sequence, err.msg);
	}
	if (report.has_gap) {
		fail_msg("restore of %llu: %s", (unsigned long long)b->sequence, report.reasons[0]);
	}
}

static const struct model *newest_of(const struct world *w)
{
	return &w->backups[w->nbackups - 1].then;
}

void look(struct world *w, const struct backup *b)
{
	struct model wanted;
	struct sample got;
	char to[300], where[64];

	snprintf(to, sizeof(to), "%s/look%u", w->dir, ++w->nlooks);
	snprintf(where, sizeof(where), "backup %llu", (unsigned long long)b->sequence);
	restore_to(w, b, to, NULL);
	sample_paths(&got, to);
	sample_open(&got);
	finish_merges(&got);
	model_restore(&b->then, newest_of(w), &w->known, &wanted);
	compare(w, &got, &wanted, where);
	sample_close(&got);
	remove_tree(to);
}

/* The newest backup is restored, and looked at: from now on it counts. */
void drill(struct world *w)
{
	const struct backup *b = &w->backups[w->nbackups - 1];

	look(w, b);
	w->drilled = b->number;
	w->drilled_capture = b->capture;
}

/* The old machine is gone, and its repository stays behind. */
void move(struct world *w, const struct backup *b)
{
	struct buf identity = BUF_INIT_WIPE;
	struct model restored;
	int64_t now_ms;
	char to[300];

	snprintf(to, sizeof(to), "%s/store%u", w->dir, ++w->nmoves);
	restore_to(w, b, to, &identity);
	model_restore(&b->then, newest_of(w), &w->known, &restored);
	w->model = restored;
	now_ms = w->sample.now_ms;
	sample_close(&w->sample);
	remove_tree(w->sample.dir);
	remove_tree(w->repo);
	sample_paths(&w->sample, to);
	w->sample.now_ms = now_ms;
	sample_open(&w->sample);
	finish_merges(&w->sample);
	buf_done(&w->identity);
	w->identity = identity;
	w->nbackups = w->drilled = 0;
	w->drilled_capture = 0;
	snprintf(w->repo, sizeof(w->repo), "%s/repo%u", w->dir, w->nmoves);
	compare(w, &w->sample, &w->model, "after the move");
}
