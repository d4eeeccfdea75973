/*
 * commands.h: the one place where a command is spelled.
 *
 * From this table follow: the parser, the help and the completion of custosctl, its manual
 * page, the method that a command calls, the daemon's table of handlers, and the check who
 * may call it.
 *
 * X(id, words, method, arguments, access, summary, details)
 *
 * Arguments are separated by blanks:
 *     name:type                positional, required
 *     [name:type]              positional, optional
 *     --name=hint:type         option with a value, required
 *     [--name=hint:type]       option with a value
 *     [--name]                 flag
 *     ... before the bracket   may be repeated: [--name=hint:type...] [name:type...]
 * Types are those of args.h; words(a|b) lists its words.  An argument becomes the call's
 * parameter of the same name, with '_' for '-'; a repeated one of its plural, which is the
 * name with an 's'.  Files become the call's descriptor.  Of the types personal, passphrase,
 * newpassphrase, letter, records, fields and subjects, which are asked for or read from standard input or --from,
 * a command has at most one.  An optional one is asked for when a words(...) argument has its
 * name as value; of a words argument that is absent the first word counts.
 */
#ifndef CU_WIRE_COMMANDS_H
#define CU_WIRE_COMMANDS_H
#include "base/intl.h"

/* What a command touches; who may do so is for roles.yaml to say. */
enum access {
	ACCESS_READ = 1 << 0,   /* a person's data is read: needs a purpose, leaves a leaf */
	ACCESS_WRITE = 1 << 1,  /* a person's data is written or erased */
	ACCESS_ADMIN = 1 << 2,  /* the store as a whole; no person's data is shown */
	ACCESS_STREAM = 1 << 3, /* may answer a call with `more` by many replies */
	ACCESS_FD_IN = 1 << 4,  /* takes one descriptor, which is read */
	ACCESS_FD_OUT = 1 << 5, /* takes one descriptor, which is written */
	ACCESS_FD_OPTIONAL = 1 << 7, /* that descriptor may be absent */
	ACCESS_LOCAL = 1 << 6,  /* custosctl answers alone */
	ACCESS_WAIT = 1 << 8,   /* with STREAM: it mostly waits for somebody */
	ACCESS_BRIEF = 1 << 9,  /* it reads a little and waits for nothing: control/brief.h */
	ACCESS_PAGES = 1 << 10,  /* with STREAM: the replies are the answer in parts; it is no long job */
};

/* clang-format off */

/* Options of every command; they may stand anywhere on the line. */
#define GLOBAL_ARGUMENTS \
	"[--json] [--socket=path:path] [--timeout=seconds:count] [--quiet] [--yes] [--color=when:words(auto|always|never)] [--no-pager] [--help]"

/* Commands that the daemon answers: handle_<ID> each. */
#define CU_DAEMON_COMMANDS(X)                                                           \
X(STATUS, "status", "io.custos.Status",                                                 \
  "",                                                                                   \
  ACCESS_ADMIN,                                                                         \
  N_("Show what custosd is doing and what it guarantees."),                             \
  N_("Its state, how much it holds, which source the root key came from, when each target was last backed up, and where the ground is weaker than it could be.")) \
X(METRICS, "metrics", "io.custos.Metrics",                                              \
  "",                                                                                   \
  ACCESS_ADMIN,                                                                         \
  N_("Show figures about custosd for Prometheus."),                                     \
  N_("In the text exposition format: requests by their states, ages of backups and drills, alarms, messages, calls and how long they took. Keys of policies and numbers, no person's data. With metrics_file in agent.yaml the same is written to a file each minute.")) \
X(DOCTOR, "doctor", "io.custos.Doctor",                                                 \
  "",                                                                                   \
  ACCESS_ADMIN,                                                                         \
  N_("Look at everything that may be wrong, and say what helps."),                      \
  N_("The host (kernel, users, units, clock, swap), the socket, and, when custosd answers, its process, keys, policies, targets and agent: each finding with its remedy. Works without custosd, and before there is a store: then it says what is missing, step by step. Nothing is changed. Exits with 0 when nothing is wrong, 1 when there are warnings, 2 when there are errors.")) \
X(INIT, "init", "io.custos.Init",                                                       \
  "identity:outfile [--key=source:words(file|credential|passphrase)] [passphrase:newpassphrase]", \
  ACCESS_ADMIN | ACCESS_FD_OUT,                                                         \
  N_("Make a new, empty store."),                                                       \
  N_("--key says where the root key comes from at each start: a file on this host (if nothing is said), a credential of systemd, or a passphrase that somebody types. The file receives the identity, the only thing that opens backups. It is written once and kept nowhere else: move it off this machine, and keep a copy on paper.")) \
X(UNSEAL, "unseal", "io.custos.Unseal",                                                 \
  "[--key=source:words(passphrase|file|credential)] [passphrase:passphrase]",           \
  ACCESS_ADMIN,                                                                         \
  N_("Load the root key and open the store."),                                          \
  N_("Asks for the passphrase; --key=file and --key=credential use what lies on this host instead. After a wrong passphrase the next attempt has to wait, longer each time.")) \
X(SEAL, "seal", "io.custos.Seal",                                                       \
  "",                                                                                   \
  ACCESS_ADMIN,                                                                         \
  N_("Close the store and wipe its keys from memory."),                                 \
  N_("What runs is asked to end, and waited for; what comes is refused until 'unseal'. With a key file or a credential on this host the next start of custosd opens the store again.")) \
X(ADOPT, "adopt", "io.custos.Adopt",                                                    \
  "",                                                                                   \
  ACCESS_ADMIN,                                                                         \
  N_("Say that a restored store is the one that goes on."),                             \
  N_("A store that came out of a backup tells nobody anything until then, neither by mail nor by webhook: it may be a trial, beside one that lives. Only one of them may be adopted.")) \
X(KEY_LIST, "key list", "io.custos.key.List",                                           \
  "",                                                                                   \
  ACCESS_ADMIN,                                                                         \
  N_("List the sources of the root key."),                                              \
  N_("Any one of them opens the store. Shows which there are, and which was used this time.")) \
X(KEY_ADD, "key add", "io.custos.key.Add",                                              \
  "source:words(file|credential|passphrase) [passphrase:newpassphrase]",                \
  ACCESS_ADMIN,                                                                         \
  N_("Add a source of the root key."),                                                  \
  N_("The root key is wrapped once more. A credential is one that systemd hands over as custos.root-key, with 32 random bytes or more. A passphrase has 12 bytes or more, and is asked for twice.")) \
X(KEY_REMOVE, "key remove", "io.custos.key.Remove",                                     \
  "source:words(file|credential|passphrase)",                                           \
  ACCESS_ADMIN,                                                                         \
  N_("Take a source of the root key away."),                                            \
  N_("Its files are overwritten and removed; the last source is never. Whoever copied it before can still open the store: 'key rotate' ends that.")) \
X(KEY_ROTATE, "key rotate", "io.custos.key.Rotate",                                     \
  "[--epoch] [--key=source:words(host|passphrase)] [passphrase:passphrase]",            \
  ACCESS_ADMIN,                                                                         \
  N_("Replace the root key."),                                                          \
  N_("A new root key, wrapped for every source there is: --key=passphrase asks for the passphrase where that is one. --epoch replaces only the key below it, the one that vault objects carry: no vault.db copied before opens any more.")) \
X(POLICY_CHECK, "policy check", "io.custos.PolicyCheck",                                \
  "",                                                                                   \
  ACCESS_ADMIN,                                                                         \
  N_("Check the policy files without applying them."),                                  \
  N_("All faults are listed, each with file, line and reason. Exits with 65 if there is any.")) \
X(POLICY_DEADLINE, "policy deadline", "io.custos.PolicyDeadline",                       \
  "law:key request:words(access|portability|rectification|erasure|restriction|objection|withdrawal) --received=day:date [--pause=from-to:text...] [--extended] [--told=day:date] [--country=country:key] [--language=language:words(en|zh)]", \
  ACCESS_ADMIN,                                                                         \
  N_("Compute until when a request must be answered, step by step."),                   \
  N_("By law/LAW.yaml and the days off of --country, else those of organisation.yaml. --received is the local day on which it arrived. --pause=2026-02-03..2026-02-10: the person was asked something on the first day and answered on the second; 2026-02-03.. is not answered yet. --extended takes the law's extension, which counts if the person was told by the last day for it: --told says when. Nothing is stored.")) \
X(POLICY_BREACH, "policy breach", "io.custos.PolicyBreach",                             \
  "law:key --noticed=time:text [--language=language:words(en|zh)]",                     \
  ACCESS_ADMIN,                                                                         \
  N_("Compute until when a breach of personal data must be told, and to whom."),        \
  N_("--noticed=\"2026-01-30 10:15\" is when it was noticed, in the time zone of organisation.yaml. Hours count on weekends and holidays, too. Nothing is stored.")) \
X(POLICY_LETTER, "policy letter", "io.custos.PolicyLetter",                             \
  "law:key request:words(access|portability|rectification|erasure|restriction|objection|withdrawal) letter:words(acknowledge|identify|extend|refuse|fulfil|backups|notice) [--language=language:words(en|zh)]", \
  ACCESS_ADMIN,                                                                         \
  N_("Show a letter as people would get it."),                                          \
  N_("What organisation.yaml and the law say is filled in; what only a request knows stands in brackets. A letter that cannot be written, because something is missing in organisation.yaml, says what. Read each once before the first request comes.")) \
X(SUBJECT_ADD, "subject add", "io.custos.subject.Add",                                  \
  "--kind=kind:words(person|organisation) --purpose=purpose:purpose records:records [--from=file:infile] [--request=id:request]", \
  ACCESS_WRITE,                                                                         \
  N_("Add a person or an organisation."),                                               \
  N_("Reads a JSON array of records, such as [{\"collection\": \"profile\", \"fields\": {\"given_name\": \"...\"}}]. Prints the new id, and the ids of the records.")) \
X(SUBJECT_GET, "subject get", "io.custos.subject.Get",                                  \
  "subject:subject --purpose=purpose:purpose [--collection=collection:collection...] [--field=field:key...]", \
  ACCESS_READ | ACCESS_BRIEF,                                                           \
  N_("Show what is known about a person."),                                             \
  N_("Everything, or the collections and fields asked for. The read is in the log before anything is shown."))  \
X(SUBJECT_UPDATE, "subject update", "io.custos.subject.Update",                         \
  "subject:subject --purpose=purpose:purpose --collection=collection:collection fields:fields [--record=record:record] [--from=file:infile] [--request=id:request]", \
  ACCESS_WRITE,                                                                         \
  N_("Change a record of a person, or add one."),                                       \
  N_("Reads a JSON object of fields, such as {\"city\": \"...\"}. Without --record a record is added. An empty value takes a field away. The version before is not kept.")) \
X(SUBJECT_SEARCH, "subject search", "io.custos.subject.Search",                         \
  "by:searchkey [--scheme=scheme:key] --purpose=purpose:purpose value:personal",        \
  ACCESS_READ | ACCESS_BRIEF,                                                           \
  N_("Find people by an e-mail address, a phone number or a number of yours."),         \
  N_("The value is asked for, or read from standard input: what stands on a command line can be read by every user of this machine. --scheme names the kind of an external id. Prints ids only.")) \
X(SUBJECT_DOSSIER, "subject dossier", "io.custos.subject.Dossier",                      \
  "subject:subject file:outfile --purpose=purpose:purpose [--collection=collection:collection...] [--language=language:words(en|zh)] [--format=format:words(zip|json)] [--recipient=key:text...]", \
  ACCESS_READ | ACCESS_STREAM | ACCESS_FD_OUT,                                          \
  N_("Write all that is known about a person into an archive for that person."),        \
  N_("A ZIP with a page to read and print, the same in JSON for programs, and a CSV for each collection; with where the data came from, how long it is kept, and who looked at it. What is known of others is left out. --format=json writes only the JSON, for whoever takes the data over. --recipient encrypts it with age to this public key, and more of them; whoever has its identity opens it with 'age -d'. It is in the log before a byte is written. Without --collection it is everything that the purpose covers.")) \
X(RECORD_PUT, "record put", "io.custos.record.Put",                                     \
  "--purpose=purpose:purpose [--subject=subject:subject] [--mode=mode:words(new|known|any)] records:records [--from=file:infile] [--request=id:request]", \
  ACCESS_WRITE,                                                                         \
  N_("Store records with keys and rules of their own."),                                \
  N_("Reads a JSON array, such as [{\"collection\": \"order\", \"key\": \"A-1\", \"owner\": {\"scheme\": \"crm\", \"number\": \"17\"}, \"rule\": {\"purposes\": [\"contract\"], \"keep\": \"30d\"}, \"fields\": {...}}]. They are of --subject, or each of its owner, who is made if there is nobody with that number. --mode=known changes what is there, --mode=any does either. A rule narrows what purposes.yaml allows for this one record: purposes, objections, automated, roles, recipients, source, category, and keep or expires.")) \
X(RECORD_GET, "record get", "io.custos.record.Get",                                     \
  "--purpose=purpose:purpose [--by=what:words(record|key)] [--record=record:record] [--collection=collection:collection] [--field=field:key...] [key:personal]", \
  ACCESS_READ | ACCESS_BRIEF,                                                           \
  N_("Show one record, and its rule."),                                                 \
  N_("By its id, or with --by=key by its key in a collection, which is asked for. What its rule keeps from the purpose is not there, nor is what is over.")) \
X(RECORD_LIST, "record list", "io.custos.record.List",                                  \
  "--purpose=purpose:purpose [--collection=collection:collection] [--where=what:words(record|key|subject|purpose|objection|automated|role|recipient|source|category|keep)] [--is=value:text] [--scheme=scheme:key] [--field=field:key...] [key:personal]", \
  ACCESS_READ | ACCESS_STREAM | ACCESS_PAGES,                                           \
  N_("List records by what their rules say."),                                          \
  N_("--where=recipient --is=shipper: what is shared with the shipper. --where=purpose, objection, automated (yes or no), role, source, category and keep likewise; --where=subject --is=ID: what is there of a person; --where=key asks for a key of the collection, or with --scheme for a person's number. Without --where all of a collection that the purpose may use: whoever objected is left out.")) \
X(RECORD_COUNT, "record count", "io.custos.record.Count",                               \
  "--purpose=purpose:purpose [--collection=collection:collection] [--where=what:words(record|key|subject|purpose|objection|automated|role|recipient|source|category|keep)] [--is=value:text] [--scheme=scheme:key] [key:personal]", \
  ACCESS_READ,                                                                          \
  N_("Count records by what their rules say."),                                         \
  N_("Those that are not over, whatever their rules allow; without the operation consent.list for the purpose only those that 'record list' would show. Nothing of them is opened.")) \
X(RECORD_RULE, "record rule", "io.custos.record.Rule",                                  \
  "--purpose=purpose:purpose [--collection=collection:collection] --where=what:words(record|key|subject|purpose|objection|automated|role|recipient|source|category|keep) [--is=value:text] [--scheme=scheme:key] --set=member:words(purpose|objection|automated|role|recipient|source|category|keep|expires) [--value=key:key...] [--dry-run] [key:personal]", \
  ACCESS_WRITE,                                                                         \
  N_("Change one member of the rules of many records, or of one."),                     \
  N_("--where=purpose --is=survey --set=objection --value=survey: nobody's records that may be used for the survey are, any more. Without --value the member is taken away. Only the records that are found are touched; --dry-run counts them. What keeps a record from the purpose is lifted only with the operation consent.list for it.")) \
X(RECORD_DELETE, "record delete", "io.custos.record.Delete",                            \
  "--purpose=purpose:purpose [--collection=collection:collection] --where=what:words(record|key|subject|purpose|objection|automated|role|recipient|source|category|keep) [--is=value:text] [--scheme=scheme:key] [--dry-run] [key:personal]", \
  ACCESS_WRITE,                                                                         \
  N_("Delete records by what their rules say."),                                        \
  N_("What a legal hold, a restriction or an open request keeps stays, and is counted. Backups still have what is deleted, and a restore of older data brings it back: 'erase' forgets for good. --dry-run only counts.")) \
X(SUBJECT_RESTRICT, "subject restrict", "io.custos.subject.Restrict",                   \
  "subject:subject --purpose=purpose:purpose [--reason=file:textfile]",                 \
  ACCESS_WRITE,                                                                         \
  N_("Freeze a person's data: it is stored, and neither used nor changed."),            \
  N_("Art. 18 GDPR. Whoever has the operation restriction.read still reads it; everybody else is told nothing, and imports pass it over. It can be erased. The reason is read from a file and sealed.")) \
X(SUBJECT_UNRESTRICT, "subject unrestrict", "io.custos.subject.Unrestrict",             \
  "subject:subject --purpose=purpose:purpose [--reason=file:textfile]",                 \
  ACCESS_WRITE,                                                                         \
  N_("Let a person's data be used again."),                                             \
  N_("Tell the person before (Art. 18(3) GDPR)."))                                      \
X(SUBJECT_MERGE, "subject merge", "io.custos.subject.Merge",                            \
  "from:subject into:subject --purpose=purpose:purpose [--dry-run]",                    \
  ACCESS_WRITE,                                                                         \
  N_("Make two ids of the same person one."),                                           \
  N_("Everything that is known under the first id becomes the second one's, under its keys, and whoever names the first reaches the second from then on. Objections, restrictions and consents that were withdrawn under either id count. The first id's keys are shredded once the next backup holds what was moved; backups from before then hold nothing that opens, and restoring one merges again. It cannot be undone. On a terminal it shows, masked, who both are, and asks. One that is held or being erased is refused.")) \
X(CONSENT_GIVE, "consent give", "io.custos.consent.Give",                               \
  "subject:subject --purpose=purpose:purpose --method=how:words(checkbox|confirmed|written|spoken|explicit|separate) [--channel=channel:key] [--notice=version:key] [--language=language:key] [--source=source:key] [--expires=day:date] [--said=day:date] [--evidence=file:textfile] [--request=id:request]", \
  ACCESS_WRITE,                                                                         \
  N_("Note down that a person agreed to a purpose."),                                   \
  N_("For one channel, or for the purpose as a whole. Without --notice the person saw the notice in force, in --language. --said is the day of a letter that came in later. What was written or said is read from a file and sealed under the person's own keys. It can be withdrawn by 'consent withdraw'.")) \
X(CONSENT_WITHDRAW, "consent withdraw", "io.custos.consent.Withdraw",                   \
  "subject:subject --purpose=purpose:purpose [--channel=channel:key] [--source=source:key] [--said=day:date] [--evidence=file:textfile] [--request=id:request]", \
  ACCESS_WRITE,                                                                         \
  N_("Note down that a person took a consent back."),                                   \
  N_("From the moment this is answered nobody reads that data for the purpose. Without --channel all channels are meant. What purposes.yaml keeps for it alone (withdrawal_erases) is erased after the grace period; 'erase cancel' stops that.")) \
X(CONSENT_REFUSE, "consent refuse", "io.custos.consent.Refuse",                         \
  "subject:subject --purpose=purpose:purpose [--channel=channel:key] [--notice=version:key] [--language=language:key] [--source=source:key] [--said=day:date] [--evidence=file:textfile] [--request=id:request]", \
  ACCESS_WRITE,                                                                         \
  N_("Note down that a person said no."),                                               \
  N_("So that nobody asks again tomorrow."))                                            \
X(CONSENT_REQUEST, "consent request", "io.custos.consent.Request",                      \
  "subject:subject --purpose=purpose:purpose [--channel=channel:key] [--notice=version:key] [--language=language:key] [--source=source:key] [--said=day:date] [--evidence=file:textfile] [--request=id:request]", \
  ACCESS_WRITE,                                                                         \
  N_("Note down that a person was asked."),                                             \
  N_("Changes nothing until there is an answer: a consent that is live stays so."))     \
X(CONSENT_INVALIDATE, "consent invalidate", "io.custos.consent.Invalidate",             \
  "subject:subject --purpose=purpose:purpose [--channel=channel:key] [--source=source:key] [--evidence=file:textfile] [--request=id:request]", \
  ACCESS_WRITE,                                                                         \
  N_("Note down that a consent is void."),                                              \
  N_("Because it was not obtained as the law wants it. Ends it as a withdrawal does.")) \
X(CONSENT_OBJECT, "consent object", "io.custos.consent.Object",                         \
  "subject:subject --purpose=purpose:purpose [--source=source:key] [--said=day:date] [--evidence=file:textfile] [--request=id:request]", \
  ACCESS_WRITE,                                                                         \
  N_("Note down that a person objects to a purpose."),                                  \
  N_("Art. 21 GDPR: to what rests on legitimate or public interests, and to marketing always. Effective before it is answered.")) \
X(CONSENT_UNOBJECT, "consent unobject", "io.custos.consent.Unobject",                   \
  "subject:subject --purpose=purpose:purpose --because=why:words(person|grounds) [--source=source:key] [--said=day:date] [--evidence=file:textfile] [--request=id:request]", \
  ACCESS_WRITE,                                                                         \
  N_("Note down that an objection ends."),                                              \
  N_("Because the person took it back, or because you showed compelling grounds, which are there for no marketing. Those have to be said: --evidence is a file that says which grounds, and who weighed them; it is sealed, and 'consent list --evidence' shows it.")) \
X(CONSENT_LIST, "consent list", "io.custos.consent.List",                               \
  "subject:subject --purpose=purpose:purpose [--evidence]",                             \
  ACCESS_READ,                                                                          \
  N_("Show everything that a person said about purposes."),                             \
  N_("Oldest first, of the purposes that your roles have; --purpose is why you look. With --evidence also what was written or said. Whoever may do this learns whether a person exists and why its data may not be used.")) \
X(CONSENT_CHECK, "consent check", "io.custos.consent.Check",                            \
  "subject:subject --purpose=purpose:purpose [--channel=channel:key] [--explain]",      \
  ACCESS_READ | ACCESS_BRIEF,                                                           \
  N_("Ask whether a person's data may be used for a purpose."),                         \
  N_("By you, now. Exits with 0 for yes and 77 for no; --explain shows each step of the way there. Each question is in the log.")) \
X(CONSENT_FILTER, "consent filter", "io.custos.consent.Filter",                         \
  "--purpose=purpose:purpose [--channel=channel:key] subjects:subjects [--from=file:infile]", \
  ACCESS_READ,                                                                          \
  N_("Of many people, print those whose data may be used for a purpose."),              \
  N_("Reads their ids, one a line, up to 16384. The call leaves one entry in the log and the ids in the access journal.")) \
X(CONSENT_RECEIPT, "consent receipt", "io.custos.consent.Receipt",                      \
  "subject:subject --purpose=purpose:purpose [--event=number:count]",                   \
  ACCESS_READ,                                                                          \
  N_("Print the receipt of what a person said about a purpose."),                       \
  N_("Of the newest event, or of one by its number in 'consent list --json'. A signed note with the fields of ISO/IEC TS 27560 and the proof of the log's entry, which 'custos-verify receipt' accepts. It names the person by a random id alone: give it to the person.")) \
X(CONSENT_STALE, "consent stale", "io.custos.consent.Stale",                            \
  "--purpose=purpose:purpose [--after=subject:subject] [--count=number:count]",         \
  ACCESS_READ,                                                                          \
  N_("List who agreed to another version of a notice than the one in force."),          \
  N_("The ids of those whose consent is live and who are to be asked again, at most --count (1000; up to 16384).")) \
X(IMPORT, "import", "io.custos.data.Import",                                            \
  "file:infile --map=map:textfile --purpose=purpose:purpose [--charset=name:text] [--dry-run] [--rejects=file:ownfile]", \
  ACCESS_WRITE | ACCESS_STREAM | ACCESS_FD_IN,                                          \
  N_("Import people and records from a file."),                                         \
  N_("The map says which column becomes which field. Rows that cannot be taken are listed by line and column, without their contents, and the others are imported; --rejects writes them to a file that can be mended and imported with the same map, and beside it FILE.reasons. --dry-run reads, checks and counts, and writes nothing. Importing the same file again changes nothing, so an import that was stopped is finished by repeating it.")) \
X(EXPORT, "export", "io.custos.data.Export",                                            \
  "file:outfile --purpose=purpose:purpose [--collection=collection:collection...]",     \
  ACCESS_READ | ACCESS_STREAM | ACCESS_FD_OUT,                                          \
  N_("Export people and records to a file, as JSON lines."),                            \
  N_("Everybody whom this store may show, with the collections asked for. Who was exported is in the log before a byte is written."))           \
X(ERASE, "erase", "io.custos.erase.Run",                                                \
  "subject:subject --purpose=purpose:purpose [--collection=collection:collection...] [--record=record:record] [--now] [--wait] [--dry-run] [--request=id:request]", \
  ACCESS_WRITE | ACCESS_STREAM | ACCESS_WAIT,                                           \
  N_("Forget a person, provably and for ever."),                                        \
  N_("Denies the person to everyone at once, and shreds the person's keys when the grace period of erasure.yaml is over: what backups of any age hold cannot be read any more once the newest vault object is used, and restores use no other. Until then 'erase cancel' gives the person back. With --collection or --record only that goes. --now leaves the grace period out, if a second user confirms; it waits for that, as --wait waits for the end. --dry-run shows what would happen, as does the question on a terminal, which --yes answers. Prints a statement of what is gone and what is not; exits with 75 when a target could not confirm.")) \
X(ERASE_LIST, "erase list", "io.custos.erase.List",                                     \
  "[--all]",                                                                            \
  ACCESS_ADMIN,                                                                         \
  N_("List erasures that are under way."),                                              \
  N_("With --all also those that are done or cancelled."))                              \
X(ERASE_SHOW, "erase show", "io.custos.erase.Show",                                     \
  "erasure:erasure",                                                                    \
  ACCESS_ADMIN,                                                                         \
  N_("Show an erasure."),                                                               \
  N_("Where it is, when it is due, and, when it is done, what may be said about it."))  \
X(ERASE_CANCEL, "erase cancel", "io.custos.erase.Cancel",                               \
  "erasure:erasure",                                                                    \
  ACCESS_ADMIN,                                                                         \
  N_("Cancel an erasure before its keys are shredded."),                                \
  N_("The person, or the part, is there again as before."))                             \
X(ERASE_CERTIFICATE, "erase certificate", "io.custos.erase.Certificate",               \
  "erasure:text",                                                                       \
  ACCESS_ADMIN,                                                                         \
  N_("Print the certificate of an erasure."),                                           \
  N_("A signed note that anybody can check: the entries of the log with their proofs, what this host can promise about overwritten keys, and by when the last copy of them is gone, as seen at every target at this moment. What is due there is deleted first. Ask again later for a later state.")) \
X(ERASE_VERIFY, "erase verify", "io.custos.erase.Verify",                               \
  "[erasure:text] --identity=file:infile [--target=target:target]",                     \
  ACCESS_ADMIN | ACCESS_STREAM | ACCESS_FD_IN,                                          \
  N_("Look for erased data in everything that lies at the targets."),                   \
  N_("Of one erasure, or of all within twice the bound of backup.yaml. Each backup of data and each vault object is opened with the identity, by a fresh process that keeps nothing, and whoever was erased is tried. An object proves something only if somebody who is remembered opens in it. The result is signed and in the log. A vault object from before the erasure still opens: that is found, until it is deleted. Exits with 65 unless every object was opened and they are absent.")) \
X(REQUEST_OPEN, "request open", "io.custos.request.Open",                               \
  "type:words(access|portability|rectification|erasure|restriction|objection|withdrawal) --received=date:date --channel=channel:words(letter|email|phone|web|in-person|other) [--law=law:key] [--language=language:words(en|zh)] [--subject=subject:subject] [--collection=collection:collection...] [--about=purpose:key] [--from=file:infile] letter:letter", \
  ACCESS_ADMIN,                                                                         \
  N_("Record what somebody asked for about their data."),                               \
  N_("--received is the day on which it arrived, however late it is entered: the clock runs from there. Reads the text of the letter, or a note of what was said, from --from or standard input, and seals it. --collection names what it is about, if not all; --about the purpose: an objection and a withdrawal need one, and of an erasure it stands for the collections that the purpose covers. Prints the number that the request is called by; 'request next' leads on.")) \
X(REQUEST_LIST, "request list", "io.custos.request.List",                               \
  "[--all] [--due] [--mine]",                                                           \
  ACCESS_ADMIN,                                                                         \
  N_("List the requests that are open, the most urgent first."),                        \
  N_("With --mine only those that were assigned to you. With --all also those that are closed; with --due only those that are late or due within a week, and those whose date cannot be computed.")) \
X(REQUEST_SHOW, "request show", "io.custos.request.Show",                               \
  "number:count",                                                                       \
  ACCESS_ADMIN,                                                                         \
  N_("Show a request and its papers."),                                                 \
  N_("The letter and what was noted since. That it was read is in the log."))           \
X(REQUEST_ASSIGN, "request assign", "io.custos.request.Assign",                         \
  "number:count --to=user:text",                                                        \
  ACCESS_ADMIN,                                                                         \
  N_("Say whose work a request is."),                                                   \
  N_("--to=me, --to=nobody, or the number of a user who has a role for requests. It can be given to somebody else at any time, and whoever may work on requests can go on with it all the same.")) \
X(REQUEST_NOTE, "request note", "io.custos.request.Note",                               \
  "number:count [--kind=kind:words(note|reason)] [--from=file:infile] text:letter", \
  ACCESS_ADMIN,                                                                         \
  N_("Remember something about a request."),                                            \
  N_("Sealed with it, and shown by 'request show': what was said on the telephone; with --kind=reason what was weighed.")) \
X(REQUEST_REPRESENT, "request represent", "io.custos.request.Represent",                \
  "number:count role:words(guardian|lawyer|agent|relative) [--from=file:infile] text:letter", \
  ACCESS_ADMIN,                                                                         \
  N_("Say who asks for the person whose data it is."),                                  \
  N_("Reads a name and, on the lines below it, an address, and seals them; letters go there. The person is not verified before 'request authorise'. A relative of somebody who died only where the law knows that.")) \
X(REQUEST_AUTHORISE, "request authorise", "io.custos.request.Authorise",                \
  "number:count --by=authority:words(written|notarised|court-order|register)",          \
  ACCESS_ADMIN,                                                                         \
  N_("Note down that who asks for somebody has shown that they may."),                  \
  N_("What you saw: a power of attorney that the person wrote, a notarised one, an order of a court, an entry of a register such as of births. Keep no copy of it.")) \
X(REQUEST_UNREPRESENT, "request unrepresent", "io.custos.request.Unrepresent",          \
  "number:count",                                                                       \
  ACCESS_ADMIN,                                                                         \
  N_("Note down that the person asks without anybody else after all."),                 \
  N_("Letters go to the person again."))                                                \
X(REQUEST_IDENTIFY, "request identify", "io.custos.request.Identify",                   \
  "number:count subject:subject",                                                       \
  ACCESS_ADMIN,                                                                         \
  N_("Say whose data a request is about."),                                             \
  N_("'subject search' finds people. That the letter is really theirs is for 'request verify'. When it turns out to be somebody else's, before it was approved, say whose: who asks is verified anew.")) \
X(REQUEST_ASK, "request ask", "io.custos.request.Ask",                                  \
  "number:count --method=method:words(code|document|in-person|account|call-back)",      \
  ACCESS_ADMIN,                                                                         \
  N_("Note that the person was asked to show who they are."),                           \
  N_("Where the law allows it the clock stands still from today until 'request verify'. Ask only on reasonable doubt. --method=code makes a one-time code, shown once and good for 14 days and five attempts: send it to an address on file, never to one that came with the letter.")) \
X(REQUEST_VERIFY, "request verify", "io.custos.request.Verify",                         \
  "number:count --method=method:words(code|document|in-person|account|call-back) [code:personal]", \
  ACCESS_ADMIN,                                                                         \
  N_("Confirm that the person who asks is the one whose data it is."),                  \
  N_("--method=code asks for the code. Of a document only is noted that it was seen, and by whom: destroy the copy now.")) \
X(REQUEST_NEXT, "request next", "io.custos.request.Next",                               \
  "number:count",                                                                       \
  ACCESS_ADMIN,                                                                         \
  N_("Say what is to be done now about a request, why, and by which command."),         \
  N_("On a terminal it asks, does it, and goes on to what comes next.")) \
X(REQUEST_SCOPE, "request scope", "io.custos.request.Scope",                            \
  "number:count",                                                                       \
  ACCESS_ADMIN,                                                                         \
  N_("List what a request is about."),                                                  \
  N_("Each collection that the person has data in, how many records, what becomes of them, and what a law keeps. The list is the same whether the data is to be shown or erased.")) \
X(REQUEST_EXEMPT, "request exempt", "io.custos.request.Exempt",                         \
  "number:count --collection=collection:collection [--citation=article:text] [--undo]", \
  ACCESS_ADMIN,                                                                         \
  N_("Keep a collection out of a request, by a law."),                                  \
  N_("--citation names the article that demands it, such as 'HGB § 257'; the person is told. --undo takes it back.")) \
X(REQUEST_APPROVE, "request approve", "io.custos.request.Approve",                      \
  "number:count",                                                                       \
  ACCESS_ADMIN,                                                                         \
  N_("Ask a second user to approve a request."),                                        \
  N_("They approve exactly the list of 'request scope', by 'approval grant'.")) \
X(REQUEST_EXECUTE, "request execute", "io.custos.request.Execute",                      \
  "number:count [file:outfile] [--recipient=key:text...]",                              \
  ACCESS_ADMIN | ACCESS_STREAM | ACCESS_FD_OUT | ACCESS_FD_OPTIONAL,                    \
  N_("Carry out a request that was approved."),                                         \
  N_("An erasure begins with its grace period, in which 'request revoke' gives everything back. For access and portability the file receives the archive for the person, as of 'subject dossier'. A restriction, an objection and a withdrawal need no approval and take effect at once. For others 'request next' leads on. Refused when what is held of the person has changed since it was approved.")) \
X(REQUEST_DONE, "request done", "io.custos.request.Done",                               \
  "number:count",                                                                       \
  ACCESS_ADMIN,                                                                         \
  N_("Say that the person was given the data, or that it was corrected."),              \
  N_("The request is closed then."))                                                    \
X(REQUEST_LETTER, "request letter", "io.custos.request.Letter",                         \
  "number:count letter:words(acknowledge|identify|extend|refuse|fulfil|backups|notice) [--language=language:words(en|zh)] [--method=method:words(code|document|in-person|account|call-back)] [--recipient=key:key] [--recipients=names:text] [--draft]", \
  ACCESS_ADMIN,                                                                         \
  N_("Write a letter to the person who asked, or a notice to a recipient."),            \
  N_("With all that the law demands of it, or not at all: what is missing is named. It is sealed with the request as it goes out, unless it is a --draft. --method says what 'identify' asks for, --recipients who was told of a rectification, an erasure or a restriction, if that is not those that have a notice. 'notice' is to one of these: --recipient is its key in purposes.yaml. What was sealed before an erasure is written as it was then, with the date of today. 'backups' names the day by which the last copy of an erased person's keys is gone.")) \
X(REQUEST_SEND, "request send", "io.custos.request.Send",                               \
  "number:count letter:words(acknowledge|identify|extend|refuse|fulfil|backups|notice) [--language=language:words(en|zh)] [--method=method:words(code|document|in-person|account|call-back)] [--recipient=key:key] [--recipients=names:text] [--route=route:key]", \
  ACCESS_ADMIN,                                                                         \
  N_("Send a letter, or a notice, by mail."),                                           \
  N_("What 'request letter' prints goes by a route of agent.yaml with 'personal: yes', the first of them if --route does not name one: to the e-mail address on file of who asked, or, a notice, to the 'mail' of its recipient in purposes.yaml, encrypted if that has an 'age' key. It is sealed with the request; a notice counts as sent once the other end has taken it, and 'request show' says so. What cannot be sent is tried again, then told in 'status', and can be sent anew. A file, as a dossier, is never sent so.")) \
X(REQUEST_UNTOLD, "request untold", "io.custos.request.Untold",                         \
  "number:count --recipient=key:key --because=why:words(not-disclosed|impossible|disproportionate) [--from=file:infile] text:letter", \
  ACCESS_ADMIN,                                                                         \
  N_("Say why a recipient of the data is not told."),                                   \
  N_("Everybody to whom data was given that was rectified, erased or restricted is told, by 'request letter NUMBER notice'; unless they never got it, that is impossible, or it takes disproportionate effort (GDPR Art. 19). Reads from --from or standard input why that is so, and seals it.")) \
X(REQUEST_CLOCK, "request clock", "io.custos.request.Clock",                            \
  "number:count [--language=language:words(en|zh)]",                                    \
  ACCESS_ADMIN,                                                                         \
  N_("Show until when a request must be answered, and why."),                           \
  N_("Step by step, with the articles, so that anybody can check it by hand."))         \
X(REQUEST_EXTEND, "request extend", "io.custos.request.Extend",                         \
  "number:count --reason=reason:words(complexity|number) [--told=day:date]",            \
  ACCESS_ADMIN,                                                                         \
  N_("Take the longer time that a law allows."),                                        \
  N_("The person must be told within the first period that it takes longer, and why: the request is complex, or there are many. --told is the day on which that was written, today if nothing is said.")) \
X(REQUEST_DENY, "request deny", "io.custos.request.Deny",                               \
  "number:count --reason=reason:key",                                                   \
  ACCESS_ADMIN,                                                                         \
  N_("Refuse a request."),                                                              \
  N_("Only for a reason that the law knows; a wrong one lists them. The person is told, with the reason, where to complain and which court to go to, within the time of 'request clock'.")) \
X(REQUEST_REVOKE, "request revoke", "io.custos.request.Revoke",                         \
  "number:count",                                                                       \
  ACCESS_ADMIN,                                                                         \
  N_("Note that the person took a request back."),                                      \
  N_("In the grace period of an erasure everything is there again as before."))         \
X(REQUEST_LAPSE, "request lapse", "io.custos.request.Lapse",                            \
  "number:count",                                                                       \
  ACCESS_ADMIN,                                                                         \
  N_("Close a request whose sender did not say who they are."),                         \
  N_("Only after they were asked, and 30 days went by without an answer."))             \
X(REQUEST_DUPLICATE, "request duplicate", "io.custos.request.Duplicate",                \
  "number:count --of=number:count",                                                     \
  ACCESS_ADMIN,                                                                         \
  N_("Close a request that repeats an earlier one."),                                   \
  N_("Both verified, of the same person, for the same, and the earlier one not refused: nobody's letter ends somebody else's request.")) \
X(INCIDENT_OPEN, "incident open", "io.custos.incident.Open",                             \
  "--noticed=time:text --kind=kind:words(disclosure|loss|alteration|unavailability) [--risk=risk:words(none|risk|high)] [--keys=keys:words(safe|lost)] [--began=time:text] [--ended=time:text] [--language=language:words(en|zh)] [--from=file:infile] text:letter", \
  ACCESS_ADMIN,                                                                         \
  N_("Record that personal data was disclosed, lost, altered or out of reach."),        \
  N_("--noticed is the local time at which somebody here knew of it (\"2026-01-30 10:15\"), however late it is entered: the clocks run from there. Reads what happened, as far as it is known, from --from or standard input, and seals it. --began and --ended say when it happened, as times or days. The risk for people is 'risk' until somebody says otherwise; --keys=safe says that what others have is sealed and they have no key. Then shows what to do by when.")) \
X(INCIDENT_LIST, "incident list", "io.custos.incident.List",                            \
  "[--all]",                                                                            \
  ACCESS_ADMIN,                                                                         \
  N_("List the incidents that are open."),                                              \
  N_("With --all also those that are closed."))                                         \
X(INCIDENT_SHOW, "incident show", "io.custos.incident.Show",                            \
  "number:count [--language=language:words(en|zh)]",                                    \
  ACCESS_ADMIN,                                                                         \
  N_("Show an incident, its texts, and what to do now, by when."),                      \
  N_("Whom each law of organisation.yaml wants to be told, by when and why then, and what they are told. That it was read is in the log.")) \
X(INCIDENT_NOTE, "incident note", "io.custos.incident.Note",                            \
  "number:count [--about=what:words(facts|effects|measures)] [--kind=kind:words(disclosure|loss|alteration|unavailability)] [--risk=risk:words(none|risk|high)] [--keys=keys:words(safe|lost)] [--began=time:text] [--ended=time:text] [--from=file:infile] text:letter", \
  ACCESS_ADMIN,                                                                         \
  N_("Add to an incident what is known by now."),                                       \
  N_("Reads a text from --from or standard input, and seals it: facts, effects for people, or measures taken. The options change what is known of it, for the reasons that the text gives: a risk that is none, or high, changes who is told.")) \
X(INCIDENT_SCOPE, "incident scope", "io.custos.incident.Scope",                         \
  "number:count [file:outfile] --purpose=purpose:purpose [--actor=uid:count] [--operator=id:text] [--used-for=purpose:key] [--from=time:text] [--to=time:text] [--collection=collection:collection]", \
  ACCESS_READ | ACCESS_STREAM | ACCESS_FD_OUT | ACCESS_FD_OPTIONAL,                     \
  N_("Compute whom an incident is about."),                                             \
  N_("From the log, and from the access journal for searches and exports: who was read, changed or deleted, by the incident's kind, by a user (--actor) or an operator's id of the log, for a purpose (--used-for), between two local times (those of the incident, if nothing is said). The file receives their ids, one a line. --purpose is what you need it for. That it was asked, and whose ids came out, is in the log and the access journal.")) \
X(INCIDENT_TELL, "incident tell", "io.custos.incident.Tell",                            \
  "number:count whom:words(authority|subjects) --at=time:text [--law=law:key] [--reasons=file:textfile]", \
  ACCESS_ADMIN,                                                                         \
  N_("Note that the authority, or the people, were told of an incident."),              \
  N_("--at is the local time at which that was. After the law's hours, --reasons is a file that says why it was late; it is sealed. Where several laws hold, --law says which authority it was. Who is told in phases is noted each time; the first counts.")) \
X(INCIDENT_LETTER, "incident letter", "io.custos.incident.Letter",                      \
  "number:count whom:words(authority|subjects) [--language=language:words(en|zh)]",     \
  ACCESS_ADMIN,                                                                         \
  N_("Print what the authority, or the people, are written of an incident."),           \
  N_("From what was noted: the newest of its facts, effects and measures, as GDPR Art. 33(3) and 34(2) and PIPL Art. 57 ask for them, and whom to ask. Whole or not at all: what is missing is named. Read it before you send it: it says what you noted, also to people outside. Nothing is sent; 'incident tell' notes that it was. That the texts were read is in the log.")) \
X(INCIDENT_CLOSE, "incident close", "io.custos.incident.Close",                         \
  "number:count",                                                                       \
  ACCESS_ADMIN,                                                                         \
  N_("Close an incident."),                                                             \
  N_("Refused while somebody must be told, and until the register has effects and measures; what is missing is named.")) \
X(INCIDENT_REGISTER, "incident register", "io.custos.incident.Register",                \
  "[--language=language:words(en|zh)]",                                                 \
  ACCESS_ADMIN,                                                                         \
  N_("Print the register of all incidents."),                                           \
  N_("Facts, effects and remedial action of each, who was told and when, as GDPR Art. 33(5) wants it for the authority; --json for programs. That it was read is in the log.")) \
X(RETENTION_PLAN, "retention plan", "io.custos.retention.Plan",                         \
  "[--months=number:count]",                                                            \
  ACCESS_ADMIN,                                                                         \
  N_("Show what ends when, by month and rule."),                                        \
  N_("For the next twelve months, or as many as --months says; counts only. Also which collections have no rule and are kept until they are erased, which rules of retention.yaml wait for a second user because they keep less than before, and whether the clock is believed.")) \
X(RETENTION_RUN, "retention run", "io.custos.retention.Run",                            \
  "[--dry-run]",                                                                        \
  ACCESS_ADMIN,                                                                         \
  N_("End what is over now."),                                                          \
  N_("custosd does so by itself each hour. Keys are shredded: what is under them is gone, in backups of any age too; the rows are deleted in the background. Above the daily caps of erasure.yaml, and where a rule says review, a second user has to confirm first. Where it says anonymise, numbers stay: see 'retention aggregates'. --dry-run only counts. Ends with 75 as long as something waits for a person: a list, a rule that keeps less than before, a clock that jumped.")) \
X(RETENTION_LIST, "retention list", "io.custos.retention.List",                         \
  "",                                                                                   \
  ACCESS_ADMIN,                                                                         \
  N_("List what was ended, the newest first."),                                         \
  N_("Each with the number of keys that were shredded and of rows that were deleted. 'asked' waits for a second user.")) \
X(RETENTION_AGGREGATES, "retention aggregates", "io.custos.retention.Aggregates",       \
  "[--collection=collection:collection]",                                               \
  ACCESS_ADMIN,                                                                         \
  N_("Show what is left, as numbers, of records that were anonymised."),                \
  N_("Where a rule of retention.yaml says anonymise, records are counted before their keys are shredded: in groups of what it lists, with sums. Groups of too few people were never kept. Nothing leads back to a record or a person.")) \
X(HOLD_PLACE, "hold place", "io.custos.hold.Place",                                     \
  "subject:subject [--collection=collection:collection...] [--record=record:record] [--review=date:date] [--from=file:infile] text:letter", \
  ACCESS_ADMIN,                                                                         \
  N_("Keep a person's data, whoever wants it deleted."),                                \
  N_("All of it, some collections or one record, until 'hold release'. Erasures are refused, those that were begun wait, and what is over by retention.yaml stays; what was stopped is counted. Reads why from --from or standard input, and seals it: the case on the first line, then who asked for it. --review is the day to look whether it is needed still. Prints the hold's id.")) \
X(HOLD_LIST, "hold list", "io.custos.hold.List",                                        \
  "[--all]",                                                                            \
  ACCESS_ADMIN,                                                                         \
  N_("List legal holds."),                                                              \
  N_("With --all also those that were released."))                                      \
X(HOLD_SHOW, "hold show", "io.custos.hold.Show",                                        \
  "hold:text",                                                                          \
  ACCESS_ADMIN,                                                                         \
  N_("Show a legal hold, and why it was placed."),                                      \
  N_("That it was read is in the log."))                                                \
X(HOLD_RELEASE, "hold release", "io.custos.hold.Release",                               \
  "hold:text",                                                                          \
  ACCESS_ADMIN,                                                                         \
  N_("End a legal hold."),                                                              \
  N_("Erasures that waited for it go on, and what is over by retention.yaml ends."))    \
X(APPROVAL_LIST, "approval list", "io.custos.approval.List",                            \
  "[--all]",                                                                            \
  ACCESS_ADMIN,                                                                         \
  N_("List what waits for a second user."),                                             \
  N_("With --all also what was decided or has expired."))                               \
X(APPROVAL_SHOW, "approval show", "io.custos.approval.Show",                            \
  "approval:approval",                                                                  \
  ACCESS_ADMIN,                                                                         \
  N_("Say exactly what will happen if it is granted."),                                 \
  N_("For those who may decide about it. Names are masked."))                           \
X(APPROVAL_GRANT, "approval grant", "io.custos.approval.Grant",                         \
  "approval:approval",                                                                  \
  ACCESS_ADMIN,                                                                         \
  N_("Confirm what another user asked for."),                                           \
  N_("Whoever asked for it cannot grant it. It happens then, exactly as 'approval show' says.")) \
X(APPROVAL_DENY, "approval deny", "io.custos.approval.Deny",                            \
  "approval:approval",                                                                  \
  ACCESS_ADMIN,                                                                         \
  N_("Refuse what another user asked for."),                                            \
  N_("An erasure that is denied is cancelled. Whoever asked may take it back by this."))                      \
X(ERASE_SCAN, "erase scan", "io.custos.erase.Scan",                                     \
  "",                                                                                   \
  ACCESS_ADMIN,                                                                         \
  N_("Search the raw files for what is left of erased people."),                        \
  N_("A process of its own, without keys, reads every file of the state directory, also where no row is, for the ids of everybody who was erased. What lies where no row is gets wiped, and all is searched again. custosd does so every night by itself. Exits with 65 when something is left.")) \
X(BACKUP_RUN, "backup run", "io.custos.backup.Run",                                     \
  "[--target=target:target]",                                                           \
  ACCESS_ADMIN | ACCESS_STREAM,                                                         \
  N_("Back up now."),                                                                   \
  N_("To one target or to all of them. Progress is shown until the manifest is signed.")) \
X(BACKUP_LIST, "backup list", "io.custos.backup.List",                                  \
  "[--target=target:target]",                                                           \
  ACCESS_ADMIN,                                                                         \
  N_("List the backups."),                                                              \
  N_("One line for each signed manifest, the newest last."))                            \
X(BACKUP_CHECK, "backup check", "io.custos.backup.Check",                               \
  "[--target=target:target] [--read-data]",                                             \
  ACCESS_ADMIN | ACCESS_STREAM,                                                         \
  N_("Check that the backups are complete."),                                           \
  N_("Follows the chain of manifests and looks for each object. --read-data reads every object and compares its hash. This is not a restore test.")) \
X(BACKUP_PRUNE, "backup prune", "io.custos.backup.Prune",                               \
  "[--target=target:target] [--dry-run]",                                               \
  ACCESS_ADMIN,                                                                         \
  N_("Delete old copies of the keys whose time is over."),                              \
  N_("A vault object goes when the bound of backup.yaml has passed since a newer one took its place; the newest never goes, nor does anything while the newest is not intact. custosd does so every hour by itself. Shows what goes, what stays, and why; with --dry-run nothing is deleted. Backups of the data are not touched.")) \
X(DRILL_RUN, "drill run", "io.custos.drill.Run",                                        \
  "[--target=target:target] [--level=number:count] [--sequence=number:count] [--identity=file:infile]", \
  ACCESS_ADMIN | ACCESS_STREAM | ACCESS_FD_IN | ACCESS_FD_OPTIONAL,                     \
  N_("Try a backup by restoring it."),                                                  \
  N_("Level 1 compares hashes, which is no restore test; 2 rebuilds the data and compares its rows, sealed as they are; 3 restores everything with the identity, opens every record, and keeps nothing. Without --level: 3 with --identity, else 2. The report is signed and in the log. Exits with 65 when the backup fails.")) \
X(DRILL_LIST, "drill list", "io.custos.drill.List",                                     \
  "",                                                                                   \
  ACCESS_ADMIN,                                                                         \
  N_("List the drills that were held."),                                                \
  N_("One line for each, the newest last."))                                            \
X(DRILL_SHOW, "drill show", "io.custos.drill.Show",                                     \
  "number:count",                                                                       \
  ACCESS_ADMIN,                                                                         \
  N_("Print the signed report of a drill."),                                            \
  N_("A note in the form c2sp.org/signed-note; the key is that of 'log checkpoint', and the entry drill.done of the log has its SHA-256.")) \
X(JOB_LIST, "job list", "io.custos.job.List",                                           \
  "",                                                                                   \
  ACCESS_ADMIN,                                                                         \
  N_("List what custosd does by itself, and when."),                                    \
  N_("By schedule.yaml, on the clock of organisation.yaml's time zone: when each job comes next, and how it went the last time.")) \
X(JOB_SHOW, "job show", "io.custos.job.Show",                                           \
  "job:words(backup|mirror|drill|retention|residue|digest)",                                   \
  ACCESS_ADMIN,                                                                         \
  N_("Show how a job went."),                                                           \
  N_("Its last 50 runs, the newest last. What went wrong is in the journal of the system.")) \
X(JOB_RUN, "job run", "io.custos.job.Run",                                              \
  "job:words(backup|mirror|drill|residue|digest)",                                             \
  ACCESS_ADMIN,                                                                         \
  N_("Start a job now."),                                                               \
  N_("It begins within a second, and comes again at its next time all the same. What is over by retention.yaml is ended with 'retention run', by who may.")) \
X(JOB_CANCEL, "job cancel", "io.custos.job.Cancel",                                     \
  "job:words(backup|mirror|drill|retention|residue|digest)",                                   \
  ACCESS_ADMIN,                                                                         \
  N_("Stop a job that is running."),                                                    \
  N_("It ends as soon as it can do so without leaving anything half-done, and comes again at its next time.")) \
X(DUTY_LIST, "duty list", "io.custos.duty.List",                                        \
  "[--all]",                                                                            \
  ACCESS_ADMIN,                                                                         \
  N_("List what people have to do again and again, and when each is due."),             \
  N_("By duties.yaml; what is due next stands first. With --all also what was done once and is not in that file any more.")) \
X(DUTY_SHOW, "duty show", "io.custos.duty.Show",                                        \
  "duty:key",                                                                           \
  ACCESS_ADMIN | ACCESS_STREAM,                                                         \
  N_("Show a duty: what to do, what to write down, and when it was done."),             \
  N_("Where the duty is to look at who may do what, also each user and group of roles.yaml with their roles, when each user was last seen in the log, and which users were seen that roles.yaml does not name.")) \
X(DUTY_DONE, "duty done", "io.custos.duty.Done",                                        \
  "duty:key [--on=day:date] [--from=file:infile] text:letter",                          \
  ACCESS_ADMIN,                                                                         \
  N_("Write down that a duty was done."),                                               \
  N_("Reads the evidence, as 'duty show' asks for it, from --from or standard input, and seals it. --on is the day on which it was done, today if nothing is said. Only for who has the role that the duty is of. What was written down is not changed any more: what has to be added is another 'duty done'.")) \
X(DUTY_HISTORY, "duty history", "io.custos.duty.History",                               \
  "duty:key",                                                                           \
  ACCESS_ADMIN,                                                                         \
  N_("Print each time that a duty was done, with its evidence."),                       \
  N_("The newest first. That it was read is in the log."))                              \
X(AGENT_STATUS, "agent status", "io.custos.agent.Status",                               \
  "",                                                                                   \
  ACCESS_ADMIN,                                                                         \
  N_("Show the process that has a network, and its routes."),                           \
  N_("Whether it runs, under which user, what it has given up, and for each route of agent.yaml what waits, or what is wrong with its settings.")) \
X(AGENT_TEST, "agent test", "io.custos.agent.Test",                                     \
  "route:key",                                                                          \
  ACCESS_ADMIN,                                                                         \
  N_("Send a test message by a route, and wait for what becomes of it."),               \
  N_("Whoever is at the other end gets a message that says that it is a test. Says why when it is not taken; it is then tried again, as any other: 'message drop' ends that.")) \
X(MESSAGE_LIST, "message list", "io.custos.message.List",                               \
  "[--all]",                                                                            \
  ACCESS_ADMIN,                                                                         \
  N_("List the messages that wait to be sent, and those that were given up."),          \
  N_("With --all also those that were sent or dropped within 90 days. What they say to a person is never shown.")) \
X(MESSAGE_SHOW, "message show", "io.custos.message.Show",                               \
  "message:text",                                                                       \
  ACCESS_ADMIN,                                                                         \
  N_("Show a message: when it was tried, when it is again, and why it was not taken."), \
  N_("What it says to a person is not shown."))                                         \
X(MESSAGE_RETRY, "message retry", "io.custos.message.Retry",                            \
  "message:text",                                                                       \
  ACCESS_ADMIN,                                                                         \
  N_("Try a message again now."),                                                       \
  N_("One that waits, or that was given up."))                                          \
X(MESSAGE_DROP, "message drop", "io.custos.message.Drop",                               \
  "message:text",                                                                       \
  ACCESS_ADMIN,                                                                         \
  N_("Never send a message."),                                                          \
  N_("The keys of its text are shredded. If it was handed over just now, it may arrive all the same.")) \
X(REPORT_ROPA, "report ropa", "io.custos.report.Ropa",                                  \
  "",                                                                                   \
  ACCESS_ADMIN,                                                                         \
  N_("Print the record of processing activities."),                                     \
  N_("Art. 30(1) GDPR, from the policies in force: for each purpose its basis, whose data and which, who receives it, and until when it is kept; and what the policies do not say although the article asks for it. No person's data is shown. --json is for programs.")) \
X(REPORT_NOTICE, "report notice", "io.custos.report.Notice",                            \
  "[--format=format:words(text|html|md)] [--language=language:words(en|zh)] [file:outfile]", \
  ACCESS_ADMIN | ACCESS_FD_OUT | ACCESS_FD_OPTIONAL,                                    \
  N_("Write the skeleton of a privacy notice."),                                        \
  N_("What people have to be told when their data is collected (Art. 13 and 14 GDPR, Art. 17 PIPL), from the policies in force. What an article asks for and the policies do not say stands above everything, as a gap, and then it is called a draft. No person's data is shown.")) \
X(REPORT_COMPLIANCE, "report compliance", "io.custos.report.Compliance",                \
  "[--from=day:date] [--to=day:date] [--format=format:words(text|json|csv|html)] [--language=language:words(en|zh)] [file:outfile]", \
  ACCESS_ADMIN | ACCESS_FD_OUT | ACCESS_FD_OPTIONAL,                                    \
  N_("Report how requests, consents, retention, holds, incidents and backups went."),    \
  N_("For a board or an auditor: deadlines met, what was refused, what is over and still there, what was drilled, and what somebody should look at. Without --from and --to it is the present month and the eleven before it. Counts and days only; requests are called by their numbers. --format=csv has a line for each figure; --format=html is one page with charts, to read and print, that loads nothing.")) \
X(REPORT_DIGEST, "report digest", "io.custos.report.Digest",                            \
  "[--language=language:words(en|zh)]",                                                 \
  ACCESS_ADMIN,                                                                         \
  N_("Show the week in numbers."),                                                      \
  N_("What needs somebody, what is due in four weeks, what is open and how old, what was erased, ended, consented and withdrawn in the last seven days, and how old backups and drills are. The same goes out each week by the routes of agent.yaml with 'digest: yes'. Numbers and days; requests are called by their numbers.")) \
X(REPORT_RUNBOOK, "report runbook", "io.custos.report.Runbook",                         \
  "[file:outfile]",                                                                     \
  ACCESS_ADMIN | ACCESS_FD_OUT | ACCESS_FD_OPTIONAL,                                    \
  N_("Print what to do when something is lost, with the names of whom to call."),       \
  N_("The host, the disk, the passphrase, a target, a key: step by step, with the people of organisation.yaml and the targets of backup.yaml filled in. Keep it on paper beside the identity: when it is needed, this machine may not run.")) \
X(LOG_SHOW, "log show", "io.custos.log.Show",                                           \
  "[--from=index:count] [--count=number:count]",                                        \
  ACCESS_ADMIN,                                                                         \
  N_("Show entries of the audit log."),                                                 \
  N_("The newest, or those from an index on. Entries hold ids and keys of policies, never a person's data.")) \
X(LOG_QUERY, "log query", "io.custos.log.Query",                                        \
  "[--subject=subject:subject] [--actor=uid:count] [--purpose=purpose:key] [--from=day:date] [--to=day:date] [--after=index:count] [--count=number:count]", \
  ACCESS_ADMIN | ACCESS_STREAM,                                                         \
  N_("Find out who did what to whom, when and for which purpose."),                     \
  N_("Entries of the audit log that fit all that is given, oldest first; with --subject also searches and exports that showed that person among others, and questions about many that named it, as long as the access journal remembers; days are of UTC, the last one included. At most --count at a time (100; up to 1000); when there are more, it is said where to go on with --after. Each query is itself an entry.")) \
X(LOG_PROVE, "log prove", "io.custos.log.Prove",                                        \
  "index:count",                                                                        \
  ACCESS_ADMIN,                                                                         \
  N_("Print a proof that an entry is in the log."),                                     \
  N_("In the form c2sp.org/tlog-proof, which anybody can check with the log's public key.")) \
X(LOG_VERIFY, "log verify", "io.custos.log.Verify",                                     \
  "",                                                                                   \
  ACCESS_ADMIN,                                                                         \
  N_("Recompute the whole log and compare."),                                           \
  N_("Every entry, every tile and the root of the signed checkpoint."))                 \
X(LOG_ACCEPT_GAP, "log accept-gap", "io.custos.log.AcceptGap",                          \
  "",                                                                                   \
  ACCESS_ADMIN,                                                                         \
  N_("Ask to use a store that was restored with a gap in its log."),                    \
  N_("The log may lack erasures, so such a store keeps its data and does not use it. Once a second user has confirmed ('approval grant'), it is used again, and the log says so.")) \
X(LOG_CHECKPOINT, "log checkpoint", "io.custos.log.Checkpoint",                         \
  "",                                                                                   \
  ACCESS_ADMIN,                                                                         \
  N_("Print the signed checkpoint of the log."),                                        \
  N_("A note in the form c2sp.org/tlog-checkpoint, and the key that verifies it. Keep it elsewhere: a log that was rolled back does not extend it."))

/* Commands that custosctl answers alone. */
#define CU_LOCAL_COMMANDS(X)                                                            \
X(HELP, "help", "",                                                                     \
  "[topic:text...]",                                                                    \
  ACCESS_LOCAL,                                                                         \
  N_("Explain a command."),                                                             \
  N_("'help backup' lists a family, 'help backup run' explains one command."))          \
X(POLICY_CHECK_FILES, "policy check-files", "",                                         \
  "[directory:path]",                                                                   \
  ACCESS_LOCAL,                                                                         \
  N_("Check policy files without a custosd that runs."),                                \
  N_("Those of /etc/custos/policies, if no other directory is named: before a start, or when a start failed because of them. Exits with 65 if there is a fault.")) \
X(WATCH, "watch", "",                                                                   \
  "[--every=seconds:count]",                                                            \
  ACCESS_LOCAL,                                                                         \
  N_("Show how it is, and each change, until Ctrl-C."),                                 \
  N_("On a terminal the screen of 'status', drawn anew every 2 seconds, or as --every says; elsewhere a line for each change: what needs a person, jobs, backups, requests, erasures, messages. When custosd is started anew it says so, and goes on.")) \
X(VERSION, "version", "",                                                               \
  "",                                                                                   \
  ACCESS_LOCAL,                                                                         \
  N_("Print the version of custosctl."),                                                \
  N_("'status' shows the version of the running custosd."))

#define CU_COMMANDS(X) CU_DAEMON_COMMANDS(X) CU_LOCAL_COMMANDS(X)

/* X(first word, title): commands of two words, in the order of the overview. */
#define CU_FAMILIES(X)                                                                  \
X("subject", N_("People and organisations"))                                            \
X("record",  N_("Records with keys and rules of their own"))                            \
X("request", N_("What people ask for about their data"))                                \
X("consent", N_("Consents and objections"))                                             \
X("erase",   N_("Erasures"))                                                            \
X("incident", N_("Incidents with personal data"))                                        \
X("hold", N_("Legal holds"))                                                            \
X("retention", N_("What ends when its time is over"))                                    \
X("approval", N_("What a second user confirms"))                                        \
X("backup",  N_("Backups"))                                                             \
X("drill",   N_("Drills"))                                                              \
X("job",     N_("What is done by itself"))                                               \
X("duty",    N_("What people do again and again"))                                       \
X("agent",   N_("The process that has a network"))                                      \
X("message", N_("Messages that are sent"))                                              \
X("report",  N_("Reports"))                                                             \
X("log",     N_("The audit log"))                                                       \
X("key",     N_("The root key"))                                                        \
X("policy",  N_("Policies"))

/* clang-format on */
#endif
