#include "policy/category.h"

#include <stddef.h>
#include <string.h>

#include "base/intl.h"

/* clang-format off */
static const char *const keys[] = {
	"system", "system.authentication", "system.operations",
	"user",
	"user.account", "user.account.username",
	"user.authorization", "user.authorization.biometrics",
	"user.authorization.credentials", "user.authorization.password",
	"user.behavior", "user.behavior.browsing_history", "user.behavior.media_consumption",
	"user.behavior.purchase_history", "user.behavior.search_history",
	"user.biometrics", "user.biometrics.fingerprint", "user.biometrics.retinal",
	"user.biometrics.voice",
	"user.children", "user.children.children_under_thirteen",
	"user.children.thirteen_to_sixteen",
	"user.contact", "user.contact.address", "user.contact.address.city",
	"user.contact.address.country", "user.contact.address.mailing_address",
	"user.contact.address.postal_code", "user.contact.address.state",
	"user.contact.address.street", "user.contact.email", "user.contact.fax_number",
	"user.contact.phone_number", "user.contact.social_url",
	"user.content", "user.content.private", "user.content.public",
	"user.content.self_image",
	"user.criminal_history",
	"user.demographic", "user.demographic.age_range",
	"user.demographic.citizenship_or_immigration_status",
	"user.demographic.date_of_birth", "user.demographic.gender",
	"user.demographic.language", "user.demographic.marital_status",
	"user.demographic.philosophical_belief", "user.demographic.political_opinion",
	"user.demographic.profile", "user.demographic.protected_classifications",
	"user.demographic.race_ethnicity", "user.demographic.religious_belief",
	"user.demographic.sexual_orientation", "user.demographic.union_membership",
	"user.device", "user.device.cookie", "user.device.cookie_id", "user.device.device_id",
	"user.device.ip_address", "user.device.sensor", "user.device.telemetry",
	"user.financial", "user.financial.bank_account", "user.financial.credit_card",
	"user.government_id", "user.government_id.birth_certificate",
	"user.government_id.drivers_license_number", "user.government_id.immigration",
	"user.government_id.national_identification_number",
	"user.government_id.passport_number", "user.government_id.vehicle_registration",
	"user.health", "user.health.baby_formula", "user.health.condition",
	"user.health.genetic", "user.health.insurance_beneficiary_id",
	"user.health.maternity_clothing", "user.health.medical_diagnosis",
	"user.health.medications", "user.health.prescriptions", "user.health.record_id",
	"user.health.reproductive_or_sexual",
	"user.health.social_psychological_behavioral", "user.health.symptons",
	"user.health.treatment",
	"user.location", "user.location.coarse", "user.location.precise",
	"user.name", "user.name.first", "user.name.last",
	"user.payment",
	"user.privacy_preferences",
	"user.professional_information", "user.professional_information.job_title",
	"user.professional_information.workplace",
	"user.settings",
	"user.social_activity",
	"user.unique_id", "user.unique_id.deterministic", "user.unique_id.probablistic",
};
/* clang-format on */

const char *category_check(const char *key)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i], key) == 0) {
			return NULL;
		}
	}
	return N_("is not a data category of the Fides taxonomy 3.2");
}

/* clang-format off */
static const char *const special[] = {
	"user.authorization.biometrics", "user.biometrics", "user.criminal_history",
	"user.demographic.philosophical_belief", "user.demographic.political_opinion",
	"user.demographic.protected_classifications", "user.demographic.race_ethnicity",
	"user.demographic.religious_belief", "user.demographic.sexual_orientation",
	"user.demographic.union_membership", "user.health",
};

static const char *const sensitive[] = {
	"user.children", "user.financial", "user.government_id", "user.location.precise",
	"user.payment",
};
/* clang-format on */

static bool is_below(const char *const roots[], size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(roots[i]);

		if (strncmp(key, roots[i], len) == 0 && (key[len] == '\0' || key[len] == '.')) {
			return true;
		}
	}
	return false;
}

bool category_is_special(const char *key)
{
	return is_below(special, sizeof(special) / sizeof(special[0]), key);
}

bool category_is_sensitive(const char *key)
{
	return category_is_special(key) ||
		is_below(sensitive, sizeof(sensitive) / sizeof(sensitive[0]), key);
}
