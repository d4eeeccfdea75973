/*
 * documents.h: a certificate of an erasure and a receipt of a consent, as they should be, of logs by
 * the real ledger; to be changed, and then signed by help_sign.
 */
#ifndef CU_TESTS_VERIFY_DOCUMENTS_H
#define CU_TESTS_VERIFY_DOCUMENTS_H
#include "verify_help.h"

#define NOTICE_SHA256 "0101010101010101010101010101010101010101010101010101010101010101"

/* Begin, two shreds, done, among reads of others. */
static inline struct ledger *help_log_with_erasure(const char *dir, const struct signer *signer)
{
	static const uint64_t first[] = { 8, 9, 10, 11, 12, 13, 14, 15 },
			      second[] = { 4096 };
	struct ledger *l = help_new_log(dir, signer);
	struct leaf leaf;

	help_grow(l, 270);
	leaf = help_erasure(LEAF_ERASE_BEGIN, 270, 0);
	help_append(l, &leaf);
	help_grow(l, 280);
	leaf = help_erasure(LEAF_ERASE_SHRED, 280, 6);
	leaf.slots = first;
	leaf.nslots = 8;
	help_append(l, &leaf);
	leaf = help_erasure(LEAF_ERASE_SHRED, 281, 7);
	leaf.slots = second;
	leaf.nslots = 1;
	help_append(l, &leaf);
	leaf = help_erasure(LEAF_ERASE_DONE, 282, 7);
	help_append(l, &leaf);
	help_grow(l, 300);
	return l;
}

static inline json_t *help_certificate(struct ledger *l, const char *key_text)
{
	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[], s:s, s:i, "
			 "s:i, s:{s:s, s:s},"
			 " s:[o, o, o, o], s:{s:s, s:[{s:s, s:s}]},"
			 " s:{s:s, s:s, s:[{s:s, s:s, s:i, s:i, s:s}, {s:s, s:s, s:i, "
			 "s:i}]}, s:s}",
		"custos_certificate", 1, "kind", "erasure", "store",
		"0123456789abcdef0123456789abcdef", "lineage", LINEAGE, "issued",
		"2026-12-25T10:00:00.000Z", "erasure", ERASURE, "subject", SUBJECT,
		"scope", "subject", "collections", "purpose", "customer_service",
		"generation", 7, "slots", 9, "log", "origin", ORIGIN, "key", key_text,
		"leaves", help_claim(l, 270), help_claim(l, 280), help_claim(l, 281), help_claim(l, 282),
		"guarantee", "class", "weaker", "reasons", "key", "key-file", "text",
		"the root key lies in a file", "last_copy", "state", "by", "date",
		"2027-01-05T00:00:00.000Z", "targets", "target", "safe", "state", "by",
		"confirmed_generation", 7, "older_objects", 2, "date",
		"2027-01-05T00:00:00.000Z", "target", "attic", "state", "gone",
		"confirmed_generation", 7, "older_objects", 0, "statement",
		"The keys of this person were overwritten \u2013 on this host.");
}

static inline struct ledger *help_log_with_consent(const char *dir, const struct signer *signer)
{
	struct ledger *l = help_new_log(dir, signer);
	struct leaf leaf = help_leaf(12);

	help_grow(l, 12);
	leaf.act = LEAF_CONSENT_GIVE;
	if (!id_parse(SUBJECT, &leaf.sub)) {
		abort();
	}
	strcpy(leaf.purpose, "survey");
	strcpy(leaf.collection, "phone");
	strcpy(leaf.why, "2");
	leaf.count = 1827136812; /* 2027-11-25T10:00:12Z */
	leaf.has_digest = true;
	memset(leaf.digest, 1, sizeof(leaf.digest));
	help_append(l, &leaf);
	help_grow(l, 40);
	return l;
}

static inline json_t *help_receipt(struct ledger *l, const char *key_text)
{
	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s,"
			 " s:{s:s, s:s}, s:[o]}",
		"custos_receipt", 1, "kind", "consent", "store",
		"0123456789abcdef0123456789abcdef", "lineage", LINEAGE, "issued",
		"2026-12-25T10:00:00.000Z", "subject", SUBJECT, "purpose", "survey",
		"event_state", "given", "event_time", "2026-11-25T09:46:52.000Z", "channel",
		"phone", "notice", "2", "notice_sha256", NOTICE_SHA256, "valid_until",
		"2027-11-25T10:00:12.345Z", "log", "origin", ORIGIN, "key", key_text, "leaves",
		help_claim(l, 12));
}

#endif
