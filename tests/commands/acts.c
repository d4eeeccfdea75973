/* The table.  Texts about people have the canary in them. */
#include "acts.h"

#include <stdio.h>

#define LETTER  "I am " CANARY ", and ask for my data.\n"
#define ERASURE "--purpose=erasure_request"
#define SERVICE "--purpose=customer_service"
#define ALL     "--purpose=access_request"
#define MAIL    "--purpose=marketing_email --language=en"
#define PASS    "correct horse battery staple\n"

/* What stands before an act about a request. */
#define ASKED(type, more)                                                                            \
	{ AS_PRIVACY, "request open " type " --received=$yesterday --channel=letter --subject=$ada" more, LETTER, \
		"n=request.number" }
#define VERIFIED(type, more) ASKED(type, more), { AS_PRIVACY, "request verify $n --method=in-person", NULL, NULL }
#define APPROVING(type, more) \
	VERIFIED(type, more), { AS_PRIVACY, "request approve $n", NULL, "a=request.approval" }
#define APPROVED(type, more) APPROVING(type, more), { AS_SECOND, "approval grant $a", NULL, NULL }
#define EXECUTED(type, more) APPROVED(type, more), { AS_PRIVACY, "request execute $n", NULL, NULL }

#define INCIDENT \
	{ AS_PRIVACY, "incident open --noticed=$yesterday~10:15 --kind=disclosure", "A list with " CANARY ".\n", NULL }
#define HOLD { AS_PRIVACY, "hold place $ada", "case " CANARY "\n", "h=hold" }
#define GIVEN { AS_PRIVACY, "consent give $ada --method=checkbox " MAIL, NULL, NULL }
#define ERASING { AS_PRIVACY, "erase $ada " ERASURE, NULL, "e=result.erasure" }
#define KEYED                                                                                                  \
	{ AS_PRIVACY, "record put " SERVICE " --subject=$ada --mode=new",                                           \
		"[{\"collection\":\"need\",\"key\":\"k-" CANARY "\",\"rule\":{\"purposes\":[\"customer_service\"]}," \
		"\"fields\":{\"topic\":\"" CANARY "\"}}]",                                                             \
		"r=records.0" }
#define MESSAGE { AS_ADMIN, "agent test busy", NULL, "m=message" }
#define PHRASE { AS_ADMIN, "key add passphrase", PASS, NULL }

const struct act acts[] = {
	/* the store */
	{ COMMAND_INIT, NULL, { AS_ADMIN, "init $identity", NULL, NULL }, .is_alone = true,
		.is_long = true }, /* what it left unfinished is made anew */
	{ COMMAND_SEAL, NULL, { AS_ADMIN, "seal", NULL, NULL }, .is_passing = true },
	{ COMMAND_UNSEAL, NULL, { AS_ADMIN, "unseal", PASS, NULL },
		{ PHRASE, { AS_ADMIN, "key remove file", NULL, NULL } }, .is_passing = true },
	{ COMMAND_ADOPT, NULL, { AS_ADMIN, "adopt", NULL, NULL }, .restored = ACT_RESTORED },
	{ COMMAND_KEY_ADD, NULL, { AS_ADMIN, "key add passphrase", PASS, NULL } },
	{ COMMAND_KEY_ADD, "a file", { AS_ADMIN, "key add file", NULL, NULL },
		{ PHRASE, { AS_ADMIN, "key remove file", NULL, NULL } }, { { AS_ADMIN, "unseal", PASS, NULL } } },
	{ COMMAND_KEY_REMOVE, "the file", { AS_ADMIN, "key remove file", NULL, NULL }, { PHRASE }, .seals = true },
	{ COMMAND_KEY_REMOVE, "the passphrase", { AS_ADMIN, "key remove passphrase", NULL, NULL }, { PHRASE } },
	{ COMMAND_KEY_ROTATE, NULL, { AS_ADMIN, "key rotate", NULL, NULL } },
	{ COMMAND_KEY_ROTATE, "two sources", { AS_ADMIN, "key rotate --key=passphrase", PASS, NULL }, { PHRASE } },
	{ COMMAND_KEY_ROTATE, "--epoch", { AS_ADMIN, "key rotate --epoch", NULL, NULL } },
	{ COMMAND_LOG_ACCEPT_GAP, NULL, { AS_ADMIN, "log accept-gap", NULL, NULL }, { ERASING },
		.restored = ACT_RESTORED_WITH_GAP, .ripe_days = 4, .days_later = 4, .needs_two = true },

	/* people and records */
	{ COMMAND_SUBJECT_ADD, NULL, { AS_PRIVACY, "subject add --kind=person " SERVICE,
		"[{\"collection\":\"profile\",\"fields\":{\"full_name\":\"" CANARY "\"}},"
		"{\"collection\":\"contact_point\",\"fields\":{\"email\":\"new." CANARY "@example.org\"}}]", NULL } },
	{ COMMAND_SUBJECT_UPDATE, "a new record", { AS_PRIVACY, "subject update $ada " SERVICE " --collection=contact_point",
		"{\"city\":\"" CANARY "\"}", NULL } },
	{ COMMAND_SUBJECT_UPDATE, "a record", { AS_PRIVACY,
		"subject update $ada " SERVICE " --collection=profile --record=$profile", "{\"given_name\":\"" CANARY "\"}",
		NULL } },
	{ COMMAND_SUBJECT_GET, NULL, { AS_PRIVACY, "subject get $ada " SERVICE, NULL, NULL } },
	{ COMMAND_SUBJECT_SEARCH, NULL, { AS_PRIVACY, "subject search email " SERVICE, "ada." CANARY "@example.org\n",
		NULL } },
	{ COMMAND_SUBJECT_DOSSIER, NULL, { AS_PRIVACY, "subject dossier $ada $files/dossier.zip " ALL, NULL, NULL } },
	{ COMMAND_SUBJECT_RESTRICT, NULL, { AS_PRIVACY, "subject restrict $ada " SERVICE " --reason=$files/reason.txt", NULL,
		NULL } },
	{ COMMAND_SUBJECT_UNRESTRICT, NULL, { AS_PRIVACY, "subject unrestrict $ada " SERVICE, NULL, NULL },
		{ { AS_PRIVACY, "subject restrict $ada " SERVICE, NULL, NULL } } },
	{ COMMAND_SUBJECT_MERGE, NULL, { AS_PRIVACY, "subject merge $bob $ada " SERVICE, NULL, NULL }, .goes_on = true },
	{ COMMAND_RECORD_PUT, NULL, { AS_PRIVACY, "record put " SERVICE " --mode=any",
		"[{\"collection\":\"need\",\"key\":\"new-" CANARY "\",\"owner\":{\"scheme\":\"shop\",\"number\":\"" CANARY "\"},"
		"\"fields\":{\"topic\":\"" CANARY "\"}}]", NULL } },
	{ COMMAND_RECORD_PUT, "a known one", { AS_PRIVACY, "record put " SERVICE " --mode=known",
		"[{\"collection\":\"need\",\"key\":\"k-" CANARY "\",\"rule\":{\"purposes\":[\"customer_service\"],\"keep\":\"30d\"},"
		"\"fields\":{\"topic\":\"other " CANARY "\"}}]", NULL }, { KEYED } },
	{ COMMAND_RECORD_GET, NULL, { AS_PRIVACY, "record get " SERVICE " --record=$r", NULL, NULL }, { KEYED } },
	{ COMMAND_RECORD_RULE, NULL, { AS_PRIVACY,
		"record rule " SERVICE " --collection=need --where=record --is=$r --set=keep --value=30d", NULL, NULL }, { KEYED } },
	{ COMMAND_RECORD_DELETE, NULL, { AS_PRIVACY, "record delete " SERVICE " --collection=need --where=record --is=$r",
		NULL, NULL }, { KEYED } },
	{ COMMAND_IMPORT, NULL, { AS_PRIVACY, "import $files/rows.csv --map=$files/map.yaml " SERVICE, NULL, NULL },
		.is_long = true },
	{ COMMAND_IMPORT, "UTF-16, with rejects", { AS_PRIVACY,
		"import $files/wide.csv --charset=UTF-16 --rejects=$files/rejects.csv --map=$files/map.yaml " SERVICE, NULL,
		NULL }, .is_long = true, .status = 65 },
	{ COMMAND_EXPORT, NULL, { AS_PRIVACY, "export $files/all.jsonl " SERVICE, NULL, NULL } },

	/* what they say */
	{ COMMAND_CONSENT_GIVE, NULL, { AS_PRIVACY, "consent give $ada --method=written --evidence=$files/reason.txt " MAIL,
		NULL, NULL } },
	{ COMMAND_CONSENT_WITHDRAW, NULL, { AS_PRIVACY, "consent withdraw $ada --purpose=marketing_email", NULL, NULL },
		{ GIVEN } },
	{ COMMAND_CONSENT_REFUSE, NULL, { AS_PRIVACY, "consent refuse $ada " MAIL, NULL, NULL } },
	{ COMMAND_CONSENT_REQUEST, NULL, { AS_PRIVACY, "consent request $ada " MAIL, NULL, NULL } },
	{ COMMAND_CONSENT_INVALIDATE, NULL, { AS_PRIVACY, "consent invalidate $ada --purpose=marketing_email", NULL, NULL },
		{ GIVEN } },
	{ COMMAND_CONSENT_OBJECT, NULL, { AS_PRIVACY, "consent object $ada --purpose=marketing_post", NULL, NULL } },
	{ COMMAND_CONSENT_UNOBJECT, NULL, { AS_PRIVACY, "consent unobject $ada --purpose=marketing_post --because=person",
		NULL, NULL }, { { AS_PRIVACY, "consent object $ada --purpose=marketing_post", NULL, NULL } } },
	{ COMMAND_CONSENT_FILTER, NULL, { AS_PRIVACY, "consent filter " SERVICE, "$ada\n$bob\n", NULL } },

	/* erasures */
	{ COMMAND_ERASE, NULL, { AS_PRIVACY, "erase $ada " ERASURE, NULL, NULL } },
	{ COMMAND_ERASE, "a collection", { AS_PRIVACY, "erase $ada " ERASURE " --collection=order", NULL, NULL } },
	{ COMMAND_ERASE, "a record", { AS_PRIVACY, "erase $ada " ERASURE " --record=$profile", NULL, NULL } },
	{ COMMAND_ERASE_CANCEL, NULL, { AS_PRIVACY, "erase cancel $e", NULL, NULL }, { ERASING }, .needs_two = true },
	{ COMMAND_ERASE_CERTIFICATE, NULL, { AS_PRIVACY, "erase certificate $e", NULL, NULL },
		{ ERASING }, .ripe_days = 4, .days_later = 4, .needs_two = true },
	{ COMMAND_ERASE_SCAN, NULL, { AS_PRIVACY, "erase scan", NULL, NULL } },
	{ COMMAND_ERASE_VERIFY, NULL, { AS_PRIVACY, "erase verify --identity=$files/for-all", NULL, NULL },
		{ ERASING }, .ripe_days = 4, .days_later = 4, .needs_two = true,
		.status = 65 }, /* the vault object from before still opens, and is due later */
	{ COMMAND_HOLD_PLACE, NULL, { AS_PRIVACY, "hold place $ada", "case " CANARY "\n", NULL } },
	{ COMMAND_HOLD_RELEASE, NULL, { AS_PRIVACY, "hold release $h", NULL, NULL }, { HOLD } },
	{ COMMAND_RETENTION_RUN, NULL, { AS_PRIVACY, "retention run", NULL, NULL },
		.first = { { AS_PRIVACY, "subject update $bob " SERVICE " --collection=order",
			"{\"date\":\"$longago\",\"note\":\"" CANARY "\"}", NULL } }, .goes_on = true, .is_long = true, .is_passing = true },
	{ COMMAND_APPROVAL_GRANT, NULL, { AS_SECOND, "approval grant $a", NULL, NULL }, { APPROVING("access", "") },
		.needs_two = true },
	{ COMMAND_APPROVAL_GRANT, "the gap", { AS_SECOND, "approval grant $a", NULL, NULL }, { ERASING },
		.first = { { AS_ADMIN, "log accept-gap", NULL, "a=approval" } }, .restored = ACT_RESTORED_WITH_GAP,
		.ripe_days = 4, .days_later = 4, .needs_two = true },
	{ COMMAND_APPROVAL_DENY, NULL, { AS_SECOND, "approval deny $a", NULL, NULL }, { APPROVING("access", "") },
		.needs_two = true },

	/* requests */
	{ COMMAND_REQUEST_OPEN, NULL, { AS_PRIVACY,
		"request open access --received=$yesterday --channel=letter --subject=$ada", LETTER, NULL } },
	{ COMMAND_REQUEST_SHOW, NULL, { AS_PRIVACY, "request show $n", NULL, NULL }, { ASKED("access", "") } },
	{ COMMAND_REQUEST_ASSIGN, NULL, { AS_PRIVACY, "request assign $n --to=me", NULL, NULL }, { ASKED("access", "") } },
	{ COMMAND_REQUEST_NOTE, NULL, { AS_PRIVACY, "request note $n", "On the telephone: " CANARY "\n", NULL },
		{ ASKED("access", "") } },
	{ COMMAND_REQUEST_REPRESENT, NULL, { AS_PRIVACY, "request represent $n lawyer", "Mr. " CANARY "\n1 Inner Temple\n",
		NULL }, { ASKED("access", "") } },
	{ COMMAND_REQUEST_AUTHORISE, NULL, { AS_PRIVACY, "request authorise $n --by=written", NULL, NULL },
		{ ASKED("access", ""), { AS_PRIVACY, "request represent $n lawyer", "Mr. " CANARY "\n", NULL } } },
	{ COMMAND_REQUEST_UNREPRESENT, NULL, { AS_PRIVACY, "request unrepresent $n", NULL, NULL },
		{ ASKED("access", ""), { AS_PRIVACY, "request represent $n lawyer", "Mr. " CANARY "\n", NULL } } },
	{ COMMAND_REQUEST_IDENTIFY, NULL, { AS_PRIVACY, "request identify $n $bob", NULL, NULL }, { ASKED("access", "") } },
	{ COMMAND_REQUEST_ASK, NULL, { AS_PRIVACY, "request ask $n --method=code", NULL, NULL }, { ASKED("access", "") } },
	{ COMMAND_REQUEST_VERIFY, NULL, { AS_PRIVACY, "request verify $n --method=in-person", NULL, NULL },
		{ ASKED("access", "") } },
	{ COMMAND_REQUEST_EXEMPT, NULL, { AS_PRIVACY, "request exempt $n --collection=order --citation=HGB~257", NULL,
		NULL }, { VERIFIED("erasure", "") } },
	{ COMMAND_REQUEST_APPROVE, NULL, { AS_PRIVACY, "request approve $n", NULL, NULL }, { VERIFIED("access", "") } },
	{ COMMAND_REQUEST_EXECUTE, "access", { AS_PRIVACY, "request execute $n $files/dossier.zip", NULL, NULL },
		{ APPROVED("access", "") }, .needs_two = true, .is_long = true }, /* a dossier has its leaf before it is handed out */
	{ COMMAND_REQUEST_EXECUTE, "erasure", { AS_PRIVACY, "request execute $n", NULL, NULL }, { APPROVED("erasure", "") },
		.needs_two = true },
	{ COMMAND_REQUEST_EXECUTE, "restriction", { AS_PRIVACY, "request execute $n", NULL, NULL },
		{ VERIFIED("restriction", "") } },
	{ COMMAND_REQUEST_EXECUTE, "objection", { AS_PRIVACY, "request execute $n", NULL, NULL },
		{ VERIFIED("objection", " --about=marketing_post") } },
	{ COMMAND_REQUEST_EXECUTE, "withdrawal", { AS_PRIVACY, "request execute $n", NULL, NULL },
		{ GIVEN, VERIFIED("withdrawal", " --about=marketing_email") } },
	{ COMMAND_REQUEST_LETTER, NULL, { AS_PRIVACY, "request letter $n acknowledge", NULL, NULL }, { ASKED("access", "") } },
	{ COMMAND_REQUEST_SEND, NULL, { AS_PRIVACY, "request send $n acknowledge", NULL, NULL }, { ASKED("access", "") },
		.goes_on = true },
	{ COMMAND_REQUEST_UNTOLD, NULL, { AS_PRIVACY, "request untold $n --recipient=carrier --because=impossible",
		"They are gone, says " CANARY ".\n", NULL }, { VERIFIED("restriction", ""),
		{ AS_PRIVACY, "request execute $n", NULL, NULL } } },
	{ COMMAND_REQUEST_DONE, NULL, { AS_PRIVACY, "request done $n", NULL, NULL }, { VERIFIED("objection",
		" --about=marketing_post"), { AS_PRIVACY, "request execute $n", NULL, NULL },
		{ AS_PRIVACY, "request letter $n fulfil", NULL, NULL } } },
	{ COMMAND_REQUEST_EXTEND, NULL, { AS_PRIVACY, "request extend $n --reason=complexity", NULL, NULL },
		{ VERIFIED("access", "") } },
	{ COMMAND_REQUEST_DENY, NULL, { AS_PRIVACY, "request deny $n --reason=legal_claims", NULL, NULL },
		{ VERIFIED("erasure", "") } },
	{ COMMAND_REQUEST_REVOKE, NULL, { AS_PRIVACY, "request revoke $n", NULL, NULL }, { ASKED("access", "") } },
	{ COMMAND_REQUEST_REVOKE, "an erasure", { AS_PRIVACY, "request revoke $n", NULL, NULL }, { EXECUTED("erasure", "") },
		.needs_two = true },
	{ COMMAND_REQUEST_LAPSE, NULL, { AS_PRIVACY, "request lapse $n", NULL, NULL },
		{ ASKED("access", ""), { AS_PRIVACY, "request ask $n --method=document", NULL, NULL } }, .days_later = 40 },
	{ COMMAND_REQUEST_DUPLICATE, NULL, { AS_PRIVACY, "request duplicate 2 --of=1", NULL, NULL },
		{ VERIFIED("access", ""), VERIFIED("access", "") } },

	/* incidents and duties */
	{ COMMAND_INCIDENT_OPEN, NULL, { AS_PRIVACY, "incident open --noticed=$yesterday~10:15 --kind=disclosure",
		"A list with " CANARY ".\n", NULL } },
	{ COMMAND_INCIDENT_SHOW, NULL, { AS_PRIVACY, "incident show 1", NULL, NULL }, { INCIDENT } },
	{ COMMAND_INCIDENT_NOTE, NULL, { AS_PRIVACY, "incident note 1 --about=effects --risk=high", CANARY " may be known.\n",
		NULL }, { INCIDENT } },
	{ COMMAND_INCIDENT_SCOPE, NULL, { AS_PRIVACY, "incident scope 1 $files/ids --purpose=incident --from=$yesterday "
		"--to=$tomorrow", NULL, NULL }, { INCIDENT, { AS_PRIVACY, "subject get $ada " SERVICE, NULL, NULL } } },
	{ COMMAND_INCIDENT_TELL, NULL, { AS_PRIVACY, "incident tell 1 authority --at=$yesterday~11:15", NULL, NULL },
		{ INCIDENT } },
	{ COMMAND_INCIDENT_CLOSE, NULL, { AS_PRIVACY, "incident close 1", NULL, NULL },
		{ INCIDENT, { AS_PRIVACY, "incident note 1 --about=effects --risk=none", "None, says " CANARY ".\n", NULL },
		{ AS_PRIVACY, "incident note 1 --about=measures", "Locks, says " CANARY ".\n", NULL } } },
	{ COMMAND_DUTY_DONE, NULL, { AS_PRIVACY, "duty done training", "With " CANARY ".\n", NULL } },

	/* backups and messages */
	{ COMMAND_BACKUP_RUN, NULL, { AS_ADMIN, "backup run", NULL, NULL },
		{ { AS_PRIVACY, "subject update $ada " SERVICE " --collection=profile", "{\"note\":\"" CANARY "\"}", NULL } }, .goes_on = true },
	{ COMMAND_BACKUP_PRUNE, NULL, { AS_ADMIN, "backup prune", NULL, NULL },
		{ ERASING }, .ripe_days = 4, .days_later = 12, .needs_two = true },
	{ COMMAND_DRILL_RUN, "level 2", { AS_ADMIN, "drill run --level=2", NULL, NULL } },
	{ COMMAND_DRILL_RUN, "level 3", { AS_ADMIN, "drill run --identity=$identity", NULL, NULL } },
	{ COMMAND_JOB_RUN, "a backup", { AS_ADMIN, "job run backup", NULL, NULL }, .goes_on = true, .is_begun = true },
	{ COMMAND_AGENT_TEST, NULL, { AS_ADMIN, "agent test mail", NULL, NULL } },
	{ COMMAND_MESSAGE_RETRY, NULL, { AS_ADMIN, "message retry $m", NULL, NULL }, { MESSAGE }, .goes_on = true },
	{ COMMAND_MESSAGE_DROP, NULL, { AS_ADMIN, "message drop $m", NULL, NULL }, { MESSAGE } },

	/* what custosd does by itself, and what is done without it */
	{ COMMAND_COUNT_, "a start and a stop", .kind = ACT_START },
	{ COMMAND_COUNT_, "a start after a grace period", .before = { ERASING }, .kind = ACT_START, .days_later = 4,
		.goes_on = true, .needs_two = true },
	{ COMMAND_COUNT_, "a start after a grace period, of a collection",
		.before = { { AS_PRIVACY, "erase $ada " ERASURE " --collection=order", NULL, NULL } }, .kind = ACT_START,
		.days_later = 4, .goes_on = true, .needs_two = true },
	{ COMMAND_COUNT_, "custosd restore", .kind = ACT_RESTORE },
};

const size_t nacts = sizeof(acts) / sizeof(acts[0]);

#define READS   "it reads, as 'subject get' and 'request show' do, which are played: a leaf is all that it leaves"
#define NOTHING "it changes nothing, and leaves nothing in the log"

const char *act_harmless(enum command_id id)
{
	switch (id) {
	case COMMAND_STATUS:
	case COMMAND_METRICS:
	case COMMAND_DOCTOR:
	case COMMAND_KEY_LIST:
	case COMMAND_POLICY_CHECK:
	case COMMAND_POLICY_DEADLINE:
	case COMMAND_POLICY_BREACH:
	case COMMAND_POLICY_LETTER:
	case COMMAND_ERASE_LIST:
	case COMMAND_ERASE_SHOW:
	case COMMAND_REQUEST_LIST:
	case COMMAND_REQUEST_NEXT:
	case COMMAND_REQUEST_CLOCK:
	case COMMAND_INCIDENT_LIST:
	case COMMAND_RETENTION_PLAN:
	case COMMAND_RETENTION_LIST:
	case COMMAND_RETENTION_AGGREGATES:
	case COMMAND_HOLD_LIST:
	case COMMAND_APPROVAL_LIST:
	case COMMAND_BACKUP_LIST:
	case COMMAND_BACKUP_CHECK:
	case COMMAND_DRILL_LIST:
	case COMMAND_DRILL_SHOW:
	case COMMAND_JOB_LIST:
	case COMMAND_JOB_SHOW:
	case COMMAND_DUTY_LIST:
	case COMMAND_DUTY_SHOW:
	case COMMAND_AGENT_STATUS:
	case COMMAND_MESSAGE_LIST:
	case COMMAND_MESSAGE_SHOW:
	case COMMAND_REPORT_ROPA:
	case COMMAND_REPORT_NOTICE:
	case COMMAND_REPORT_COMPLIANCE:
	case COMMAND_REPORT_DIGEST:
	case COMMAND_REPORT_RUNBOOK:
	case COMMAND_LOG_SHOW:
	case COMMAND_LOG_PROVE:
	case COMMAND_LOG_VERIFY:
	case COMMAND_LOG_CHECKPOINT: return NOTHING;
	case COMMAND_RECORD_LIST:
	case COMMAND_RECORD_COUNT:
	case COMMAND_CONSENT_LIST:
	case COMMAND_CONSENT_CHECK:
	case COMMAND_CONSENT_RECEIPT:
	case COMMAND_CONSENT_STALE:
	case COMMAND_REQUEST_SCOPE:
	case COMMAND_INCIDENT_LETTER:
	case COMMAND_INCIDENT_REGISTER:
	case COMMAND_HOLD_SHOW:
	case COMMAND_APPROVAL_SHOW:
	case COMMAND_DUTY_HISTORY:
	case COMMAND_LOG_QUERY: return READS;
	case COMMAND_JOB_CANCEL: return "there is something to cancel only for moments; what it cancels is played";
	default: return command_at(id)->access & ACCESS_LOCAL ? "custosctl answers it alone" : NULL;
	}
}

const char *act_name(const struct act *a)
{
	static char name[2][96];
	static unsigned next;
	char *to = name[next++ % 2];

	if (a->id == COMMAND_COUNT_) {
		snprintf(to, sizeof(name[0]), "%s", a->what);
	} else {
		snprintf(to, sizeof(name[0]), "%s%s%s", command_at(a->id)->words, a->what ? ": " : "", a->what ? a->what : "");
	}
	return to;
}
