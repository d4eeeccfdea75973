/*
 * leaf.h: one line of the log: who did what to what, for which purpose.
 *
 * "v=1 t=2026-11-21T22:09:04.123Z act=record.put by=<id> for=<purpose> sub=<id> ...": fields
 * in the order of this table, each of a type that cannot hold a name, an address or free
 * text.  docs/formats/log.md.  Pure.
 */
#ifndef CU_LEDGER_LEAF_H
#define CU_LEDGER_LEAF_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/span.h"

struct buf;
struct cu_err;

#define LEAF_MAX_SIZE 4096

/* X(id, word, meaning).  Append only. */
/* clang-format off */
#define LEAF_ACTS(X)                                                                    \
	X(STORE_INIT,     "store.init",     "a store was made")                         \
	X(STORE_RESTORE,  "store.restore",  "a store was restored from a backup")       \
	X(LOG_KEY,        "log.key",        "a new key signs the log")                  \
	X(SUBJECT_ADD,    "subject.add",    "a data subject was added")                 \
	X(SUBJECT_READ,   "subject.read",   "a person's data was read")                 \
	X(SUBJECT_SEARCH, "subject.search", "somebody was looked up")                   \
	X(SUBJECT_EXPORT, "subject.export", "data of many was exported")                \
	X(RECORD_PUT,     "record.put",     "records were written")                     \
	X(RECORD_DELETE,  "record.delete",  "records were deleted, their key lives on") \
	X(IMPORT_BEGIN,   "import.begin",   "an import began")                          \
	X(IMPORT_DONE,    "import.done",    "an import ended")                          \
	X(ERASE_BEGIN,    "erase.begin",    "an erasure began; the subject is denied")  \
	X(ERASE_SHRED,    "erase.shred",    "keys were shredded")                       \
	X(ERASE_DONE,     "erase.done",     "an erasure is complete on this host")      \
	X(BACKUP_DONE,    "backup.done",    "a manifest was signed")                    \
	X(DRILL_DONE,     "drill.done",     "a backup was tried, and it restores")      \
	X(DRILL_FAILED,   "drill.failed",   "a backup was tried, and it failed")        \
	X(REFUSED,        "refused",        "a call was refused")                       \
	X(GAP_ACCEPTED,   "log.gap",        "a gap in the log was accepted")                \
	X(APPROVAL_ASK,   "approval.ask",   "a second user was asked to confirm")           \
	X(APPROVAL_GRANT, "approval.grant", "a second user confirmed")                      \
	X(APPROVAL_DENY,  "approval.deny",  "it was not confirmed")                         \
	X(APPROVAL_USE,   "approval.use",   "what was confirmed is done")                   \
	X(APPROVAL_EXPIRE, "approval.expire", "an approval is void: too late, or not needed") \
	X(BACKUP_PRUNE,   "backup.prune",   "old copies of the keys are deleted at a target") \
	X(IMPORT_STOP,    "import.stop",    "an import ended before its file did")          \
	X(STORE_SEAL,     "store.seal",     "the store was closed and its keys wiped")      \
	X(STORE_UNSEAL,   "store.unseal",   "the store was opened by somebody")             \
	X(KEY_ADD,        "key.add",        "a source of the root key was added")           \
	X(KEY_REMOVE,     "key.remove",     "a source of the root key was taken away")      \
	X(KEY_ROTATE,     "key.rotate",     "the root key or the epoch key was replaced")       \
	X(ERASE_CANCEL,   "erase.cancel",   "an erasure was cancelled; nothing was lost")   \
	X(ERASE_EXECUTE,  "erase.execute",  "an erasure can no longer be cancelled")        \
	X(ERASE_REKEY,    "erase.rekey",    "what remains of a collection has a fresh key") \
	X(LOG_QUERY,      "log.query",      "it was looked up who did what") \
	X(RESIDUE_NONE,   "residue.none",   "the raw files hold nothing of the erased")     \
	X(RESIDUE_WIPED,  "residue.wiped",  "pages that held something unused were wiped")  \
	X(RESIDUE_FOUND,  "residue.found",  "the raw files hold traces of the erased")       \
	X(ERASE_VERIFY,   "erase.verify",   "erased data was looked for at the targets")    \
	X(REQUEST_OPEN,   "request.open",   "a data subject's request was received")        \
	X(REQUEST_MOVE,   "request.move",   "a request has another state: the reason")      \
	X(REQUEST_NOTE,   "request.note",   "something was recorded about a request")       \
	X(REQUEST_READ,   "request.read",   "the papers of a request were read")             \
	X(REQUEST_CLOSE,  "request.close",  "a request has its last state: the reason")         \
	X(REQUEST_END,    "request.end",    "a request whose time is over was forgotten")                 \
	X(SUBJECT_DOSSIER, "subject.dossier", "a person's data was handed out as a dossier") \
	X(RETENTION_RUN,  "retention.run",  "what is over ends; it cannot be stopped any more") \
	X(RETENTION_DONE, "retention.done", "the rows of what ended are deleted")           \
	X(RETENTION_POLICY, "retention.policy", "a shorter keep was confirmed")             \
	X(RETENTION_CLOCK, "retention.clock", "a clock that had jumped was confirmed")      \
	X(HOLD_PLACE,     "hold.place",     "data is kept in spite of erasures and expiry") \
	X(HOLD_RELEASE,   "hold.release",   "it is not kept any more")                      \
	X(HOLD_BLOCK,     "hold.block",     "a hold stopped a deletion: which")             \
	X(HOLD_RESEAL,    "hold.reseal",    "held records of an old cohort have a key of their own") \
	X(HOLD_READ,      "hold.read",      "the reason of a hold was read") \
	X(CONSENT_REQUEST, "consent.request", "somebody was asked for a consent")           \
	X(CONSENT_GIVE,   "consent.give",   "a consent was given")                          \
	X(CONSENT_REFUSE, "consent.refuse", "a consent was refused")                        \
	X(CONSENT_WITHDRAW, "consent.withdraw", "a consent was withdrawn")                  \
	X(CONSENT_INVALIDATE, "consent.invalidate", "a consent was found to be void")       \
	X(CONSENT_RENEW,  "consent.renew",  "a live consent was given again")               \
	X(CONSENT_OBJECT, "consent.object", "somebody objected to a purpose")               \
	X(CONSENT_UNOBJECT, "consent.unobject", "an objection was taken back or overruled") \
	X(CONSENT_CHECK,  "consent.check",  "it was asked whether data may be used")        \
	X(CONSENT_READ,   "consent.read",   "it was read what somebody had consented to")   \
	X(SUBJECT_RESTRICT, "subject.restrict", "a person's data is only stored from now on") \
	X(SUBJECT_UNRESTRICT, "subject.unrestrict", "a person's data is used again") \
	X(INCIDENT_OPEN,  "incident.open",  "an incident was noticed")                      \
	X(INCIDENT_NOTE,  "incident.note",  "something was recorded about an incident")     \
	X(INCIDENT_SCOPE, "incident.scope", "it was computed whom an incident is about")    \
	X(INCIDENT_TELL,  "incident.tell",  "an authority or people were told of an incident") \
	X(INCIDENT_CLOSE, "incident.close", "nothing is left to be done about an incident") \
	X(INCIDENT_READ,  "incident.read",  "the texts of an incident were read")           \
	X(RETENTION_COUNT, "retention.count", "numbers of what ended stay, without anybody") \
	X(RECORD_READ,    "record.read",    "records were read, each by its own rule")      \
	X(RECORD_RULE,    "record.rule",    "records have another rule of their own") \
	X(HOLD_END,       "hold.end",       "a released hold whose time is over was forgotten") \
	X(INCIDENT_END,   "incident.end",   "a closed incident whose time is over was forgotten") \
	X(MESSAGE_MAKE,   "message.make",   "a message was made that custos-agent is to send") \
	X(MESSAGE_TAKE,   "message.take",   "the text to a person was handed to custos-agent") \
	X(MESSAGE_SENT,   "message.sent",   "a message was taken by the other side")        \
	X(MESSAGE_GIVE_UP, "message.give-up", "a message could not be sent")                \
	X(MESSAGE_RETRY,  "message.retry",  "a message is tried again")                     \
	X(MESSAGE_DROP,   "message.drop",   "a message is never sent")           \
	X(SUBJECT_MERGE,  "subject.merge",  "an id became another one of a data subject's") \
	X(DUTY_DONE,      "duty.done",      "somebody said that a duty was done, and how") \
	X(DUTY_READ,      "duty.read",      "what was shown for a duty was read") \
	X(DUTY_END,       "duty.end",       "evidence of a duty whose time is over was forgotten") \
	X(STORE_ADOPT,    "store.adopt",    "a restored store is the one that goes on") \
	X(REQUEST_ASSIGN, "request.assign", "it was said whose work a request is: somebody's, or nobody's") \
	X(REQUEST_SEND,   "request.send",   "a letter or a notice of a request was given to custos-agent: which")
/* clang-format on */

enum leaf_act {
#define X(id, word, meaning) LEAF_##id,
	LEAF_ACTS(X)
#undef X
	LEAF_NACTS_
};

#define LEAF_KEY_SIZE 64 /* a policy key with its NUL: [a-z0-9_.-]+ */

/* A value left at zero is absent and not written (but t_ms); slots only with nslots > 0. */
struct leaf {
	enum leaf_act act;
	int64_t t_ms;
	struct id by;                   /* operator; nil: the daemon itself */
	char purpose[LEAF_KEY_SIZE];    /* "for" */
	struct id sub;                  /* data subject */
	struct id obj;                  /* record, job, erasure, backup, request */
	struct id rec;                  /* record, where obj is the erasure of it */
	char collection[LEAF_KEY_SIZE]; /* "in" */
	char why[LEAF_KEY_SIZE];        /* a policy key or an error's wire name */
	uint64_t count;                 /* "n" */
	uint64_t generation;            /* "gen": of the vault */
	uint8_t digest[32];             /* "dig": of ids, of a manifest */
	bool has_digest;
	const uint64_t *slots; /* borrowed, ascending; written as ranges "8-15,24" */
	size_t nslots;
};

/* Appends the line, without a newline.  CU_ELIMIT over LEAF_MAX_SIZE (split the slots),
 * CU_EINVAL for a key with other characters, slots that do not ascend, or a year that has not
 * four digits.  On failure out is as it was. */
int leaf_format(const struct leaf *l, struct buf *out, struct cu_err *err);

/* Back again, strictly: only what leaf_format writes (CU_ECORRUPT).  Slots are put into
 * slots_to (cap of them; CU_ELIMIT) and borrowed by ret. */
int leaf_parse(struct span text, struct leaf *ret, uint64_t *slots_to, size_t cap,
	struct cu_err *err);

const char *leaf_act_word(enum leaf_act act);
const char *leaf_act_meaning(enum leaf_act act); /* N_(): translate when shown */

#endif
