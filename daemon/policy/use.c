#include "policy/use.h"

#include <stddef.h>
#include <string.h>

#include "base/intl.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* clang-format off */
static const char *const keys[] = {
	"analytics", "analytics.reporting", "analytics.reporting.ad_performance",
	"analytics.reporting.campaign_insights", "analytics.reporting.content_performance",
	"analytics.reporting.system", "analytics.reporting.system.performance",
	"collect",
	"employment", "employment.recruitment",
	"essential", "essential.fraud_detection", "essential.legal_obligation",
	"essential.service", "essential.service.authentication",
	"essential.service.notifications", "essential.service.notifications.email",
	"essential.service.notifications.sms",
	"essential.service.operations", "essential.service.operations.improve",
	"essential.service.operations.support", "essential.service.payment_processing",
	"essential.service.security", "essential.service.upgrades",
	"finance",
	"functional", "functional.service", "functional.service.improve", "functional.storage",
	"functional.storage.privacy_preferences",
	"marketing", "marketing.advertising", "marketing.advertising.first_party",
	"marketing.advertising.first_party.contextual",
	"marketing.advertising.first_party.targeted", "marketing.advertising.frequency_capping",
	"marketing.advertising.negative_targeting", "marketing.advertising.profiling",
	"marketing.advertising.serving", "marketing.advertising.third_party",
	"marketing.advertising.third_party.targeted",
	"marketing.communications", "marketing.communications.email",
	"marketing.communications.sms",
	"operations",
	"personalize", "personalize.content", "personalize.content.limited",
	"personalize.content.profiled", "personalize.content.profiling", "personalize.system",
	"sales",
	"third_party_sharing", "third_party_sharing.legal_obligation",
	"train_ai_system",
};

static const char *const subjects[] = {
	"anonymous_user", "citizen_voter", "commuter", "consultant", "customer", "employee",
	"job_applicant", "next_of_kin", "passenger", "patient", "prospect", "shareholder",
	"supplier_vendor", "trainee", "visitor",
};
/* clang-format on */

static bool is_in(const char *const words[], size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i], key) == 0) {
			return true;
		}
	}
	return false;
}

const char *use_check(const char *key)
{
	return is_in(keys, COUNT(keys), key) ? NULL :
					       N_("is not a data use of the Fides taxonomy 3.2");
}

const char *use_check_subject(const char *key)
{
	return is_in(subjects, COUNT(subjects), key) ?
		NULL :
		N_("is not a kind of data subject of the Fides taxonomy 3.2");
}

bool use_is_marketing(const char *key)
{
	static const char *const families[] = { "marketing", "sales" };

	for (size_t i = 0; i < COUNT(families); i++) {
		size_t n = strlen(families[i]);

		if (strncmp(key, families[i], n) == 0 && (key[n] == '\0' || key[n] == '.')) {
			return true;
		}
	}
	return false;
}
