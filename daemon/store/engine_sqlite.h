/*
 * engine_sqlite.h: what the files of the SQLite engine share: its statements.
 *
 * Each statement is written once, here, prepared at its first use and kept.
 */
#ifndef CU_STORE_ENGINE_SQLITE_H
#define CU_STORE_ENGINE_SQLITE_H
#include <sqlite3.h>

#include "base/path.h"
#include "store/engine.h"

/* X(id, database, SQL) */
/* clang-format off */
#define RECORD_COLUMNS "id, subject, collection, slot, cohort_slot, version, anchor_day, level," \
	" created_ms, updated_ms, seq, sealed, record_rule.rule, record_rule.expires_ms"
#define RECORD_AND_RULE "record LEFT JOIN record_rule ON record_rule.record = record.id"
/* Of a record that the row names; those that are not over at ?n. */
#define IS_LEFT(n) "(expires_ms = 0 OR expires_ms > " n ")"
#define HOLD_COLUMNS "id, subject, kase, scope, record, state, review_day, placed_ms,"          \
	" released_ms, placer, (SELECT count(*) FROM hold_block WHERE hold_block.hold = hold.id)"
/* The day on which the relationship ended; NULL as long as it goes on. */
#define ENDED_OF(subject, collection) "(SELECT CASE WHEN count(*) = count(anchor_day) THEN"     \
	" max(anchor_day) END FROM record AS e WHERE e.subject = " subject                      \
	" AND e.collection = " collection ")"
/* The day on which a subject was last heard of; before year 1 when nothing tells. */
#define ACTIVITY_OF(subject) "max(coalesce((SELECT max(max(updated_ms / 86400000,"              \
	" coalesce(anchor_day, updated_ms / 86400000))) FROM record WHERE record.subject = "    \
	subject " AND collection NOT GLOB 'custos.*'), -800000), coalesce((SELECT day"          \
	" FROM activity WHERE activity.subject = " subject "), -800000))"
/* Records of others that name a subject, but of those who are being erased. */
#define MENTIONS_OF(subject_) "cosubject AS m CROSS JOIN record AS r ON r.id = m.record"        \
	" CROSS JOIN subject AS s ON s.id = r.subject"                                          \
	" WHERE m.subject = " subject_ " AND r.subject <> m.subject AND s.state = 1"
#define ENGINE_STATEMENTS(X)                                                                    \
	X(BEGIN,          data,  "BEGIN IMMEDIATE")                                             \
	X(READ,           data,  "BEGIN DEFERRED")                                              \
	X(INDEX_READ,     index, "BEGIN DEFERRED")                                              \
	X(COMMIT,         data,  "COMMIT")                                                      \
	X(ROLLBACK,       data,  "ROLLBACK")                                                    \
	X(STEP,           data,  "SAVEPOINT step")                                              \
	X(STEP_KEEP,      data,  "RELEASE step")                                                \
	X(STEP_UNDO,      data,  "ROLLBACK TO step")                                            \
	X(INDEX_BEGIN,    index, "BEGIN IMMEDIATE")                                             \
	X(INDEX_COMMIT,   index, "COMMIT")                                                      \
	X(INDEX_ROLLBACK, index, "ROLLBACK")                                                    \
	X(INDEX_STEP,     index, "SAVEPOINT step")                                              \
	X(INDEX_STEP_KEEP, index, "RELEASE step")                                               \
	X(INDEX_STEP_UNDO, index, "ROLLBACK TO step")                                           \
	X(META_GET,       data,  "SELECT value FROM meta WHERE key = ?1")                       \
	X(META_PUT,       data,  "INSERT OR REPLACE INTO meta VALUES (?1, ?2)")                 \
	X(COUNT,          data,  "SELECT (SELECT count(*) FROM subject WHERE kind <> 3),"       \
		" count(*), coalesce(sum(length(sealed)), 0) FROM record"                       \
		" WHERE collection NOT GLOB 'custos.*'")                                        \
	X(COUNT_ROWS,     data,  "SELECT (SELECT count(*) FROM subject WHERE kind <> 3),"       \
		" count(*) FROM record WHERE collection NOT GLOB 'custos.*'")                   \
	X(SUBJECT_PUT,    data,  "INSERT OR REPLACE INTO subject VALUES (?1,?2,?3,?4,?5,?6,?7,?8)") \
	X(SUBJECT_GET,    data,  "SELECT * FROM subject WHERE id = ?1")                         \
	X(SUBJECT_CLOSE_RUNS, data, "UPDATE subject SET run_used = run_used + ?1 WHERE run_used < ?2") \
	X(SUBJECT_NEXT,   data,  "SELECT * FROM subject WHERE id > ?1 ORDER BY id LIMIT 1")     \
	X(SUBJECT_DEL,    data,  "DELETE FROM subject WHERE id = ?1")                           \
	X(SUBJECT_DEL_RECORDS, data, "DELETE FROM record WHERE subject = ?1")                   \
	X(SUBJECT_DEL_SLOTS, data, "DELETE FROM slot WHERE subject = ?1")                       \
	X(SUBJECT_DEL_CO, data,  "DELETE FROM cosubject WHERE subject = ?1 OR record IN"        \
		" (SELECT id FROM record WHERE subject = ?1)")                                  \
	X(SLOT_PUT,       data,  "INSERT INTO slot VALUES (?1, ?2, ?3)")                        \
	X(SLOT_GET,       data,  "SELECT slot FROM slot WHERE subject = ?1 AND collection = ?2") \
	X(SLOT_NEXT,      data,  "SELECT collection, slot FROM slot WHERE subject = ?1"         \
		" AND collection > ?2 ORDER BY collection LIMIT 1")                             \
	X(SLOT_DEL,       data,  "DELETE FROM slot WHERE subject = ?1 AND collection = ?2")     \
	X(SLOTS_OF,       data,  "SELECT slot FROM slot WHERE subject = ?1 ORDER BY slot")      \
	X(RECORD_PUT,     data,  "INSERT OR REPLACE INTO record VALUES"                         \
		" (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)")                                    \
	X(RECORD_GET,     data,  "SELECT " RECORD_COLUMNS " FROM " RECORD_AND_RULE " WHERE id = ?1")         \
	X(RECORD_RESEAL,  data,  "UPDATE record SET slot = ?2, sealed = ?3 WHERE id = ?1")      \
	X(RECORD_DEL,     data,  "DELETE FROM record WHERE id = ?1")                            \
	X(RECORD_NEXT,    data,  "SELECT " RECORD_COLUMNS " FROM " RECORD_AND_RULE " WHERE subject = ?1"     \
		" AND (collection, id) > (?2, ?3) ORDER BY collection, id LIMIT 1")             \
	X(RECORD_NEXT_IN, data,  "SELECT " RECORD_COLUMNS " FROM " RECORD_AND_RULE " WHERE subject = ?1"     \
		" AND collection = ?2 AND id > ?3 ORDER BY id LIMIT 1")                         \
	X(RECORD_CHANGED, data,  "SELECT " RECORD_COLUMNS " FROM " RECORD_AND_RULE " WHERE (seq, id) > (?1, ?2)" \
		" ORDER BY seq, id LIMIT 1")                                                    \
	X(RULE_GET,       data,  "SELECT text FROM rule WHERE number = ?1")                     \
	X(RULE_PUT,       data,  "INSERT INTO rule VALUES (?1, ?2)")                            \
	X(RULE_KEY_PUT,   data,  "INSERT OR IGNORE INTO rule_key VALUES (?1, ?2, ?3)")          \
	X(RULE_PRUNE,     data,  "DELETE FROM rule WHERE NOT EXISTS (SELECT 1 FROM record_rule" \
		" WHERE record_rule.rule = rule.number)")                                       \
	X(RULE_KEY_PRUNE, data,  "DELETE FROM rule_key WHERE rule NOT IN (SELECT number FROM rule)") \
	X(RECORD_RULE_PUT, data, "INSERT OR REPLACE INTO record_rule VALUES (?1, ?2, ?3)")      \
	X(RECORD_RULE_DEL, data, "DELETE FROM record_rule WHERE record = ?1")                   \
	X(SUBJECT_DEL_RULES, data, "DELETE FROM record_rule WHERE record IN"                    \
		" (SELECT id FROM record WHERE subject = ?1)")                                  \
	X(RECORDS_RULED,  data,  "SELECT record FROM rule_key CROSS JOIN record_rule"           \
		" WHERE kind = ?1 AND key = ?2 AND record_rule.rule = rule_key.rule")           \
	X(RECORDS_RULED_IN, data, "SELECT record FROM rule_key CROSS JOIN record_rule"          \
		" CROSS JOIN record AS r WHERE kind = ?1 AND key = ?2"                          \
		" AND record_rule.rule = rule_key.rule AND r.id = record AND r.collection = ?3") \
	X(RECORDS_OF,     data,  "SELECT id FROM record WHERE subject = ?1"                     \
		" AND (?2 IS NULL OR collection = ?2) AND collection NOT GLOB 'custos.*'")      \
	X(RECORDS_IN,     data,  "SELECT id FROM record INDEXED BY record_of WHERE collection = ?2 ORDER BY subject, id") \
	X(COUNT_RULED,    data,  "SELECT count(*) FROM rule_key CROSS JOIN record_rule"         \
		" WHERE kind = ?1 AND key = ?2 AND record_rule.rule = rule_key.rule"            \
		" AND " IS_LEFT("?4") " AND (?3 IS NULL OR (SELECT collection FROM record"      \
		" WHERE id = record_rule.record) = ?3)")                                        \
	X(COUNT_OF,       data,  "SELECT count(*) FROM " RECORD_AND_RULE " WHERE subject = ?1"  \
		" AND (?2 IS NULL OR collection = ?2) AND collection NOT GLOB 'custos.*'"       \
		" AND coalesce(" IS_LEFT("?3") ", 1)")                                          \
	X(COUNT_IN,       data,  "SELECT (SELECT count(*) FROM record INDEXED BY record_of"     \
		" WHERE collection = ?2) - (SELECT count(*) FROM record_rule CROSS JOIN record" \
		" WHERE expires_ms > 0 AND expires_ms <= ?3 AND id = record_rule.record"        \
		" AND collection = ?2)")                                                        \
	X(RECORD_OVER,    data,  "SELECT expires_ms, record FROM record_rule"                   \
		" WHERE expires_ms > 0 AND expires_ms <= ?1 AND (expires_ms, record) > (?2, ?3)" \
		" ORDER BY expires_ms, record LIMIT 1")                                         \
	X(CO_PUT,         data,  "INSERT OR IGNORE INTO cosubject VALUES (?1, ?2)")             \
	X(CO_DEL,         data,  "DELETE FROM cosubject WHERE record = ?1")                     \
	X(MENTION_NEXT,   data,  "SELECT m.record FROM " MENTIONS_OF("?1")                      \
		" AND m.record > ?2 ORDER BY m.record LIMIT 1")                                 \
	X(MENTION_COUNT,  data,  "SELECT r.collection, count(*) FROM " MENTIONS_OF("?1")        \
		" AND r.collection > ?2 GROUP BY r.collection ORDER BY r.collection LIMIT 1")   \
	X(COHORT_GET,     data,  "SELECT slot FROM cohort"                                      \
		" WHERE collection = ?1 AND class = ?2 AND period = ?3")                        \
	X(COHORT_PUT,     data,  "INSERT INTO cohort VALUES (?1, ?2, ?3, ?4)")                  \
	X(COHORTS_BEFORE, data,  "SELECT slot FROM cohort"                                      \
		" WHERE collection = ?1 AND class = ?2 AND period < ?3 ORDER BY slot")          \
	X(COHORTS_DEL,    data,  "DELETE FROM cohort"                                           \
		" WHERE collection = ?1 AND class = ?2 AND period < ?3")                        \
	X(OUTBOX_PUT,     data,  "INSERT INTO outbox VALUES (?1, ?2)")                          \
	X(OUTBOX_NEXT,    data,  "SELECT seq, leaf FROM outbox WHERE seq > ?1 ORDER BY seq LIMIT 1") \
	X(OUTBOX_DROP,    data,  "DELETE FROM outbox WHERE seq <= ?1")                          \
	X(REQUEST_GET,    data,  "SELECT reply FROM request WHERE id = ?1")                     \
	X(REQUEST_PUT,    data,  "INSERT INTO request VALUES (?1, ?2, ?3)")                     \
	X(REQUEST_PRUNE,  data,  "DELETE FROM request WHERE at_ms < ?1")                        \
	X(ERASURE_PUT,    data,  "INSERT OR REPLACE INTO erasure VALUES"                        \
		" (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19)")        \
	X(ERASURE_GET,    data,  "SELECT * FROM erasure WHERE id = ?1")                         \
	X(ERASURE_OF,     data,  "SELECT * FROM erasure WHERE subject = ?1 AND state < 5")      \
	X(ERASURE_NEXT,   data,  "SELECT * FROM erasure WHERE (begun_ms, id) > (?1, ?2)"        \
		" ORDER BY begun_ms, id LIMIT 1")                                               \
	X(ERASURE_FIRST,  data,  "SELECT min(done_ms) FROM erasure WHERE state = 5")            \
	X(ERASURE_NEXT_OPEN, data, "SELECT * FROM erasure WHERE state < 5"                      \
		" AND (due_ms, id) > (?1, ?2) ORDER BY due_ms, id LIMIT 1")                     \
	X(ERASURE_SPENT,  data,  "SELECT coalesce(sum(slots), 0), coalesce(sum(cohorts), 0)"    \
		" FROM (SELECT slots, cohorts FROM erasure WHERE shredded_ms >= ?1 UNION ALL"   \
		" SELECT slots, cohorts FROM expiry WHERE went_ms >= ?1)")                      \
	X(ERASURE_HIDES,  data,  "SELECT 1 FROM erasure AS e WHERE subject = ?1 AND state < 5"  \
		" AND (scope = 3 AND record = ?3 OR scope = 2 AND EXISTS (SELECT 1 FROM"        \
		" erasure_part AS p WHERE p.erasure = e.id AND p.collection = ?2))")            \
	X(PART_PUT,       data,  "INSERT OR IGNORE INTO erasure_part VALUES (?1, ?2)")          \
	X(PART_NEXT,      data,  "SELECT collection FROM erasure_part"                          \
		" WHERE erasure = ?1 AND collection > ?2 ORDER BY collection LIMIT 1")          \
	X(ERASURE_SLOT_PUT, data, "INSERT OR IGNORE INTO erasure_slot VALUES (?1, ?2, ?3)")     \
	X(ERASURE_SLOTS,  data,  "SELECT slot FROM erasure_slot WHERE erasure = ?1"             \
		" AND (?2 IS NULL OR collection = ?2) ORDER BY slot")                           \
	X(ERASURE_SLOTS_DROP, data, "DELETE FROM erasure_slot WHERE erasure = ?1")              \
	X(EXPIRY_PUT,     data,  "INSERT OR REPLACE INTO expiry VALUES"                         \
		" (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)")                            \
	X(EXPIRY_GET,     data,  "SELECT * FROM expiry WHERE id = ?1")                          \
	X(EXPIRY_DEL,     data,  "DELETE FROM expiry WHERE id = ?1")                            \
	X(EXPIRY_LAST,    data,  "SELECT * FROM expiry WHERE is_review = ?1"                    \
		" ORDER BY state < 5 DESC, begun_ms DESC, id DESC LIMIT 1")                                     \
	X(EXPIRY_NEXT,    data,  "SELECT * FROM expiry WHERE (begun_ms, id) < (?1, ?2)"         \
		" ORDER BY begun_ms DESC, id DESC LIMIT 1")                                     \
	X(EXPIRY_ITEM_PUT, data, "INSERT OR IGNORE INTO expiry_item VALUES (?1,?2,0,?3,?4,?5,?6,?7)") \
	X(EXPIRY_ITEM_NEXT, data, "SELECT slot, kind, collection, period, subject, class"       \
		" FROM expiry_item WHERE run = ?1 AND is_shredded = ?2 AND slot > ?3"           \
		" ORDER BY slot LIMIT 1")                                                       \
	X(EXPIRY_ITEM_SHREDDED, data, "UPDATE expiry_item SET is_shredded = 1 WHERE slot = ?1") \
	X(EXPIRY_ITEM_DEL, data, "DELETE FROM expiry_item WHERE slot = ?1")                     \
	X(EXPIRY_ITEMS_DROP, data, "DELETE FROM expiry_item WHERE run = ?1")                    \
	X(EXPIRY_RULE_PUT, data, "INSERT OR REPLACE INTO expiry_rule VALUES (?1,?5,?2,?3,?4)")     \
	X(EXPIRY_RULE_NEXT, data, "SELECT collection, keep, minimum, is_review, class"            \
		" FROM expiry_rule WHERE (collection, class) > (?1, ?2)" \
		" ORDER BY collection, class LIMIT 1")                                          \
	X(EXPIRY_RULE_DEL, data, "DELETE FROM expiry_rule WHERE collection = ?1 AND class = ?2")               \
	X(COHORT_NEXT,    data,  "SELECT period, slot FROM cohort WHERE collection = ?1"        \
		" AND class = ?3 AND period > ?2 ORDER BY period LIMIT 1")                      \
	X(CLASS_OF,       data,  "SELECT class FROM cohort WHERE slot = ?1 UNION ALL"           \
		" SELECT class FROM hold_slot WHERE slot = ?1 LIMIT 1")                         \
	X(CLASS_NEXT,     data,  "SELECT class FROM cohort WHERE collection = ?1 AND class > ?2" \
		" ORDER BY class LIMIT 1")                                                      \
	X(COHORT_COUNT,   data,  "SELECT count(*) FROM record WHERE cohort_slot = ?1")          \
	X(COHORT_SLOT_NEXT, data, "SELECT slot FROM cohort WHERE slot > ?1 ORDER BY slot LIMIT 1") \
	X(COHORT_DEL,     data,  "DELETE FROM cohort WHERE slot = ?1")                          \
	X(TALLY_PUT,      data,  "INSERT OR REPLACE INTO tally VALUES (?1,?2,?3,?4,?5,?6)")     \
	X(TALLY_GET,      data,  "SELECT * FROM tally WHERE run = ?1")                          \
	X(TALLY_DEL,      data,  "DELETE FROM tally WHERE run = ?1")                            \
	X(AGGREGATE_PUT,  data,  "INSERT INTO aggregate VALUES (?2,?3,?1,?4,?5)")               \
	X(AGGREGATES_DROP, data, "DELETE FROM aggregate WHERE tally = ?1")                      \
	X(AGGREGATE_NEXT, data,  "SELECT tally, collection, grouped, records, sums"              \
		" FROM aggregate WHERE"                                                         \
		" (collection, grouped, tally) > (?1, ?2, ?3)"                                  \
		" AND NOT EXISTS (SELECT 1 FROM tally WHERE tally.tally = aggregate.tally)"     \
		" ORDER BY collection, grouped, tally LIMIT 1")                                 \
	X(OWNED_COUNT,    data,  "SELECT count(*) FROM record WHERE slot = ?1"                  \
		" AND subject = ?3 AND collection = ?4")                                        \
	X(OWNED_CHANGED,  data,  "SELECT 1 FROM record WHERE slot = ?1 AND subject = ?3"        \
		" AND collection = ?4 AND seq > ?2 LIMIT 1")                                    \
	X(OWNED_NEXT,     data,  "SELECT rowid, id FROM record WHERE slot = ?1 AND subject = ?3" \
		" AND collection = ?4 AND rowid > ?2 ORDER BY rowid LIMIT 1")                   \
	/* by what was changed of late, which is little, and not by the cohort */               \
	X(COHORT_CHANGED, data,  "SELECT 1 FROM record WHERE +cohort_slot = ?1 AND seq > ?2 LIMIT 1") \
	X(COHORT_RECORD_NEXT, data, "SELECT rowid, id FROM record WHERE cohort_slot = ?1"       \
		" AND rowid > ?2 ORDER BY rowid LIMIT 1")                                       \
	X(RECORD_IN_COHORT, data, "SELECT id FROM record WHERE cohort_slot = ?1 LIMIT 1")       \
	X(RECORD_UNDER,   data,  "SELECT id FROM record WHERE subject = ?1 AND collection = ?2" \
		" AND slot = ?3 LIMIT 1")                                                       \
	X(ACTIVITY_NEXT,  data,  "SELECT id, " ACTIVITY_OF("s.id") ", " ENDED_OF("s.id", "?3")   \
		" FROM subject AS s"                                                            \
		" WHERE id > ?1 AND kind <> 3 AND created_ms < ?2"                              \
		" ORDER BY id LIMIT 1")                                                         \
	X(ACTIVITY_OF,    data,  "SELECT " ACTIVITY_OF("?1"))                                   \
	X(RELATIONSHIP_OF, data, "SELECT " ENDED_OF("?1", "?2"))                                \
	X(ACTIVITY_RAISE, data,  "INSERT INTO activity VALUES (?1, ?2) ON CONFLICT (subject)"   \
		" DO UPDATE SET day = max(day, excluded.day)")                                  \
	X(ACTIVITY_DEL,   data,  "DELETE FROM activity WHERE subject = ?1")                     \
	X(DUTY_PUT,       data,  "INSERT OR REPLACE INTO duty_done VALUES (?1,?2,?3,?4,?5,?6,?7)") \
	X(DUTY_BEFORE,    data,  "SELECT * FROM duty_done WHERE duty = ?1 AND (day, at_ms, id) < (?2, ?3, ?4)" \
		" ORDER BY day DESC, at_ms DESC, id DESC LIMIT 1")                              \
	X(DUTY_NEXT_KEY,  data,  "SELECT duty FROM duty_done WHERE duty > ?1 ORDER BY duty LIMIT 1") \
	X(DUTY_OVER,      data,  "SELECT * FROM duty_done AS d WHERE at_ms < ?1 AND EXISTS (SELECT 1"  \
		" FROM duty_done AS o WHERE o.duty = d.duty AND (o.day, o.at_ms, o.id) >"       \
		" (d.day, d.at_ms, d.id)) LIMIT 1")                                             \
	X(DUTY_DEL,       data,  "DELETE FROM duty_done WHERE id = ?1")                         \
	X(JOB_PUT,        data,  "INSERT OR REPLACE INTO job_run VALUES (?1,?2,?3,?4,?5,?6)")   \
	X(JOB_BEFORE,     data,  "SELECT * FROM job_run WHERE job = ?1 AND started_ms < ?2"     \
		" ORDER BY started_ms DESC LIMIT 1")                                            \
	X(JOBS_DROP,      data,  "DELETE FROM job_run WHERE job = ?1 AND started_ms <= (SELECT" \
		" started_ms FROM job_run WHERE job = ?1 ORDER BY started_ms DESC"              \
		" LIMIT 1 OFFSET ?2)")                                                          \
	X(INCIDENT_PUT,   data,  "INSERT OR REPLACE INTO incident VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9," \
		"?10,?11,?12,?13)")                                                             \
	X(INCIDENT_NEXT,  data,  "SELECT * FROM incident WHERE number > ?1 ORDER BY number LIMIT 1") \
	X(INCIDENT_TOLD_PUT, data, "INSERT OR IGNORE INTO incident_told VALUES (?1,?2,?3,?4)")  \
	X(INCIDENT_FIRST_TOLD, data, "SELECT at_ms FROM incident_told WHERE incident = ?1"      \
		" AND law = ?2 AND told = ?3 ORDER BY at_ms LIMIT 1")                           \
	X(ALARM_PUT,      data,  "INSERT OR REPLACE INTO alarm VALUES (?1, ?2, ?3, ?4)")       \
	X(ALARM_DROP,     data,  "DELETE FROM alarm WHERE kind = ?1 AND about = ?2")            \
	X(ALARM_NEXT,     data,  "SELECT * FROM alarm WHERE (kind, about) > (?1, ?2)"           \
		" ORDER BY kind, about LIMIT 1")                                                \
	X(MESSAGE_PUT,    data,  "INSERT OR REPLACE INTO message VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9," \
		"?10,?11)")                                                                     \
	X(MESSAGE_GET,    data,  "SELECT * FROM message WHERE id = ?1")                         \
	X(MESSAGE_NEXT,   data,  "SELECT * FROM message WHERE (made_ms, id) > (?1, ?2)"         \
		" ORDER BY made_ms, id LIMIT 1")                                                \
	X(MESSAGE_NEXT_WAITING, data, "SELECT * FROM message WHERE state = 1"                   \
		" AND (next_ms, id) > (?1, ?2) ORDER BY next_ms, id LIMIT 1")                   \
	X(MESSAGE_LAST,   data,  "SELECT * FROM message WHERE kind = ?1 AND about = ?2"         \
		" AND route = ?3 ORDER BY made_ms DESC LIMIT 1")                                \
	X(MESSAGE_OVER,   data,  "SELECT * FROM message WHERE state <> 1 AND ended_ms < ?1 LIMIT 1") \
	X(MESSAGE_SPENT,  data,  "SELECT * FROM message WHERE state = 2 AND kase <> zeroblob(16) LIMIT 1") \
	X(MESSAGE_DEL,    data,  "DELETE FROM message WHERE id = ?1")                           \
	X(HOLD_PUT,       data,  "INSERT OR REPLACE INTO hold VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)") \
	X(HOLD_GET,       data,  "SELECT " HOLD_COLUMNS " FROM hold WHERE id = ?1")              \
	X(HOLD_NEXT,      data,  "SELECT " HOLD_COLUMNS " FROM hold"                            \
		" WHERE (placed_ms, id) > (?1, ?2) ORDER BY placed_ms, id LIMIT 1")             \
	X(HOLD_OVER,      data,  "SELECT " HOLD_COLUMNS " FROM hold WHERE state = 2"            \
		" AND released_ms < ?1 ORDER BY released_ms LIMIT 1")                           \
	X(HOLD_DEL,       data,  "DELETE FROM hold WHERE id = ?1")                              \
	X(HOLD_DEL_PARTS, data,  "DELETE FROM hold_part WHERE hold = ?1")                       \
	X(HOLD_DEL_BLOCKS, data, "DELETE FROM hold_block WHERE hold = ?1")                      \
	X(INCIDENT_OVER,  data,  "SELECT * FROM incident WHERE closed_ms > 0 AND closed_ms < ?1" \
		" ORDER BY closed_ms LIMIT 1")                                                  \
	X(INCIDENT_DEL,   data,  "DELETE FROM incident WHERE id = ?1")                          \
	X(INCIDENT_DEL_TOLD, data, "DELETE FROM incident_told WHERE incident = ?1")             \
	X(HOLD_PART_PUT,  data,  "INSERT OR IGNORE INTO hold_part VALUES (?1, ?2)")             \
	X(HOLD_PART_NEXT, data,  "SELECT collection FROM hold_part"                             \
		" WHERE hold = ?1 AND collection > ?2 ORDER BY collection LIMIT 1")             \
	X(HOLD_COVERS,    data,  "SELECT id FROM hold WHERE subject = ?1 AND state = 1"         \
		" AND (scope = 1 OR ?2 IS NULL OR EXISTS (SELECT 1 FROM hold_part AS p"         \
		" WHERE p.hold = hold.id AND p.collection = ?2)"                                \
		" AND (scope = 2 OR ?3 IS NULL OR record = ?3)) ORDER BY placed_ms, id LIMIT 1") \
	X(HOLD_IN_COHORT, data,  "SELECT record.id, hold.id FROM hold CROSS JOIN record"        \
		" WHERE hold.state = 1 AND record.subject = hold.subject AND cohort_slot = ?1"  \
		" AND (scope = 1 OR EXISTS (SELECT 1 FROM hold_part AS p WHERE p.hold = hold.id" \
		" AND p.collection = record.collection) AND (scope = 2 OR hold.record = record.id))" \
		" UNION ALL SELECT record.id, zeroblob(16) FROM subject CROSS JOIN record"      \
		" WHERE is_restricted = 1 AND record.subject = subject.id AND cohort_slot = ?1" \
		" LIMIT 1")                                                                     \
	X(HOLD_BLOCK_PUT, data,  "INSERT OR IGNORE INTO hold_block VALUES (?1, ?2, ?3, ?4)")    \
	X(HOLD_SLOT_PUT,  data,  "INSERT OR REPLACE INTO hold_slot VALUES (?1,?2,?3,?4,?5,?6,?7)") \
	X(HOLD_SLOT_NEXT, data,  "SELECT * FROM hold_slot WHERE slot > ?1 ORDER BY slot LIMIT 1") \
	X(HOLD_SLOT_OF,   data,  "SELECT slot FROM hold_slot WHERE subject = ?1"                \
		" AND collection = ?2 AND cohort_slot = ?3")                                    \
	X(HOLD_RESEALED,  data,  "SELECT captures FROM hold_slot WHERE cohort_slot = ?1"        \
		" ORDER BY captures DESC LIMIT 1")                                              \
	X(CAPTURE_PUT,    data,  "INSERT INTO capture VALUES (?1, ?2)")                         \
	X(CAPTURE_OF,     data,  "SELECT number FROM capture WHERE time_ms = ?1"                \
		" ORDER BY number LIMIT 1")                                                     \
	X(CAPTURE_DEL,    data,  "DELETE FROM capture WHERE number < ?1")                       \
	X(HOLD_SLOT_DEL,  data,  "DELETE FROM hold_slot WHERE slot = ?1")                       \
	X(HOLD_SLOTS_DEL, data,  "DELETE FROM hold_slot WHERE subject = ?1")                    \
	X(RECORD_MOVE_COHORT, data, "UPDATE record SET cohort_slot = ?2, sealed = ?3 WHERE id = ?1") \
	X(EXPIRY_ITEM_DEL_OF, data, "DELETE FROM expiry_item WHERE kind > 1 AND subject = ?1")  \
	X(APPROVAL_PUT,   data,  "INSERT OR REPLACE INTO approval VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)") \
	X(APPROVAL_GET,   data,  "SELECT * FROM approval WHERE id = ?1")                        \
	X(APPROVAL_NEXT,  data,  "SELECT * FROM approval WHERE (asked_ms, id) > (?1, ?2)"       \
		" ORDER BY asked_ms, id LIMIT 1")                                               \
	X(APPROVAL_OVERDUE, data, "SELECT * FROM approval WHERE state <= 2 AND expires_ms <= ?1" \
		" ORDER BY expires_ms LIMIT 1")                                                 \
	X(ACCESS_PUT,     data,  "INSERT INTO access VALUES (?1, ?2, ?3)")                      \
	X(ACCESS_GET,     data,  "SELECT period, sealed FROM access WHERE id = ?1")             \
	X(ACCESS_DROP,    data,  "DELETE FROM access WHERE period < ?1")                        \
	X(CONSENT_PUT,    data,  "INSERT INTO consent VALUES"                                   \
		" (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)")                            \
	X(CONSENT_NEWEST, data,  "SELECT coalesce(max(seq), 0) FROM consent WHERE subject = ?1") \
	X(CONSENT_HAS,    data,  "SELECT 1 FROM consent WHERE subject = ?1 AND purpose = ?2"    \
		" AND channel = ?3 AND state = ?4 AND at_ms = ?5")                              \
	X(CONSENT_BEFORE, data,  "SELECT * FROM consent WHERE subject = ?1 AND purpose = ?2"    \
		" AND seq < ?3 ORDER BY seq DESC LIMIT 1")                                      \
	X(CONSENT_AFTER,  data,  "SELECT * FROM consent WHERE subject = ?1 AND seq > ?2"        \
		" ORDER BY seq LIMIT 1")                                                        \
	X(CONSENT_SUBJECT, data, "SELECT subject FROM consent WHERE purpose = ?1"               \
		" AND subject > ?2 ORDER BY subject LIMIT 1")                                   \
	X(SUBJECT_DEL_CONSENTS, data, "DELETE FROM consent WHERE subject = ?1")                 \
	X(OPERATOR_GET,   data,  "SELECT id FROM operator WHERE uid = ?1")                      \
	X(OPERATOR_UID,   data,  "SELECT uid FROM operator WHERE id = ?1")                      \
	X(OPERATOR_PUT,   data,  "INSERT INTO operator VALUES (?1, ?2)")                        \
	X(DSR_PUT,        data,  "INSERT OR REPLACE INTO dsr VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10," \
		"?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,?25,?26,?27,?28,?29,?30," \
		"?31,?32,?33)")                                                               \
	X(DSR_GET,        data,  "SELECT * FROM dsr WHERE number = ?1")                         \
	X(DSR_BY_ID,      data,  "SELECT * FROM dsr WHERE id = ?1")                             \
	X(DSR_NEXT,       data,  "SELECT * FROM dsr WHERE number > ?1 ORDER BY number LIMIT 1") \
	X(DSR_NEXT_OPEN,  data,  "SELECT * FROM dsr WHERE number > ?1 AND closed_ms = 0"        \
		" ORDER BY number LIMIT 1")                                                     \
	X(DSR_OF,         data,  "SELECT * FROM dsr WHERE number > ?1 AND subject = ?2"         \
		" AND closed_ms = 0 ORDER BY number LIMIT 1")                                   \
	X(DSR_IN_COHORT,  data,  "SELECT 1 FROM dsr CROSS JOIN record WHERE dsr.closed_ms = 0"  \
		" AND record.subject = dsr.subject AND record.cohort_slot = ?1 LIMIT 1")        \
	X(DSR_OVER,       data,  "SELECT * FROM dsr WHERE closed_ms > 0 AND closed_ms < ?1"     \
		" AND NOT EXISTS (SELECT 1 FROM hold WHERE hold.subject = dsr.subject"          \
		" AND hold.state = 1 AND hold.scope = 1) ORDER BY number LIMIT 1")              \
	X(DSR_DEL,        data,  "DELETE FROM dsr WHERE id = ?1")                               \
	X(DSR_DEL_PARTS,  data,  "DELETE FROM dsr_part WHERE request = ?1")                     \
	X(DSR_DEL_PAUSES, data,  "DELETE FROM dsr_pause WHERE request = ?1")                    \
	X(DSR_PART_PUT,   data,  "INSERT OR REPLACE INTO dsr_part VALUES (?1, ?2, ?3, ?4)")     \
	X(DSR_PART_DROP,  data,  "DELETE FROM dsr_part"                                         \
		" WHERE request = ?1 AND kind = ?2 AND collection = ?3")                        \
	X(DSR_PART_NEXT,  data,  "SELECT collection, note FROM dsr_part WHERE request = ?1"     \
		" AND kind = ?2 AND collection > ?3 ORDER BY collection LIMIT 1")               \
	X(DSR_PAUSE_PUT,  data,  "INSERT OR REPLACE INTO dsr_pause VALUES (?1, ?2, ?3)")        \
	X(DSR_PAUSE_NEXT, data,  "SELECT from_day, to_day FROM dsr_pause WHERE request = ?1"    \
		" AND from_day > ?2 ORDER BY from_day LIMIT 1")                                 \
	X(ALIAS_PUT,      data,  "INSERT OR REPLACE INTO alias VALUES (?1,?2,?3,?4,?5,?6,?7,?8)") \
	X(ALIAS_GET,      data,  "SELECT * FROM alias WHERE old = ?1")                          \
	X(ALIAS_OF,       data,  "SELECT * FROM alias WHERE subject = ?1 AND old > ?2"          \
		" ORDER BY old LIMIT 1")                                                        \
	X(ALIAS_OPEN,     data,  "SELECT * FROM alias WHERE state < 3 AND old > ?1"             \
		" ORDER BY old LIMIT 1")                                                        \
	X(ALIAS_NEXT,     data,  "SELECT * FROM alias WHERE old > ?1 ORDER BY old LIMIT 1")     \
	X(ALIAS_POINT,    data,  "UPDATE alias SET subject = ?2 WHERE subject = ?1")            \
	X(CONSENT_TAKE,   data,  "INSERT INTO consent SELECT ?2, purpose, ?3 + row_number()"    \
		" OVER (ORDER BY by_then, subject = ?2, seq), channel, state, method, notice,"  \
		" language, at_ms, expires_ms, said_day, actor, record, leaf FROM (SELECT *,"   \
		" max(at_ms) OVER (PARTITION BY subject ORDER BY seq) AS by_then FROM consent"  \
		" WHERE subject IN (?1, ?2))")                                                  \
	X(CONSENT_DROP,   data,  "DELETE FROM consent WHERE subject = ?1"                       \
		" OR (subject = ?2 AND seq <= ?3)")                                             \
	X(DSR_TAKE,       data,  "UPDATE dsr SET subject = ?2 WHERE subject = ?1")              \
	X(HOLD_TAKE,      data,  "UPDATE hold SET subject = ?2 WHERE subject = ?1")             \
	X(HOLD_SLOT_TAKE, data,  "UPDATE hold_slot SET subject = ?2 WHERE subject = ?1")        \
	X(CO_TAKE,        data,  "UPDATE OR IGNORE cosubject SET subject = ?2 WHERE subject = ?1" \
		" AND record NOT IN (SELECT id FROM record WHERE subject = ?2)")                \
	X(OUTGOING_PUT,   data,  "INSERT OR REPLACE INTO dsr_outgoing VALUES"                   \
		" (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)")                                        \
	X(OUTGOING_NEXT,  data,  "SELECT kind, recipient, language, paper, state, why, at_ms,"  \
		" actor, note, message FROM dsr_outgoing WHERE request = ?1"                    \
		" AND (kind, recipient) > (?2, ?3) ORDER BY kind, recipient LIMIT 1")           \
	X(OUTGOING_OF_MESSAGE, data, "SELECT kind, recipient, language, paper, state, why,"     \
		" at_ms, actor, note, message, request FROM dsr_outgoing WHERE message = ?1")   \
	X(OUTGOING_DROP,  data,  "DELETE FROM dsr_outgoing WHERE request = ?1")                 \
	X(INDEX_SEQ,      index, "SELECT value FROM meta WHERE key = 'seq'")                    \
	X(INDEX_SET_SEQ,  index, "INSERT OR REPLACE INTO meta VALUES ('seq', ?1)")              \
	X(TOKEN_PUT,      index, "INSERT OR IGNORE INTO token (token, subject, record)"         \
	                         " VALUES (?1, ?2, ?3)")                                        \
	X(TOKEN_NEXT,     index, "SELECT subject, record FROM token"                            \
		" WHERE token = ?1 AND record > ?2 ORDER BY record LIMIT 1")                    \
	X(TOKEN_DEL_RECORD, index, "DELETE FROM token WHERE record = ?1")                       \
	X(TOKEN_DEL_SUBJECT, index, "DELETE FROM token WHERE subject = ?1")
/* clang-format on */

enum engine_statement {
#define X(id, db, sql) ST_##id,
	ENGINE_STATEMENTS(X)
#undef X
	ST_COUNT_
};

struct engine {
	sqlite3 *data, *index;
	int data_pages, index_pages; /* in the write-ahead logs, at the last commit */
	char data_path[PATH_SIZE];
	sqlite3_stmt *statements[ST_COUNT_];
};

/* The statement, prepared and without bindings. */
int engine_statement(struct engine *e, enum engine_statement which, sqlite3_stmt **ret,
	struct cu_err *err);
/* Runs one that takes no argument. */
int engine_do(struct engine *e, enum engine_statement which, struct cu_err *err);
/* Runs one whose only argument is an id. */
int engine_do_id(struct engine *e, enum engine_statement which, const struct id *id,
	struct cu_err *err);

/* A policy key of a row; CU_ECORRUPT when it is none. */
int engine_column_key(sqlite3_stmt *st, int at, char to[ENGINE_KEY_SIZE], struct cu_err *err);

static inline void engine_bind_id(sqlite3_stmt *st, int at, const struct id *id)
{
	sqlite3_bind_blob(st, at, id->b, sizeof(id->b), SQLITE_STATIC);
}

static inline void engine_bind_text(sqlite3_stmt *st, int at, const char *text)
{
	sqlite3_bind_text(st, at, text, -1, SQLITE_STATIC);
}

static inline void engine_bind_u64(sqlite3_stmt *st, int at, uint64_t v)
{
	sqlite3_bind_int64(st, at, (sqlite3_int64)v);
}

#endif
