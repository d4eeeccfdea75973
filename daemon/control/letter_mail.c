#include "control/letter_mail.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "control/request_letter.h"
#include "crypto/age.h"
#include "policy/policy.h"
#include "store/engine_dsr.h"

static const struct agent_route *find_route(const struct agent_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++) {
		if (rules->v[i].is_personal) {
			return &rules->v[i];
		}
	}
	return NULL;
}

int letter_mail_begin(struct letter_mail *m, const struct policy *p, const char *key,
	struct cu_err *err)
{
	const struct agent_rules *rules = policy_agent(p);
	const struct agent_route *route = key ? agent_find(rules, key) : find_route(rules);

	*m = (struct letter_mail){ .row = { .id = id_new() }, .to = BUF_INIT_WIPE,
		.subject = BUF_INIT_WIPE, .text = BUF_INIT_WIPE };
	if (!route) {
		return cu_err_set(err, CU_ENOENT,
			key ? "route: agent.yaml has no such route: 'agent status' lists them" :
			      "no route of agent.yaml has 'personal: yes': print it with 'request letter', and send it yourself");
	}
	if (!route->is_personal) {
		return cu_err_set(err, CU_EDENIED,
			"route %s may not take what is addressed to a person ('personal: yes' in agent.yaml)",
			route->key);
	}
	snprintf(m->row.route, sizeof(m->row.route), "%s", route->key);
	return 0;
}

void letter_mail_done(struct letter_mail *m)
{
	buf_done(&m->to);
	buf_done(&m->subject);
	buf_done(&m->text);
}

/* --- encrypted -------------------------------------------------------------------- */

static int put_bytes(void *ctx, struct span bytes, struct cu_err *err)
{
	buf_put_span(ctx, bytes);
	return buf_check(ctx, err);
}

/* The subject goes inside: what stands outside is for anybody on the way. */
static int encrypt(struct letter_mail *m, const struct request_letter *w, const char *key,
	struct cu_err *err)
{
	struct age_recipients *to = NULL;
	struct age_writer *writer = NULL;
	int r = age_recipients_new(&to, err);

	if (r == 0) {
		r = age_recipients_add(to, key, err);
		r = r < 0 ? cu_err_wrap(err, r, "purposes.yaml: age") : 0;
	}
	if (r == 0) {
		r = age_writer_new(to, true, put_bytes, &m->text, &writer, err);
	}
	if (r == 0) {
		r = age_writer_put(writer, buf_span(&w->subject), err);
	}
	if (r == 0) {
		r = age_writer_put(writer, span_str("\n\n"), err);
	}
	if (r == 0) {
		r = age_writer_put(writer, buf_span(&w->text), err);
	}
	if (r == 0) {
		r = age_writer_finish(writer, err);
	}
	age_writer_free(writer);
	age_recipients_free(to);
	buf_putf(&m->subject, w->order.language == LANGUAGE_ZH ? "加密通知 %u" : "Encrypted notice %u",
		w->row->number);
	m->is_encrypted = true;
	return r;
}

/* --- what is sent ----------------------------------------------------------------- */

static int find_address(struct letter_mail *m, const struct recipient *to,
	const struct request_letter *w, const char *key, struct cu_err *err)
{
	if (*key && to && to->mail) {
		buf_put_str(&m->to, to->mail);
	} else if (!*key) {
		buf_put_span(&m->to, buf_span(&w->who.mail));
	}
	return m->to.n > 0 ? 0 :
	       *key	   ? cu_err_set(err, CU_ENOENT,
			     "purposes.yaml has no 'mail' for %s: print the notice with 'request letter', and send it yourself",
			     key) :
			     cu_err_set(err, CU_ENOENT,
				     "no e-mail address of who asked is known: print the letter with 'request letter', and send it by post");
}

int letter_mail_write(struct letter_mail *m, const struct policy *p, const struct request_letter *w,
	const char *recipient, struct cu_err *err)
{
	const struct recipient *to = *recipient ?
		purposes_find_recipient(policy_purposes(p), recipient) :
		NULL;
	int r = find_address(m, to, w, recipient, err);

	snprintf(m->row.kind, sizeof(m->row.kind), "letter.%s", law_letter_word(w->order.kind));
	snprintf(m->row.about, sizeof(m->row.about), "%u", w->row->number);
	if (r == 0 && to && to->age) {
		r = encrypt(m, w, to->age, err);
	} else if (r == 0) {
		buf_put_span(&m->subject, buf_span(&w->subject));
		buf_put_span(&m->text, buf_span(&w->text));
	}
	if (r == 0) {
		r = buf_check(&m->subject, err);
	}
	return r < 0 ? r : buf_check(&m->text, err);
}

int letter_mail_make(struct letter_mail *m, struct tx *tx, struct cu_err *err)
{
	const struct message_text text = { buf_span(&m->to), buf_span(&m->subject),
		buf_span(&m->text) };
	int r = tx_message_make(tx, &m->row, &text, err);

	return r < 0 ? r : 0;
}
