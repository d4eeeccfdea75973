#include "policy/retention.h"

#include <stddef.h>

#include "base/civil.h"
#include "policy/yaml.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define DAYS(n)  ((n) * (int64_t)86400)

/* clang-format off */
static const struct row retention_row[] = {
	{ "access_journal", SET_DURATION, 0,
	  "How long it stays known whose data a search with several hits or an export showed. "
	  "1d to 10y; then the day's key is shredded.",
	  offsetof(struct retention, access_journal), .standard = "400d", .min = DAYS(1),
	  .max = DAYS(3650) },
};
/* clang-format on */
const struct rows retention_rows = { "retention.yaml", retention_row,
	COUNT(retention_row), sizeof(struct retention),
	offsetof(struct retention, node) };

int retention_read(struct yaml *y, struct faults *faults, struct retention *ret)
{
	int r = rows_read(&retention_rows, y, yaml_root(y), faults, ret);

	return r < 0 ? r : 0;
}

/* A 29th of February is kept until the 1st of March. */
static int32_t years_before(int32_t day, int32_t n)
{
	struct civil c = civil_of_day(day);

	c.year -= n;
	if (!civil_is_valid(c)) {
		c.day = 28;
	}
	return civil_to_day(c);
}

int32_t retention_last_day_over(struct duration keep, int32_t today)
{
	int32_t first_kept = keep.unit == 'y'   ? years_before(today, keep.n)
			     : keep.unit == 'd' ? today - keep.n
						: today - (keep.n + 23) / 24;

	return first_kept - 1;
}
