/* The plugin smtp, beside Debian's aiosmtpd. */
#include "route_help.h"

#include "base/text.h"

static const struct cu_message alarm_message = { sizeof(alarm_message), 0, MESSAGE_ID,
	"alarm.drill_failed", 1764366000123, NULL, "custos: 备份目标 local 的恢复演练失败，请尽快处理此问题并确认",
	"第一行 line\n.\n..two dots begin this\n" };
static const struct cu_message letter = { sizeof(letter), CU_MESSAGE_PERSONAL, MESSAGE_ID, "letter",
	1764366000123, "erika@example.org", "Your request", "Dear Erika\n" };

static unsigned nmails;

static int begin(void **state)
{
	struct cu_err err = { 0 };

	assert_int_equal(make_tmp(state), 0);
	assert_ok(plugins_load(CUSTOS_PLUGINS, &all, &err), &err);
	start_server("tests/support/smtp_server.py");
	write_secret("password", "geheim\n");
	write_secret("wrong", "falsch\n");
	return 0;
}

static json_t *settings_of(unsigned n, const char *password)
{
	char port[12];

	snprintf(port, sizeof(port), "%u", ports[n]);
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "server", "localhost", "port", port,
		"user", "custos", "password", in_dir(dir, password), "from", "custos@example.com", "to",
		"dpo@example.com, admin@example.com", "ca_file", in_dir(dir, "cert.pem"), "timeout_s",
		"3");
}

/* The mail that came next: its first line as JSON (to be released), and the rest. */
static json_t *take_mail(struct buf *to)
{
	char name[32];
	char *end;
	json_t *head;

	snprintf(name, sizeof(name), "mail-%u", ++nmails);
	assert_int_equal(path_read_file(in_dir(dir, name), 1 << 20, to, NULL), 0);
	end = strchr(buf_cstr(to), '\n');
	assert_non_null(end);
	*end = '\0';
	head = json_loads((const char *)to->p, 0, NULL);
	memmove(to->p, end + 1, strlen(end + 1) + 1);
	return head;
}

static void expect_line(const char *mail, const char *line)
{
	char with[300];

	snprintf(with, sizeof(with), "%s\r\n", line);
	if (!strstr(mail, with)) {
		fail_msg("there is no line \"%s\" in:\n%s", line, mail);
	}
}

/* Base64 of what stands behind the headers. */
static void expect_body(const char *mail, const char *wanted)
{
	const char *p = strstr(mail, "\r\n\r\n");
	char joined[1024], got[1024];
	size_t n = 0;
	long length;

	assert_non_null(p);
	for (p += 4; *p && n < sizeof(joined) - 1; p++) {
		if (*p != '\r' && *p != '\n') {
			joined[n++] = *p;
		}
	}
	length = text_unbase64(joined, n, true, (uint8_t *)got, sizeof(got) - 1);
	assert_true(length > 0);
	got[length] = '\0';
	assert_string_equal(got, wanted);
}

static void an_alarm_is_a_mail_over_tls_with_a_password(void **state)
{
	struct buf mail = BUF_INIT;
	struct cu_fault said;
	json_t *head;

	(void)state;
	if (send_with("smtp", settings_of(0, "password"), &alarm_message, &said) != CU_DONE) {
		fail_msg("%s", said.text);
	}
	head = take_mail(&mail);
	assert_true(json_is_true(json_object_get(head, "tls")));
	assert_true(json_is_true(json_object_get(head, "user")));
	assert_string_equal(json_string_value(json_object_get(head, "from")), "custos@example.com");
	assert_int_equal(json_array_size(json_object_get(head, "to")), 2);
	assert_string_equal(json_string_value(json_object_get(head, "hello")), "example.com");
	expect_line((char *)mail.p, "Message-ID: <" MESSAGE_ID "@example.com>");
	expect_line((char *)mail.p, "Date: Fri, 28 Nov 2025 21:40:00 +0000");
	expect_line((char *)mail.p, "To: dpo@example.com, admin@example.com");
	expect_line((char *)mail.p, "Auto-Submitted: auto-generated");
	assert_non_null(strstr((char *)mail.p, "Subject: =?UTF-8?B?"));
	expect_body((char *)mail.p, alarm_message.text);
	json_decref(head);
	buf_done(&mail);
}

static void a_letter_goes_to_its_person_alone(void **state)
{
	struct buf mail = BUF_INIT;
	struct cu_fault said;
	json_t *head;

	(void)state;
	assert_int_equal(send_with("smtp", settings_of(0, "password"), &letter, &said), CU_DONE);
	head = take_mail(&mail);
	assert_int_equal(json_array_size(json_object_get(head, "to")), 1);
	assert_string_equal(json_string_value(json_array_get(json_object_get(head, "to"), 0)),
		"erika@example.org");
	expect_line((char *)mail.p, "Subject: Your request");
	expect_body((char *)mail.p, letter.text);
	json_decref(head);
	buf_done(&mail);
}

static void a_mailbox_that_is_not_there_is_the_end_and_is_not_named(void **state)
{
	struct cu_message m = letter;
	struct cu_fault said;

	(void)state;
	m.to = "nobody@example.org";
	assert_int_equal(send_with("smtp", settings_of(0, "password"), &m, &said), CU_REFUSED);
	assert_string_equal(said.text, "the server answered 550");
}

static void what_is_no_address_adds_no_line_and_is_not_sent(void **state)
{
	static const char *const wrong[] = { "erika", "@example.org", "a@b@c", "a b@example.org",
		"a@example.org\r\nBcc: x@example.org", "<a@example.org>", "a@example.org,b@example.org",
		"\"a\"@example.org", "m\xc3\xbcller@example.org" };
	struct cu_message m = letter;
	struct cu_fault said;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		m.to = wrong[i];
		assert_int_equal(send_with("smtp", settings_of(0, "password"), &m, &said), CU_REFUSED);
		expect_said(&said, "what is no address");
	}
	assert_false(path_exists(in_dir(dir, "mail-3")));
}

static void a_wrong_password_and_a_server_without_tls_are_tried_again(void **state)
{
	struct cu_fault said;

	(void)state;
	assert_int_equal(send_with("smtp", settings_of(0, "wrong"), &letter, &said), CU_LATER);
	assert_true(said.text[0]);
	/* a server, or somebody in between, that does not offer STARTTLS */
	assert_int_equal(send_with("smtp", settings_of(1, "password"), &letter, &said), CU_LATER);
	assert_true(said.text[0]);
	assert_false(path_exists(in_dir(dir, "mail-3")));
}

static void settings_that_are_not_right_are_named(void **state)
{
	static const char *const rows[][3] = { { "server", "a/b", "server: " }, { "to", "x", "to: " },
		{ "to", ",", "to: " }, { "from", "x", "from: " }, { "server", "a@b", "server: " } };
	struct cu_fault said;
	json_t *given;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		given = settings_of(0, "password");
		json_object_set_new(given, rows[i][0], json_string(rows[i][1]));
		assert_int_equal(send_with("smtp", given, &letter, &said), CU_REFUSED);
		expect_said(&said, rows[i][2]);
	}
	given = settings_of(0, "password");
	json_object_set_new(given, "server", json_string("mail.example.org"));
	json_object_set_new(given, "tls", json_string("none"));
	assert_int_equal(send_with("smtp", given, &letter, &said), CU_REFUSED);
	expect_said(&said, "tls: is none");
	given = settings_of(0, "password");
	json_object_del(given, "to");
	assert_int_equal(send_with("smtp", given, &alarm_message, &said), CU_REFUSED);
	expect_said(&said, "to: is missing");
	given = settings_of(0, "password");
	json_object_del(given, "user");
	assert_int_equal(send_with("smtp", given, &alarm_message, &said), CU_REFUSED);
	expect_said(&said, "user: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_alarm_is_a_mail_over_tls_with_a_password),
		cmocka_unit_test(a_letter_goes_to_its_person_alone),
		cmocka_unit_test(a_mailbox_that_is_not_there_is_the_end_and_is_not_named),
		cmocka_unit_test(what_is_no_address_adds_no_line_and_is_not_sent),
		cmocka_unit_test(a_wrong_password_and_a_server_without_tls_are_tried_again),
		cmocka_unit_test(settings_that_are_not_right_are_named),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests(tests, begin, stop_server);
}
