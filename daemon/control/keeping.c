#include "control/keeping.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/intl.h"
#include "control/approval.h"
#include "control/daemon.h"
#include "control/exchange.h"
#include "control/expiry.h"
#include "policy/access.h"
#include "policy/policy.h"

/* --- days ------------------------------------------------------------------------- */

static void format(struct duration d, char to[16])
{
	snprintf(to, 16, "%" PRId32 "%c", d.n, d.unit);
}

static int32_t last_day_by(const char *keep, const char *minimum, int32_t today)
{
	struct duration d;
	int32_t over = CIVIL_NO_DAY, at_least;

	if (duration_parse(keep, &d)) {
		over = retention_last_day_over(d, today);
	}
	if (duration_parse(minimum, &d)) {
		at_least = retention_last_day_over(d, today);
		over = at_least < over ? at_least : over;
	}
	return over;
}

static int32_t last_day_before(const struct kept *k, int32_t today)
{
	return k->has_before ? last_day_by(k->before.keep, k->before.minimum, today) : CIVIL_NO_DAY;
}

int32_t kept_last_day_of_file(const struct kept *k, int32_t today)
{
	int32_t over = retention_last_day_over(k->rule->keep, today), at_least;

	if (k->minimum) {
		at_least = retention_last_day_over(k->minimum->keep, today);
		over = at_least < over ? at_least : over;
	}
	return over;
}

/* People of whom numbers stay go together once a month: few at a time would be no groups. */
static bool goes_by_months(const struct kept *k)
{
	return kept_is_counted(k) && kept_is_moving(k);
}

static int32_t first_of_month(int32_t day)
{
	struct civil c = civil_of_day(day);

	c.day = 1;
	return civil_to_day(c);
}

int32_t kept_last_day(const struct kept *k, int32_t today)
{
	int32_t day = k->is_held ? last_day_before(k, today) : kept_last_day_of_file(k, today);

	return goes_by_months(k) && day != CIVIL_NO_DAY ? first_of_month(day + 1) - 1 : day;
}

int32_t kept_day_over(const struct kept *k, int32_t last_day)
{
	struct duration keep = k->rule->keep, minimum;
	bool has_minimum = k->minimum != NULL;
	int32_t over, at_least;

	if (goes_by_months(k)) {
		last_day = civil_add_months(first_of_month(last_day), 1, NULL) - 1;
	}
	if (k->is_held && (!k->has_before || !duration_parse(k->before.keep, &keep))) {
		return INT32_MAX;
	}
	if (k->is_held) {
		has_minimum = duration_parse(k->before.minimum, &minimum);
	} else if (has_minimum) {
		minimum = k->minimum->keep;
	}
	over = retention_day_over(keep, last_day);
	at_least = has_minimum ? retention_day_over(minimum, last_day) : over;
	return at_least > over ? at_least : over;
}

bool kept_is_moving(const struct kept *k)
{
	return k->collection->anchor == ANCHOR_ACTIVITY ||
		k->collection->anchor == ANCHOR_RELATIONSHIP;
}

int32_t kept_counts_from(const struct kept *k, const struct row_activity *at)
{
	return k->collection->anchor == ANCHOR_RELATIONSHIP ? at->ended_day : at->day;
}

bool kept_is_review(const struct kept *k)
{
	return k->is_held ? k->before.is_review : k->rule->then == RETENTION_REVIEW;
}

bool kept_is_counted(const struct kept *k)
{
	return k->rule->then == RETENTION_ANONYMISE && !kept_is_review(k);
}

/* What ended yesterday by its own rule. */
static void put_own_limits(const struct keeping *k, uint64_t backed_up, struct buf *to)
{
	for (size_t i = 0; i < k->schema->ncollections; i++) {
		struct expiry_limit limit = { .is_own = true, .last_day = k->today - 1,
			.backed_up = backed_up };

		snprintf(limit.collection, sizeof(limit.collection), "%s",
			k->schema->collections[i].key);
		buf_put(to, &limit, sizeof(limit));
	}
}

void keeping_limits(const struct keeping *k, bool is_review, uint64_t backed_up,
	struct buf *to)
{
	if (!is_review) {
		put_own_limits(k, backed_up, to);
	}
	for (size_t i = 0; i < k->n; i++) {
		struct expiry_limit limit = { .is_moving = kept_is_moving(&k->v[i]),
			.is_review = is_review, .is_counted = kept_is_counted(&k->v[i]),
			.last_day = kept_last_day(&k->v[i], k->today),
			.backed_up = backed_up };

		if (kept_is_review(&k->v[i]) != is_review || limit.last_day == CIVIL_NO_DAY) {
			continue;
		}
		snprintf(limit.collection, sizeof(limit.collection), "%s", k->v[i].rule->collection);
		snprintf(limit.class_key, sizeof(limit.class_key), "%s", k->v[i].rule->class_key);
		if (k->v[i].collection->anchor == ANCHOR_RELATIONSHIP) {
			snprintf(limit.ends_in, sizeof(limit.ends_in), "%s", k->ends_in);
		}
		buf_put(to, &limit, sizeof(limit));
	}
}

/* --- the rules in force ----------------------------------------------------------- */

struct look {
	struct store_op op;
	struct keeping *k;
	int64_t approval_ms;
};

static void row_of(const struct kept *k, struct row_expiry_rule *ret)
{
	*ret = (struct row_expiry_rule){ .is_review = k->rule->then == RETENTION_REVIEW };
	snprintf(ret->collection, sizeof(ret->collection), "%s", k->rule->collection);
	snprintf(ret->class_key, sizeof(ret->class_key), "%s", k->rule->class_key);
	format(k->rule->keep, ret->keep);
	if (k->minimum) {
		format(k->minimum->keep, ret->minimum);
	}
}

/* Does it end anything earlier, or without being looked at, than what is in force? */
static bool is_shorter(const struct kept *k, int32_t today)
{
	return !k->has_before || kept_last_day_of_file(k, today) > last_day_before(k, today) ||
		(k->before.is_review && k->rule->then != RETENTION_REVIEW);
}

static struct kept *find(const struct keeping *k, const char *collection, const char *class_key)
{
	for (size_t i = 0; i < k->n; i++) {
		if (strcmp(k->v[i].rule->collection, collection) == 0 &&
			strcmp(k->v[i].rule->class_key, class_key) == 0) {
			return &k->v[i];
		}
	}
	return NULL;
}

const struct retention_rule *keeping_rule(const struct keeping *k, const char *collection,
	const char *class_key)
{
	return find(k, collection, class_key)->rule;
}

/* Takes what was in force; that of a rule that is gone ends nothing any more. */
static int read_before(struct tx *tx, struct keeping *k, struct cu_err *err)
{
	struct row_expiry_rule row = { .collection = "" };
	int r;

	while ((r = tx_keeping_rule_next(tx, &row, &row, err)) > 0) {
		struct kept *it = find(k, row.collection, row.class_key);

		if (it) {
			it->has_before = true;
			it->before = row;
		} else {
			r = tx_keeping_rule_delete(tx, &row, err);
		}
		if (r < 0) {
			break;
		}
	}
	return r;
}

static int put_in_force(struct tx *tx, struct kept *k, struct cu_err *err)
{
	struct row_expiry_rule row;

	row_of(k, &row);
	k->is_held = false;
	if (k->has_before && k->before.is_review == row.is_review &&
		strcmp(k->before.keep, row.keep) == 0 &&
		strcmp(k->before.minimum, row.minimum) == 0) {
		return 0;
	}
	k->has_before = true;
	k->before = row;
	return tx_keeping_rule_put(tx, &row, err);
}

/* Exactly what is to be confirmed: each rule as it would be, and as it is. */
static void put_held(const struct keeping *k, struct buf *to)
{
	struct row_expiry_rule row;

	buf_put_str(to, "custos retention policy v1\n");
	for (size_t i = 0; i < k->n; i++) {
		const struct row_expiry_rule *before = &k->v[i].before;

		if (!k->v[i].is_held) {
			continue;
		}
		row_of(&k->v[i], &row);
		buf_putf(to, "%s %s %s %s %d", row.collection, row.class_key, row.keep, row.minimum,
			row.is_review);
		if (k->v[i].has_before) {
			buf_putf(to, " was %s %s %d", before->keep, before->minimum,
				before->is_review);
		}
		buf_put_str(to, "\n");
	}
}

static int ask_about_held(struct tx *tx, struct look *l, struct cu_err *err)
{
	struct leaf leaf = { .act = LEAF_RETENTION_POLICY, .has_digest = true };
	struct keeping *k = l->k;
	struct buf text = BUF_INIT;
	int r;

	put_held(k, &text);
	r = buf_check(&text, err);
	if (r == 0) {
		r = tx_keeping_ask(tx, KEEPING_KIND_RULES, buf_span(&text), l->approval_ms, &k->asked,
			err);
	}
	buf_done(&text);
	if (r <= 0) {
		return r;
	}
	memcpy(leaf.digest, k->asked.scope, sizeof(leaf.digest));
	leaf.by = k->asked.decider;
	leaf.count = k->nheld;
	r = tx_leaf(tx, &leaf, err);
	for (size_t i = 0; r == 0 && i < k->n; i++) {
		r = put_in_force(tx, &k->v[i], err);
	}
	k->nheld = 0;
	return r;
}

static int settle_rules(struct tx *tx, struct look *l, struct cu_err *err)
{
	struct keeping *k = l->k;
	int is_empty = tx_keeping_is_empty(tx, err);
	int r = is_empty < 0 ? is_empty : read_before(tx, k, err);

	for (size_t i = 0; r == 0 && i < k->n; i++) {
		k->v[i].is_held = !is_empty && is_shorter(&k->v[i], k->today);
		k->nheld += k->v[i].is_held;
		if (!k->v[i].is_held) {
			r = put_in_force(tx, &k->v[i], err);
		}
	}
	if (r == 0 && k->nheld > 0) {
		r = ask_about_held(tx, l, err);
	} else if (r == 0) {
		r = tx_keeping_drop(tx, KEEPING_KIND_RULES, err);
	}
	return r;
}

static int apply_look(struct tx *tx, struct store_op *op, struct cu_err *err)
{
	struct look *l = (struct look *)op;
	int r = tx_keeping_clock(tx, l->approval_ms, &l->k->clock, err);

	l->k->nheld = 0;
	l->k->today = civil_day_of_ms(l->k->clock.now_ms);
	return r < 0 ? r : settle_rules(tx, l, err);
}

void kept_name(const struct retention_rule *rule, char to[2 * ENGINE_KEY_SIZE])
{
	bool has_class = strcmp(rule->class_key, RETENTION_DEFAULT) != 0;

	snprintf(to, 2 * ENGINE_KEY_SIZE, "%s%s%s", rule->collection, has_class ? "/" : "",
		has_class ? rule->class_key : "");
}

/* --- look ------------------------------------------------------------------------- */

int keeping_look(struct daemon *d, struct keeping *ret, struct cu_err *err)
{
	const struct retention *rules = policy_retention(d->policy);
	struct keeping k = { .v = calloc(rules->nrules + 1, sizeof(*k.v)), .n = rules->nrules };
	struct look l = { .op = { .apply = apply_look, .kind = STORE_CHANGE }, .k = &k,
		.approval_ms = duration_seconds(policy_erasure(d->policy)->approval_expires) * 1000 };
	const struct collection *ends_in = schema_find_relationship(policy_schema(d->policy));
	int r;

	if (!k.v) {
		return cu_err_set(err, CU_ENOMEM, "out of memory");
	}
	k.schema = policy_schema(d->policy);
	k.ends_in = ends_in ? ends_in->key : "";
	for (size_t i = 0; i < k.n; i++) {
		k.v[i].rule = &rules->rules[i];
		k.v[i].collection = policy_find_collection(d->policy, rules->rules[i].collection);
		k.v[i].minimum = retention_minimum(rules, rules->rules[i].collection,
			rules->rules[i].class_key);
	}
	r = store_run(d->house.store, &l.op, err);
	if (r < 0) {
		keeping_done(&k);
		return r;
	}
	*ret = k;
	return 0;
}

void keeping_begin(struct daemon *d)
{
	struct keeping k;

	if (!store_is_restricted(d->house.store) && keeping_look(d, &k, NULL) == 0) {
		keeping_done(&k);
	}
}

void keeping_done(struct keeping *k)
{
	free(k->v);
	*k = (struct keeping){ 0 };
}

/* --- approvals -------------------------------------------------------------------- */

static int clock_scope(struct tx *tx, const struct id *object, struct buf *to, struct cu_err *err)
{
	(void)object;
	return tx_keeping_scope(tx, KEEPING_KIND_CLOCK, to, err);
}

static int rules_scope(struct tx *tx, const struct id *object, struct buf *to, struct cu_err *err)
{
	(void)object;
	return tx_keeping_scope(tx, KEEPING_KIND_RULES, to, err);
}

static int say_clock(struct exchange *x, const struct id *object, struct json *lines,
	struct cu_err *err)
{
	char known[CIVIL_TIME_SIZE], now[CIVIL_TIME_SIZE], text[300];
	struct keeping k;
	int r = keeping_look(x->daemon, &k, err);

	(void)object;
	if (r < 0) {
		return r;
	}
	civil_format_time(k.clock.known_ms, known);
	civil_format_time(k.clock.now_ms, now);
	snprintf(text, sizeof(text),
		_("The clock of this machine says %.16s UTC; it was last known to be right at %.16s UTC."),
		now, known);
	json_str(lines, NULL, text);
	json_str(lines, NULL,
		_("With the confirmation it is believed, and what is over by it ends, in backups too."));
	keeping_done(&k);
	return 0;
}

static void say_held(const struct kept *it, struct json *lines)
{
	struct row_expiry_rule row;
	char text[300], what[2 * ENGINE_KEY_SIZE];

	row_of(it, &row);
	kept_name(it->rule, what);
	if (it->has_before) {
		snprintf(text, sizeof(text), _("  %s: kept %s instead of %s"), what, row.keep,
			it->before.keep);
	} else {
		snprintf(text, sizeof(text), _("  %s: kept %s instead of for ever"), what, row.keep);
	}
	json_str(lines, NULL, text);
}

static int say_rules(struct exchange *x, const struct id *object, struct json *lines,
	struct cu_err *err)
{
	struct keeping k;
	int r = keeping_look(x->daemon, &k, err);

	(void)object;
	if (r < 0) {
		return r;
	}
	json_str(lines, NULL, _("retention.yaml keeps less than before:"));
	for (size_t i = 0; i < k.n; i++) {
		if (k.v[i].is_held) {
			say_held(&k.v[i], lines);
		}
	}
	json_str(lines, NULL,
		_("'retention plan' says what would go. No backup of any age gives it back."));
	keeping_done(&k);
	return 0;
}

const struct approval_kind keeping_approval_clock = { KEEPING_KIND_CLOCK, clock_scope,
	expiry_may_decide, say_clock, expiry_on_decided };
const struct approval_kind keeping_approval_rules = { KEEPING_KIND_RULES, rules_scope,
	expiry_may_decide, say_rules, expiry_on_decided };
