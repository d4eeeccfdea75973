#include "control/metric.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"

static const struct {
	const char *name, *type, *labels, *help;
} rows[NMETRICS] = {
#define X(id, name, type, labels, help) [METRIC_##id] = { name, type, labels, help },
	METRICS(X)
#undef X
};

const char *metric_name(enum metric id)
{
	return rows[id].name;
}

void metrics_init(struct metrics *m)
{
	for (size_t i = 0; i < NMETRICS; i++) {
		buf_init(&m->of[i]);
	}
}

void metrics_done(struct metrics *m)
{
	for (size_t i = 0; i < NMETRICS; i++) {
		buf_done(&m->of[i]);
	}
}

/* --- samples ---------------------------------------------------------------------- */

/* Of a label's value; quotes may stand in a help text as they are. */
static void put_escaped(struct buf *to, const char *text, bool is_label)
{
	for (; *text; text++) {
		if (*text == '\\' || (is_label && *text == '"')) {
			buf_put_u8(to, '\\');
			buf_put_u8(to, (uint8_t)*text);
		} else if (*text == '\n') {
			buf_put_str(to, "\\n");
		} else {
			buf_put_u8(to, (uint8_t)*text);
		}
	}
}

/* `method outcome` and two values; le comes last. */
static void put_labels(struct buf *to, const char *names, const char *a, const char *b,
	const char *le)
{
	const char *const values[] = { a, b, le };
	const char *all[] = { names, NULL, le ? "le" : NULL };
	const char *blank = strchr(names, ' ');
	bool is_any = false;

	all[1] = blank ? blank + 1 : NULL;
	for (size_t i = 0; i < 3; i++) {
		if (values[i] && all[i]) {
			buf_putf(to, "%s%.*s=\"", is_any ? "," : "{", (int)strcspn(all[i], " "), all[i]);
			put_escaped(to, values[i], true);
			buf_put_u8(to, '"');
			is_any = true;
		}
	}
	if (is_any) {
		buf_put_u8(to, '}');
	}
}

void metric_put(struct metrics *m, enum metric id, const char *a, const char *b, int64_t value)
{
	struct buf *to = &m->of[id];

	buf_put_str(to, rows[id].name);
	put_labels(to, rows[id].labels, a, b, NULL);
	buf_putf(to, " %" PRId64 "\n", value);
}

void metric_put_ms(struct metrics *m, enum metric id, const char *a, int64_t ms)
{
	struct buf *to = &m->of[id];
	int64_t size = ms < 0 ? -ms : ms;

	buf_put_str(to, rows[id].name);
	put_labels(to, rows[id].labels, a, NULL, NULL);
	buf_putf(to, " %s%" PRId64 ".%03" PRId64 "\n", ms < 0 ? "-" : "", size / 1000, size % 1000);
}

void metric_put_bucket(struct metrics *m, enum metric id, const char *a, const char *bound,
	uint64_t n)
{
	struct buf *to = &m->of[id];

	buf_putf(to, "%s_bucket", rows[id].name);
	put_labels(to, rows[id].labels, a, NULL, bound);
	buf_putf(to, " %" PRIu64 "\n", n);
}

void metric_put_sum_us(struct metrics *m, enum metric id, const char *a, uint64_t sum_us, uint64_t n)
{
	struct buf *to = &m->of[id];

	buf_putf(to, "%s_sum", rows[id].name);
	put_labels(to, rows[id].labels, a, NULL, NULL);
	buf_putf(to, " %" PRIu64 ".%06" PRIu64 "\n", sum_us / 1000000, sum_us % 1000000);
	buf_putf(to, "%s_count", rows[id].name);
	put_labels(to, rows[id].labels, a, NULL, NULL);
	buf_putf(to, " %" PRIu64 "\n", n);
}

/* --- the page --------------------------------------------------------------------- */

int metrics_write(struct metrics *m, struct buf *to, struct cu_err *err)
{
	for (size_t i = 0; i < NMETRICS; i++) {
		if (buf_check(&m->of[i], err) < 0) {
			return CU_ENOMEM;
		}
		if (m->of[i].n > 0) {
			buf_putf(to, "# HELP %s ", rows[i].name);
			put_escaped(to, rows[i].help, false);
			buf_putf(to, "\n# TYPE %s %s\n", rows[i].name, rows[i].type);
			buf_put_span(to, buf_span(&m->of[i]));
		}
	}
	return buf_check(to, err);
}

void metrics_explain(struct buf *to)
{
	buf_put_str(to, "| metric | type | labels | what it is |\n|---|---|---|---|\n");
	for (size_t i = 0; i < NMETRICS; i++) {
		buf_putf(to, "| `%s` | %s | %s | %s |\n", rows[i].name, rows[i].type,
			rows[i].labels, rows[i].help);
	}
}
