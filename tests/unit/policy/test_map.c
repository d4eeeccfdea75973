#include "expect.h"

#include "base/buf.h"
#include "policy/map.h"
#include "policy/policy.h"

static const char *shipped;
static struct policy *policy;

/* The customers and invoices of a shop, with what a map can say. */
static const char shop[] =
	"source: chinook\n"
	"format: csv\n"
	"subject: {kind: person, key: CustomerId}\n"
	"records:\n"
	"  - collection: profile\n"
	"    name: person\n"
	"    fields: {given_name: FirstName, family_name: {column: Last Name},\n"
	"             status: {value: customer}}\n"
	"  - collection: contact_point\n"
	"    fields: {email: Email}\n"
	"    skip_if_empty: Email\n"
	"  - collection: transaction\n"
	"    name: invoice\n"
	"    key: InvoiceId\n"
	"    fields: {date: InvoiceDate, amount: Total, kind: {value: invoice},\n"
	"             currency: {value: USD}}\n"
	"  - collection: interaction\n"
	"    key: row\n"
	"    anchor: Received\n"
	"    fields: {date: {column: Answered}, channel: Channel}\n";

static const char shop_plan[] =
	"custos-intake 1\n"
	"format\tcsv\n"
	"charset\tutf-8\n"
	"delimiter\tauto\n"
	"header\t1\n"
	"subject\tperson\tCustomerId\t1\n"
	"record\tprofile\tperson\tsubject\t\t\t\n"
	"field\tgiven_name\tcolumn\tFirstName\n"
	"field\tfamily_name\tcolumn\tLast Name\n"
	"field\tstatus\tvalue\tcustomer\n"
	"record\tcontact_point\t2\tsubject\t\t\tEmail\n"
	"field\temail\tcolumn\tEmail\n"
	"record\ttransaction\tinvoice\tcolumn\tInvoiceId\tInvoiceDate\t\n"
	"field\tdate\tcolumn\tInvoiceDate\n"
	"field\tamount\tcolumn\tTotal\n"
	"field\tkind\tvalue\tinvoice\n"
	"field\tcurrency\tvalue\tUSD\n"
	"record\tinteraction\t4\trow\t\tReceived\t\n"
	"field\tdate\tcolumn\tAnswered\n"
	"field\tchannel\tcolumn\tChannel\n";

static struct map *parse(const char *text)
{
	struct faults faults = FAULTS_INIT;
	struct map *m = NULL;

	if (map_parse(span_str(text), "MAP.yaml", policy, &faults, &m, NULL) != 0) {
		fail_msg("%s", faults.text[0]);
	}
	expect_faults(&faults, "");
	return m;
}

static void a_map_becomes_a_plan(void **state)
{
	struct map *m = parse(shop);
	struct buf plan = BUF_INIT;

	(void)state;
	map_plan(m, &plan);
	assert_string_equal(buf_cstr(&plan), shop_plan);
	assert_string_equal(m->source, "chinook");
	assert_true(m->creates);
	assert_int_equal(m->nrecords, 4);
	assert_string_equal(m->records[2].collection->key, "transaction");
	assert_string_equal(m->records[2].fields[1].field->key, "amount");
	buf_done(&plan);
	map_free(m);
}

static void without_a_header_columns_are_numbers(void **state)
{
	struct map *m = parse("source: old\n"
			      "charset: GB18030\n"
			      "delimiter: semicolon\n"
			      "header: no\n"
			      "subject: {kind: organisation, key: 1, create: no}\n"
			      "records:\n"
			      "  - {collection: profile, fields: {organisation: 2}}\n");
	struct buf plan = BUF_INIT;

	(void)state;
	map_plan(m, &plan);
	assert_string_equal(buf_cstr(&plan),
		"custos-intake 1\n"
		"format\tcsv\n"
		"charset\tGB18030\n"
		"delimiter\tsemicolon\n"
		"header\t0\n"
		"subject\torganisation\t1\t0\n"
		"record\tprofile\t1\tsubject\t\t\t\n"
		"field\torganisation\tcolumn\t2\n");
	buf_done(&plan);
	map_free(m);
}

static void a_map_keeps_its_policy(void **state)
{
	struct map *m = parse(shop);

	(void)state;
	policy_unref(policy);
	assert_string_equal(m->records[0].collection->key, "profile");
	policy = policy_ref(m->policy);
	map_free(m);
	map_free(NULL);
}

#define HEAD "source: s\nsubject: {kind: person, key: Id}\nrecords:\n"
#define BARE "source: s\nheader: no\nsubject: {kind: person, key: 1}\nrecords:\n"

/* text, and all its faults */
static const char *const broken[][2] = {
	{ "", "MAP.yaml:1: source: is missing\n"
	      "MAP.yaml:1: subject: is missing\n"
	      "MAP.yaml:1: records: is missing\n" },
	{ HEAD "  []\n", "MAP.yaml:4: records: is empty\n" },
	{ "format: xlsx\n" HEAD "  - {collection: profile, fields: {given_name: A}}\n",
		"MAP.yaml:1: format: 'xlsx' is not one of csv\n" },
	{ "charset: ../x\n" HEAD "  - {collection: profile, fields: {given_name: A}}\n",
		"MAP.yaml:1: charset: '../x' is not a charset's name\n" },
	{ "delimiter: ';'\n" HEAD "  - {collection: profile, fields: {given_name: A}}\n",
		"MAP.yaml:1: delimiter: ';' is not one of auto, comma, semicolon, tab, pipe\n" },
	{ "source: s\nsubject: {kind: person}\nrecords:\n"
	  "  - {collection: profile, fields: {given_name: A}}\n",
		"MAP.yaml:2: key: is missing\n" },
	{ "header: nope\n" HEAD "  - {collection: profile, fields: {given_name: A}}\n",
		"MAP.yaml:1: header: 'nope' is not yes or no\n" },
	{ HEAD "  - {collection: profiles, fields: {a: A}}\n",
		"MAP.yaml:4: collection: there is no collection 'profiles'\n" },
	{ HEAD "  - {collection: custos.hold, fields: {text: A}}\n",
		"MAP.yaml:4: collection: there is no collection 'custos.hold'\n" },
	{ HEAD "  - collection: profile\n    fields:\n      given_nmae: A\n",
		"MAP.yaml:6: given_nmae: is not a field of collection 'profile'\n" },
	{ HEAD "  - {collection: profile, fields: [given_name]}\n",
		"MAP.yaml:4: fields: must be a mapping of fields to columns\n" },
	{ HEAD "  - {collection: profile, fields: {given_name: }}\n",
		"MAP.yaml:4: given_name: has no value\n" },
	{ HEAD "  - {collection: profile, fields: {given_name: \"a\\tb\"}}\n",
		"MAP.yaml:4: column: holds a control character\n" },
	{ HEAD "  - {collection: profile, fields: {given_name: {value: \"a\\nb\"}}}\n",
		"MAP.yaml:4: value: holds a control character\n" },
	{ HEAD "  - {collection: profile, fields: {given_name: {colum: A}}}\n",
		"MAP.yaml:4: colum: is not known here; did you mean 'column'?\n" },
	{ HEAD "  - {collection: profile, fields: {given_name: {column: A, value: b}}}\n",
		"MAP.yaml:4: given_name: needs either a column or a value\n" },
	{ HEAD "  - {collection: profile, fields: {given_name: {}}}\n",
		"MAP.yaml:4: given_name: needs either a column or a value\n" },
	{ HEAD "  - {collection: profile, fields: {birth_date: {value: 1.2.1990}}}\n",
		"MAP.yaml:4: value: birth_date: is not a date such as 2026-11-21\n" },
	{ HEAD "  - collection: transaction\n    fields: {date: D}\n",
		"MAP.yaml:5: fields: 'amount' is required by collection 'transaction'\n" },
	{ HEAD "  - collection: transaction\n"
	       "    fields: {date: {value: 2020-01-01}, amount: A}\n",
		"MAP.yaml:5: date: must come from a column: collection 'transaction' counts from "
		"it\n" },
	{ HEAD "  - {collection: profile, anchor: A, fields: {given_name: A}}\n",
		"MAP.yaml:4: anchor: collection 'profile' does not count from an event\n" },
	{ HEAD "  - {collection: profile, name: n, fields: {given_name: A}}\n"
	       "  - {collection: profile, name: n, fields: {given_name: B}}\n",
		"MAP.yaml:5: name: 'n' is the name of another record of collection 'profile'\n" },
	{ BARE "  - {collection: profile, skip_if_empty: Id, fields: {given_name: Name}}\n",
		"MAP.yaml:5: skip_if_empty: 'Id' is not a column's number; 'header: no' leaves no "
		"names\n"
		"MAP.yaml:5: given_name: 'Name' is not a column's number; 'header: no' leaves no "
		"names\n" },
	{ BARE "  - {collection: profile, key: '0', fields: {given_name: {column: 0x1}}}\n",
		"MAP.yaml:5: key: '0' is not a column's number; 'header: no' leaves no names\n"
		"MAP.yaml:5: column: '0x1' is not a column's number; 'header: no' leaves no "
		"names\n" },
};

static void broken_maps_are_refused_with_all_that_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct faults faults = FAULTS_INIT;
		struct map *m = NULL;

		assert_int_equal(map_parse(span_str(broken[i][0]), "MAP.yaml", policy, &faults, &m,
					 NULL),
			CU_EINVAL);
		expect_faults(&faults, broken[i][1]);
		assert_null(m);
		faults_done(&faults);
	}
}

static void a_constant_is_never_told(void **state)
{
	struct faults faults = FAULTS_INIT;
	struct cu_err err = { 0 };
	struct map *m = NULL;

	(void)state;
	assert_int_equal(map_parse(span_str(HEAD "  - {collection: contact_point,\n"
						 "     fields: {email: {value: ann.example}}}\n"),
				 "MAP.yaml", policy, &faults, &m, &err),
		CU_EINVAL);
	assert_null(strstr(faults.text[0], "ann"));
	assert_null(strstr(err.msg, "ann"));
	faults_done(&faults);
}

static int set_up(void **state)
{
	struct faults faults = FAULTS_INIT;

	(void)state;
	assert_int_equal(policy_load(shipped, &faults, &policy, NULL), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	policy_unref(policy);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map_becomes_a_plan),
		cmocka_unit_test(without_a_header_columns_are_numbers),
		cmocka_unit_test(a_map_keeps_its_policy),
		cmocka_unit_test(broken_maps_are_refused_with_all_that_is_wrong),
		cmocka_unit_test(a_constant_is_never_told),
	};

	shipped = argc > 1 ? argv[1] : "policies";
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
