#include "control/receipt.h"

#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "control/concern.h"
#include "control/daemon.h"
#include "control/exchange.h"
#include "ledger/ledger.h"
#include "policy/policy.h"
#include "store/reader_alias.h"
#include "store/tx_consent.h"

/* --- its leaf --------------------------------------------------------------------- */

struct search {
	struct exchange *x;
	const struct row_consent *event;
	struct id subject; /* who said it: perhaps an id that was merged into the event's */
	char hex[ID_TEXT_SIZE];
	uint64_t index;
	struct buf line;
	uint8_t digest[32]; /* of the text that was shown */
	bool has_digest;
	bool is_found;
};

/* The same moment, person, purpose, channel and act: the row's number may have moved. */
static bool is_of(const struct leaf *leaf, const struct search *s)
{
	const struct row_consent *event = s->event;

	return (int)leaf->act == consent_act(event->state) && leaf->t_ms == event->at_ms &&
		id_eq(&leaf->sub, &s->subject) && strcmp(leaf->purpose, event->purpose) == 0 &&
		strcmp(leaf->collection, event->channel) == 0;
}

static int on_leaf(void *ctx, uint64_t index, struct span line, struct cu_err *err)
{
	struct search *s = ctx;
	struct leaf leaf = { 0 };
	uint64_t slots[1];

	if (exchange_is_cancelled(s->x)) {
		return cu_err_set(err, CU_ECANCELED, "cancelled");
	}
	if (!memmem(line.p, line.n, s->hex, strlen(s->hex)) ||
		leaf_parse(line, &leaf, slots, 1, NULL) < 0 || !is_of(&leaf, s)) {
		return 0; /* one with slots is of an erasure */
	}
	s->index = index;
	s->has_digest = leaf.has_digest;
	memcpy(s->digest, leaf.digest, sizeof(s->digest));
	buf_put_span(&s->line, line);
	s->is_found = buf_check(&s->line, err) == 0;
	return s->is_found ? 1 : CU_ENOMEM;
}

/* Where the row says. */
static int look_there(struct search *s, struct cu_err *err)
{
	struct ledger *l = s->x->daemon->house.ledger;
	struct buf line = BUF_INIT;
	int r = 0;

	if (s->event->leaf < ledger_size(l) && ledger_read(l, s->event->leaf, &line, err) == 0) {
		r = on_leaf(s, s->event->leaf, buf_span(&line), err);
	}
	buf_done(&line);
	return r;
}

/* Of each id that the subject has or had: where the row says, or from the newest on. */
static int look_for(struct search *s, struct span ids, struct cu_err *err)
{
	struct ledger *l = s->x->daemon->house.ledger;
	size_t n = ids.n / sizeof(struct id);
	int r = 0;

	for (size_t i = 0; r == 0 && i / 2 < n; i++) {
		memcpy(s->subject.b, ids.p + i % n * sizeof(struct id), sizeof(struct id));
		id_format(&s->subject, s->hex);
		r = i < n ? look_there(s, err) : ledger_each_back(l, on_leaf, s, err);
	}
	return r;
}

static int find_leaf(struct search *s, struct cu_err *err)
{
	struct store *store = s->x->daemon->house.store;
	struct reader *rd = store_reader_take(store);
	struct buf ids = BUF_INIT;
	int r = concern_ids(rd, &s->event->subject, &ids, err);

	store_reader_give(store, rd);
	if (r == 0) {
		r = look_for(s, buf_span(&ids), err);
	}
	buf_done(&ids);
	return r < 0 ? r : s->is_found ? 0 : cu_err_set(err, CU_ENOENT, "the log has no such event");
}

/* --- the object ------------------------------------------------------------------- */

static void put_time(struct json *j, const char *key, int64_t ms)
{
	char text[CIVIL_TIME_SIZE];

	civil_format_time(ms, text);
	json_str(j, key, text);
}

static void put_key(struct json *j, const char *name, const char *key)
{
	if (key[0]) {
		json_str(j, name, key);
	}
}

static void put_names(struct json *j, const char *name, const struct names *names)
{
	json_open_array(j, name);
	for (size_t i = 0; i < names->n; i++) {
		json_str(j, NULL, names->v[i]);
	}
	json_close_array(j);
}

static void put_controller(const struct organisation *o, struct json *j)
{
	if (!o->controller.node) {
		return;
	}
	json_open_object(j, "controller");
	json_str(j, "name", o->controller.name);
	if (o->controller.address) {
		json_str(j, "address", o->controller.address);
	}
	if (o->controller.contact) {
		json_str(j, "contact", o->controller.contact);
	}
	json_close_object(j);
}

/* The purpose as it is today: what it was when the person spoke, the notice's hash tells. */
static void put_purpose(const struct purpose *u, struct json *j)
{
	json_str(j, "purpose", u->key);
	json_str(j, "purpose_text", u->text);
	json_str(j, "data_use", u->use);
	json_str(j, "lawful_basis", purpose_basis_word((enum purpose_basis)u->basis));
	put_names(j, "personal_data", &u->data);
	if (u->sensitive) {
		json_str(j, "sensitive_category", u->sensitive);
	}
	put_names(j, "recipients", &u->recipients);
}

static void put_event(const struct search *s, struct json *j)
{
	const struct row_consent *ev = s->event;
	char day[CIVIL_DAY_SIZE], hex[65];

	json_uint(j, "event", ev->seq);
	json_str(j, "event_state", consent_state_word(ev->state));
	put_time(j, "event_time", ev->at_ms);
	if (ev->said_day != CIVIL_NO_DAY) {
		civil_format_day(ev->said_day, day);
		json_str(j, "said", day);
	}
	if (ev->expires_ms != 0) {
		put_time(j, "valid_until", ev->expires_ms);
	}
	put_key(j, "channel", ev->channel);
	if (ev->method != METHOD_NONE) {
		json_str(j, "collection_method", consent_method_word(ev->method));
	}
	put_key(j, "notice", ev->notice);
	put_key(j, "language", ev->language);
	if (s->has_digest) {
		text_hex(s->digest, sizeof(s->digest), hex);
		json_str(j, "notice_sha256", hex);
	}
}

static int put_leaf(const struct search *s, struct json *j, struct cu_err *err)
{
	struct buf proof = BUF_INIT;
	int r = ledger_prove(s->x->daemon->house.ledger, s->index, &proof, err);

	if (r == 0) {
		json_open_array(j, "leaves");
		json_open_object(j, NULL);
		json_uint(j, "index", s->index);
		json_buf(j, "leaf", &s->line);
		json_buf(j, "proof", &proof);
		json_close_object(j);
		json_close_array(j);
	}
	buf_done(&proof);
	return r;
}

static int put_object(const struct search *s, struct buf *out, struct cu_err *err)
{
	struct daemon *d = s->x->daemon;
	const struct purpose *u = policy_find_purpose(d->policy, s->event->purpose);
	struct id store = store_id(d->house.store), lineage = store_lineage(d->house.store);
	char key[NOTE_VERIFIER_SIZE];
	struct json j = json_to(out);
	int r;

	json_open_object(&j, NULL);
	json_int(&j, "custos_receipt", 1);
	json_str(&j, "kind", "consent");
	json_str(&j, "schema", "ISO/IEC TS 27560");
	json_hex(&j, "store", store.b, sizeof(store.b));
	json_hex(&j, "lineage", lineage.b, sizeof(lineage.b));
	put_time(&j, "issued", exchange_now_ms(s->x));
	json_hex(&j, "subject", s->subject.b, sizeof(s->subject.b));
	put_controller(policy_organisation(d->policy), &j);
	put_names(&j, "jurisdiction", &policy_organisation(d->policy)->laws);
	put_purpose(u, &j);
	put_event(s, &j);
	json_str(&j, "withdrawal",
		"At any time, as easily as it was given, at the controller; it does not affect what was "
		"done before.");
	json_open_object(&j, "log");
	json_str(&j, "origin", d->house.verifier.name);
	note_format_verifier(&d->house.verifier, key);
	json_str(&j, "key", key);
	json_close_object(&j);
	r = put_leaf(s, &j, err);
	json_close_object(&j);
	return r < 0 ? r : buf_check(out, err);
}

/* --- the note --------------------------------------------------------------------- */

int receipt_make(struct exchange *x, const struct row_consent *event, struct buf *out,
	struct cu_err *err)
{
	struct daemon *d = x->daemon;
	struct search s = { .x = x, .event = event, .line = BUF_INIT };
	struct buf object = BUF_INIT, text = BUF_INIT;
	int r = house_publish(&d->house, err); /* so that the leaf can be proven */

	if (r == 0) {
		r = find_leaf(&s, err);
	}
	if (r == 0) {
		r = put_object(&s, &object, err);
	}
	if (r == 0) {
		json_indent(buf_span(&object), &text);
		r = buf_check(&text, err);
	}
	if (r == 0) {
		r = note_sign(d->house.signer, buf_span(&text), out, err);
	}
	buf_done(&s.line);
	buf_done(&object);
	buf_done(&text);
	return r;
}
