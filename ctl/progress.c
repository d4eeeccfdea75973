#include "ctl/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/intl.h"
#include "ctl/out.h"

void progress_begin(struct progress *p, bool is_wanted)
{
	p->is_quiet = !is_wanted;
	p->is_shown = is_wanted && isatty(STDERR_FILENO);
	p->has_line = false;
	p->began_ms = clock_monotonic_ms();
}

void progress_clear(struct progress *p)
{
	if (p->has_line) {
		fprintf(stderr, "\r\033[K");
		p->has_line = false;
	}
}

void progress_show(struct progress *p, const char *what, int64_t done, int64_t total,
	int64_t count, const char *things)
{
	double s = (double)(clock_monotonic_ms() - p->began_ms) / 1000;
	char bytes[32];

	if (!p->is_shown) {
		return;
	}
	progress_clear(p);
	p->has_line = true;
	out_note("%s: %s", what, out_bytes(done, bytes));
	if (total > 0 && done <= total) {
		fprintf(stderr, " (%d%%)", (int)(100 * done / total));
	}
	if (things) {
		out_note(", %" PRId64 " %s, %.0f/s", count, things,
			s > 0 ? (double)count / s : 0);
	}
	if (total > 0 && done > 0 && done < total && s > 1) {
		int left = (int)(s * (double)(total - done) / (double)done);

		fprintf(stderr, _(", %d:%02d left"), left / 60, left % 60);
	}
	fflush(stderr);
}
