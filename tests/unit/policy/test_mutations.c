/*
 * The shipped files, damaged at random: the reader may refuse them or take them, but never
 * crash, never hang, and never refuse without saying why.  The seed is fixed, so that a case
 * that fails, fails again; its number is in the message.
 */
#include "expect.h"

#include "base/buf.h"
#include "policy/map.h"
#include "policy/policy.h"
#include "policy/yaml.h"

#define NMUTATIONS 1500 /* of each file */

static const char *shipped;
static struct policy *policy; /* the shipped one */

static uint64_t seed;

/* xorshift64* (Vigna 2016) */
static size_t below(size_t n)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (size_t)(seed * UINT64_C(2685821657736338717) >> 33) % n;
}

static const char *const pieces[] = { "\n", "  ", "\t", ":", ": ", "- ", "[", "]", "{", "}", "'",
	"\"", "#", "&a ", "*a", "!!x ", "<<: ", "|\n", ">-\n", "---\n", "...\n", "%YAML 1.2\n", "? ",
	"\\", "\\0", ",", "0", "\xff", "\xc3", "\xef\xbb\xbf", "\xe2\x80\xa8", "\x01", "99999999999",
	"key", "event", "'*'", "~", "@", "`" };

static void insert(struct buf *b, size_t at, const char *piece)
{
	size_t n = strlen(piece);

	assert_non_null(buf_room(b, n));
	memmove(b->p + at + n, b->p + at, b->n - at);
	memcpy(b->p + at, piece, n);
	b->n += n;
}

static void cut(struct buf *b, size_t at, size_t n)
{
	n = n < b->n - at ? n : b->n - at;
	memmove(b->p + at, b->p + at + n, b->n - at - n);
	b->n -= n;
}

/* Something of the text, put somewhere else: nests and doubles what is there. */
static void repeat(struct buf *b, size_t at)
{
	char piece[200];
	size_t from = below(b->n), n = below(sizeof(piece) - 1);

	n = n < b->n - from ? n : b->n - from;
	memcpy(piece, b->p + from, n);
	piece[n] = '\0';
	insert(b, at, piece);
}

static void mutate(struct buf *b)
{
	size_t times = 1 + below(4);

	for (size_t i = 0; i < times && b->n > 0; i++) {
		size_t at = below(b->n);

		switch (below(6)) {
		case 0: b->p[at] ^= (uint8_t)(1u << below(8)); break;
		case 1: b->p[at] = (uint8_t)below(256); break;
		case 2: cut(b, at, 1 + below(40)); break;
		case 3: b->n = at; break;
		case 4: repeat(b, at); break;
		default: insert(b, at, pieces[below(sizeof(pieces) / sizeof(pieces[0]))]); break;
		}
	}
}

static void read_shipped(const char *name, struct buf *to)
{
	char path[PATH_SIZE];

	assert_int_equal(path_join(path, shipped, name, NULL), 0);
	assert_int_equal(path_read_file(path, YAML_MAX_SIZE, to, NULL), 0);
}

/* A text is read as this file; 0 or CU_EINVAL. */
typedef int read_fn(struct span text, struct faults *faults);

struct outcome {
	size_t ntaken, nrefused;
};

static void damage_and_read(const char *original, size_t n, read_fn *read, struct outcome *out)
{
	for (size_t i = 0; i < NMUTATIONS; i++) {
		struct faults faults = FAULTS_INIT;
		struct buf text = BUF_INIT;
		int r;

		buf_put(&text, original, n);
		mutate(&text);
		r = read(buf_span(&text), &faults);

		if ((r != 0 && r != CU_EINVAL) || (r == 0) != (faults.ntotal == 0)) {
			fail_msg("mutation %zu: code %d with %zu faults", i, r, faults.ntotal);
		}
		*(r == 0 ? &out->ntaken : &out->nrefused) += 1;
		faults_done(&faults);
		buf_done(&text);
	}
}

static int read_file(struct span text, struct faults *faults, const char *name,
	int (*pass)(struct yaml *, struct faults *))
{
	struct yaml *y = NULL;
	int r = yaml_parse(text, name, faults, &y, NULL);

	if (r == 0) {
		r = pass(y, faults);
		if (r == 0) {
			r = faults_check(faults, NULL);
		}
	}
	yaml_free(y);
	return r;
}

static int pass_schema(struct yaml *y, struct faults *faults)
{
	struct schema schema = { .ncollections = 0 };

	return schema_read(y, faults, &schema);
}

static int pass_roles(struct yaml *y, struct faults *faults)
{
	struct roles roles = { .n = 0 };

	return roles_read(y, faults, &roles);
}

static int pass_purposes(struct yaml *y, struct faults *faults)
{
	struct purposes purposes = { .n = 0 };

	return purposes_read(y, policy_schema(policy), faults, &purposes);
}

static int pass_targets(struct yaml *y, struct faults *faults)
{
	struct targets targets = { .n = 0 };

	return targets_read(y, faults, &targets);
}

static int pass_law(struct yaml *y, struct faults *faults)
{
	struct law law = { .nanswers = 0 };

	return law_read(y, faults, &law);
}

static int pass_calendar(struct yaml *y, struct faults *faults)
{
	struct holidays holidays = { .nyears = 0 };

	return holidays_read(y, faults, &holidays);
}

static int pass_organisation(struct yaml *y, struct faults *faults)
{
	struct organisation organisation = { .language = 0 };

	return organisation_read(y, faults, &organisation);
}

static int read_law(struct span text, struct faults *faults)
{
	return read_file(text, faults, "law/x.yaml", pass_law);
}

static int read_calendar(struct span text, struct faults *faults)
{
	return read_file(text, faults, "law/calendar/x.yaml", pass_calendar);
}

static int read_organisation(struct span text, struct faults *faults)
{
	return read_file(text, faults, "organisation.yaml", pass_organisation);
}

static int read_schema(struct span text, struct faults *faults)
{
	return read_file(text, faults, "schema.yaml", pass_schema);
}

static int read_roles(struct span text, struct faults *faults)
{
	return read_file(text, faults, "roles.yaml", pass_roles);
}

static int read_purposes(struct span text, struct faults *faults)
{
	return read_file(text, faults, "purposes.yaml", pass_purposes);
}

static int read_targets(struct span text, struct faults *faults)
{
	return read_file(text, faults, "backup.yaml", pass_targets);
}

/* A map that was taken has a plan of whole lines, whatever its texts are. */
static int read_map(struct span text, struct faults *faults)
{
	struct map *m = NULL;
	int r = map_parse(text, "MAP.yaml", policy, faults, &m, NULL);

	if (r == 0) {
		struct buf plan = BUF_INIT;
		size_t nlines = 0;

		map_plan(m, &plan);
		for (size_t i = 0; i < plan.n; i++) {
			nlines += plan.p[i] == '\n';
		}
		for (size_t i = 0; i < m->nrecords; i++) {
			nlines -= 1 + m->records[i].nfields;
		}
		assert_int_equal(nlines, 6);
		buf_done(&plan);
	}
	map_free(m);
	return r;
}

/* Both outcomes must occur, or the damage would prove nothing. */
static void damage(const char *text, size_t n, const char *name, read_fn *read)
{
	struct outcome out = { 0, 0 };

	seed = UINT64_C(0x9e3779b97f4a7c15);
	damage_and_read(text, n, read, &out);
	print_message("%s: %zu taken, %zu refused\n", name, out.ntaken, out.nrefused);
	assert_true(out.ntaken > 0);
	assert_true(out.nrefused > 0);
}

static void damage_shipped(const char *name, read_fn *read)
{
	struct buf text = BUF_INIT;

	read_shipped(name, &text);
	damage(buf_cstr(&text), text.n, name, read);
	buf_done(&text);
}

static void a_damaged_schema_is_read_or_refused_with_a_reason(void **state)
{
	(void)state;
	damage_shipped("schema.yaml", read_schema);
}

static void damaged_roles_are_read_or_refused_with_a_reason(void **state)
{
	(void)state;
	damage_shipped("roles.yaml", read_roles);
}

static void damaged_purposes_are_read_or_refused_with_a_reason(void **state)
{
	(void)state;
	damage_shipped("purposes.yaml", read_purposes);
}

static void damaged_targets_are_read_or_refused_with_a_reason(void **state)
{
	static const char text[] = "vault_bound: 7d\n"
				   "targets:\n"
				   "  - {target: local, kind: directory, path: /var/backups}\n"
				   "  - target: usb\n"
				   "    kind: directory\n"
				   "    path: '/mnt/usb'\n";

	(void)state;
	damage(text, sizeof(text) - 1, "backup.yaml", read_targets);
}

static void a_damaged_law_is_read_or_refused_with_a_reason(void **state)
{
	(void)state;
	damage_shipped("law/pipl.yaml", read_law);
}

static void a_damaged_calendar_is_read_or_refused_with_a_reason(void **state)
{
	(void)state;
	damage_shipped("law/calendar/ie.yaml", read_calendar);
	damage_shipped("law/calendar/cn.yaml", read_calendar);
}

static void a_damaged_organisation_is_read_or_refused_with_a_reason(void **state)
{
	static const char text[] = "laws: [gdpr, pipl]\ncountry: de\ntime_zone: Europe/Berlin\n"
				   "controller: {name: Example GmbH, contact: privacy@example.com}\n";

	(void)state;
	damage(text, sizeof(text) - 1, "organisation.yaml", read_organisation);
}

static void a_damaged_map_is_read_or_refused_with_a_reason(void **state)
{
	static const char text[] =
		"source: shop\n"
		"charset: utf-8\n"
		"header: yes\n"
		"subject: {kind: person, key: CustomerId}\n"
		"records:\n"
		"  - collection: profile\n"
		"    fields: {given_name: FirstName, status: {value: customer}}\n"
		"  - collection: transaction\n"
		"    key: InvoiceId\n"
		"    skip_if_empty: \"Total\"\n"
		"    fields: {date: InvoiceDate, amount: {column: Total}}\n";

	(void)state;
	damage(text, sizeof(text) - 1, "MAP.yaml", read_map);
}

static int set_up(void **state)
{
	struct faults faults = FAULTS_INIT;

	(void)state;
	return policy_load(shipped, &faults, &policy, NULL);
}

static int tear_down(void **state)
{
	(void)state;
	policy_unref(policy);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_damaged_schema_is_read_or_refused_with_a_reason),
		cmocka_unit_test(damaged_roles_are_read_or_refused_with_a_reason),
		cmocka_unit_test(damaged_purposes_are_read_or_refused_with_a_reason),
		cmocka_unit_test(damaged_targets_are_read_or_refused_with_a_reason),
		cmocka_unit_test(a_damaged_law_is_read_or_refused_with_a_reason),
		cmocka_unit_test(a_damaged_calendar_is_read_or_refused_with_a_reason),
		cmocka_unit_test(a_damaged_organisation_is_read_or_refused_with_a_reason),
		cmocka_unit_test(a_damaged_map_is_read_or_refused_with_a_reason),
	};

	shipped = argc > 1 ? argv[1] : "policies";
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
