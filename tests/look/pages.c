/*
 * pages DIR: the pages that people are handed, of a store with much, little and strange in it.
 *
 * Through the real programs; look.py opens them in a browser.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/civil.h"
#include "stage.h"

#define ACCESS "--purpose=access_request"

static const char *to; /* where the pages go */

static void must(struct stage *st, const char *const args[])
{
	stage_ctl_input(st, AS_PRIVACY, NULL, 0, args);
	stage_expect(st, 0);
}
#define MUST(st, ...) must(st, (const char *const[]){ __VA_ARGS__, NULL })

static const char organisation[] =
	"laws: [gdpr, pipl]\ncountry: de\ntime_zone: Europe/Berlin\nlanguage: en\n"
	"controller:\n  name: Musterhaus Handelsgesellschaft für Wohnraumgestaltung und Gartenbau mbH & Co. KG\n"
	"  address: Donaudampfschifffahrtsgesellschaftsstraße 117, 10115 Berlin, Germany\n"
	"  contact: privacy@musterhaus-handelsgesellschaft.example\n"
	"dpo: {name: Dr. Erika Mustermann, contact: dpo@musterhaus.example}\n"
	"authority:\n  name: Berliner Beauftragte für Datenschutz und Informationsfreiheit\n"
	"  contact: https://www.datenschutz-berlin.de\n";

/* --- people ------------------------------------------------------------------------ */

static void put_sales(struct buf *records, int n)
{
	static const char *const kinds[] = { "invoice", "payment", "refund", "credit" };

	for (int i = 0; i < n; i++) {
		buf_putf(records, ",{\"collection\":\"transaction\",\"fields\":{\"date\":\"202%d-%02d-%02d\","
			"\"kind\":\"%s\",\"amount\":\"%s%d.%02d\",\"currency\":\"EUR\",\"number\":\"RE-2026-%06d\"}}",
			4 + i / 150, 1 + i / 13 % 12, 1 + i % 28, kinds[i % 4], i % 4 == 2 ? "-" : "", 12 + i * 7 % 900,
			i % 100, 100000 + i * 37);
	}
}

/* Much of everything; and values that try to break out of their place. */
static void add_much(struct stage *st, const char *other, char ret_id[33])
{
	struct buf r = BUF_INIT;

	buf_put_str(&r, "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"小明\",\"family_name\":\"王\","
		"\"full_name\":\"阿卜杜热合曼·买买提吐尔逊·玉素甫江·艾合买提江·库尔班江·阿不都克里木\","
		"\"organisation\":\"中华人民共和国新疆维吾尔自治区乌鲁木齐市天山区解放北路街道办事处公共法律服务中心\","
		"\"birth_date\":\"1990-02-28\",\"language\":\"zh-CN\",\"note\":"
		"\"<script>alert(1)</script> \\u202egnp.exe AReallyLongWordWithoutAnyBlankThatGoesOnAndOnAndOnUntilItWould"
		"LeaveAnyTableOfAnyPageOfAnyPaperThatPeoplePrintOn_0123456789_0123456789_0123456789\"}},"
		"{\"collection\":\"contact_point\",\"key\":\"home\",\"fields\":{\"label\":\"home\",\"email\":"
		"\"wang.xiaoming.with.a.very.long.local.part@a-very-long-subdomain.example.org\",\"phone\":\"+86 10 6552 9988\"}},"
		"{\"collection\":\"contact_point\",\"fields\":{\"street\":\"建国门外大街1号国贸大厦三期A座3801室\",\"city\":\"北京市\","
		"\"postal_code\":\"100004\",\"country\":\"中国\"}}");
	put_sales(&r, 300);
	for (int i = 0; i < 9; i++) {
		buf_putf(&r, ",{\"collection\":\"interaction\",\"others\":[\"%s\"],\"fields\":{\"date\":\"2026-0%d-15\","
			"\"channel\":\"email\",\"direction\":\"inbound\",\"subject\":\"Lieferung %d – Robert Otherman\",\"summary\":"
			"\"Mr Otherman called about the delivery of the garden table, which arrived with a scratch on the "
			"left leg; he wants another one, or a fifth of the price back, and says that the driver had been told.\"}}",
			other, i + 1, i);
	}
	for (int i = 0; i < 5; i++) {
		buf_putf(&r, ",{\"collection\":\"behaviour\",\"fields\":{\"date\":\"2026-05-0%d\",\"event\":\"view\",\"page\":"
			"\"https://shop.example.org/garden/tables?utm_source=newsletter&utm_campaign=spring-%d-and-much-more-of-it\"}}",
			i + 1, i);
	}
	buf_put_str(&r, ",{\"collection\":\"need\",\"fields\":{\"topic\":\"A table\",\"priority\":\"high\"}}]");
	stage_add_person(st, buf_cstr(&r), ret_id);
	buf_done(&r);
}

static void say_yes_and_no(struct stage *st, const char *id)
{
	for (int i = 0; i < 4; i++) {
		MUST(st, "consent", "give", id, "--purpose=marketing_email", "--method=checkbox", "--notice=1",
			"--language=en", "--source=shop-checkout");
		MUST(st, "consent", "withdraw", id, "--purpose=marketing_email");
	}
	MUST(st, "consent", "give", id, "--purpose=survey", "--method=spoken", "--language=en", "--channel=phone");
	MUST(st, "consent", "object", id, "--purpose=marketing_post");
}

/* index.html of a dossier. */
static void put_dossier(struct stage *st, const char *id, const char *language, const char *name)
{
	char option[32], zip[64];

	snprintf(option, sizeof(option), "--language=%s", language);
	snprintf(zip, sizeof(zip), "%s.zip", name);
	MUST(st, "subject", "dossier", id, zip, ACCESS, option);
	free(run_shell("unzip -p '%s/%s' index.html > '%s/%s.html'", st->files, zip, to, name));
}

/* --- reports ------------------------------------------------------------------------ */

static void open_requests(struct stage *st, const char *id)
{
	static const char *const types[] = { "access", "erasure", "rectification", "portability", "objection",
		"restriction", "access", "erasure" };
	int32_t today = (int32_t)(time(NULL) / 86400);

	for (int i = 0; i < 24; i++) {
		char received[40] = "--received=", number[8];

		civil_format_day(today - i * 14 % 160, received + strlen(received));
		snprintf(number, sizeof(number), "%d", i + 1);
		stage_ctl_text(st, AS_PRIVACY, "Dear all, ...", "request", "open", types[i % 8], received,
			"--channel=letter", "--law=gdpr", i % 8 == 4 ? "--about=marketing_post" : NULL);
		stage_expect(st, 0);
		if (i % 3 == 0) {
			MUST(st, "request", "identify", number, id);
			MUST(st, "request", "verify", number, "--method=document");
		} else if (i % 3 == 1) {
			MUST(st, "request", "deny", number, "--reason=excessive");
		}
	}
}

static void put_notice(struct stage *st, const char *language, const char *name)
{
	char option[32], file[64];

	snprintf(option, sizeof(option), "--language=%s", language);
	snprintf(file, sizeof(file), "%s.html", name);
	MUST(st, "report", "notice", "--format=html", option, file);
	free(run_shell("cp '%s/%s' '%s/'", st->files, file, to));
}

static void put_report(struct stage *st, const char *language, const char *name)
{
	char option[32], file[64];

	snprintf(option, sizeof(option), "--language=%s", language);
	snprintf(file, sizeof(file), "%s.html", name);
	MUST(st, "report", "compliance", "--format=html", option, file);
	free(run_shell("cp '%s/%s' '%s/'", st->files, file, to));
}

/* --- all of it ------------------------------------------------------------------------ */

static void pages(void **state)
{
	struct stage *st = *state;
	char other[33], much[33], nobody[33];

	stage_policy(st, "organisation.yaml", organisation);
	stage_start(st);
	stage_init(st);
	put_report(st, "en", "report-empty");
	stage_add_person(st, "[{\"collection\":\"profile\",\"fields\":{\"given_name\":\"Robert\",\"family_name\":\"Otherman\"}}]",
		other);
	stage_add_person(st, "[]", nobody);
	add_much(st, other, much);
	say_yes_and_no(st, much);
	for (int i = 0; i < 8; i++) {
		MUST(st, "subject", "get", much, "--purpose=" STAGE_PURPOSE);
	}
	put_dossier(st, much, "en", "dossier");
	put_dossier(st, much, "zh", "dossier-zh");
	put_dossier(st, nobody, "en", "dossier-empty");
	open_requests(st, other);
	put_report(st, "en", "report");
	put_report(st, "zh", "report-zh");
	put_notice(st, "en", "notice");
	put_notice(st, "zh", "notice-zh");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pages, stage_up_bare, stage_down),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: pages DIR\n");
		return 64;
	}
	to = argv[1];
	return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
