#include "policy/organisation.h"

#include <stddef.h>

#include "base/intl.h"
#include "base/zone.h"
#include "policy/yaml.h"

#define CONTACT(member) offsetof(struct organisation_contact, member)
#define ORG(member)     offsetof(struct organisation, member)
#define PERSON(member)  offsetof(struct organisation_person, member)
#define COUNT(a)        (sizeof(a) / sizeof((a)[0]))

static const char *check_zone(const char *text)
{
	return zone_is_known(text) ?
		NULL :
		N_("is no time zone of this host, such as Europe/Berlin (is tzdata installed?)");
}

/* clang-format off */
static const struct row contact_row[] = {
	{ "name", SET_TEXT, MUST, "The name.", CONTACT(name) },
	{ "address", SET_TEXT, 0, "The postal address, in one line.", CONTACT(address) },
	{ "contact", SET_TEXT, 0, "An e-mail address, a telephone number or a page.",
	  CONTACT(contact) },
};
static const struct rows contact_rows = {
	"Somebody who can be written to", contact_row, COUNT(contact_row),
	sizeof(struct organisation_contact), CONTACT(node)
};

static const struct row person_row[] = {
	{ "part", SET_ENUM, MUST,
	  "Who that is: who repairs the machine, who has the identity or a target, who decides for the privacy "
	  "staff, who confirms as the second user.", PERSON(part),
	  .words = "administrator identity target privacy second" },
	{ "name", SET_TEXT, MUST, "The name.", PERSON(name) },
	{ "contact", SET_TEXT, MUST, "How to reach them when no machine runs: a telephone number.",
	  PERSON(contact) },
	{ "text", SET_TEXT, 0, "What they have and where, or whom they stand in for.", PERSON(text) },
};
static const struct rows person_rows = {
	"Somebody of the runbook", person_row, COUNT(person_row),
	sizeof(struct organisation_person), PERSON(node)
};

static const struct row organisation_row[] = {
	{ "laws", SET_NAMES, 0,
	  "The laws that hold here, keys of `law`. The first is that of a request for which none is "
	  "named. Without any, no request has a clock.", ORG(laws) },
	{ "country", SET_NAME, 0,
	  "Whose public holidays count, a key of `law/calendar`; a law may say otherwise. `none` "
	  "knows Saturdays and Sundays only: right or too early, but in a country that works on such days, as China on some, days may be later than the law's.",
	  ORG(country), .standard = "none" },
	{ "time_zone", SET_TEXT, 0,
	  "Where a day begins and ends, as `Europe/Berlin`: the date on which a letter arrives is a "
	  "local one.", ORG(time_zone), .standard = "UTC", .check = check_zone },
	{ "language", SET_ENUM, 0, "Of letters and derivations when no other is asked for.",
	  ORG(language), .standard = "en", .words = "en zh" },
	{ "controller", SET_MAP, 0, "Who answers for the data (GDPR Art. 4(7), PIPL Art. 73).",
	  ORG(controller), .of = &contact_rows },
	{ "representative", SET_MAP, 0,
	  "Who represents it, where it is established elsewhere (GDPR Art. 27, PIPL Art. 53).",
	  ORG(representative), .of = &contact_rows },
	{ "dpo", SET_MAP, 0,
	  "The data protection officer (GDPR Art. 37), or who is responsible (PIPL Art. 52).",
	  ORG(dpo), .of = &contact_rows },
	{ "authority", SET_MAP, 0, "The supervisory authority that people can complain to.",
	  ORG(authority), .of = &contact_rows },
	{ "people", SET_MAPS, 0,
	  "Who is called when something is lost; `custosctl report runbook` has their names where they "
	  "are needed. As many of each part as there are.", ORG(people), ORG(npeople),
	  .of = &person_rows },
};
/* clang-format on */
const struct rows organisation_rows = { "organisation.yaml", organisation_row,
	COUNT(organisation_row), sizeof(struct organisation), ORG(node) };

int organisation_read(struct yaml *y, struct faults *faults, struct organisation *ret)
{
	int r = rows_read(&organisation_rows, y, yaml_root(y), faults, ret);

	return r < 0 ? r : 0;
}
