#include "privacy/request_next.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/id.h"
#include "base/intl.h"

/* --- writing ---------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void put(char to[REQUEST_TEXT], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(to, REQUEST_TEXT, fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 2, 3))) static void command(
	char to[REQUEST_COMMAND], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(to, REQUEST_COMMAND, _(fmt), ap); /* what stands in <> is for a person */
	va_end(ap);
}

/* Another way, while there is room. */
static struct request_choice *choice(struct request_step *s, const char *when)
{
	struct request_choice *c = &s->choices[s->nchoices < REQUEST_CHOICES - 1 ? s->nchoices++ :
										   REQUEST_CHOICES - 1];

	put(c->when, "%s", when);
	return c;
}

static void choose_end(const struct request_facts *f, struct request_step *s)
{
	uint32_t n = f->row->number;

	command(choice(s, _("It has to be refused, for a reason of the law:"))->command,
		N_("request deny %u --reason=<a reason; a wrong one lists them>"), n);
	command(choice(s, _("The person took it back:"))->command, "request revoke %u", n);
}

/* --- the clock -------------------------------------------------------------------- */

static void say_clock(const struct request_facts *f, struct request_step *s)
{
	const struct deadline *d = f->deadline;
	char due[CIVIL_DAY_SIZE];

	if (f->row->closed_ms) {
		return;
	}
	if (!d || d->due == CIVIL_NO_DAY) {
		put(s->clock, _("Until when it must be answered is not known: 'request clock %u' says why."),
			f->row->number);
		return;
	}
	civil_format_day(d->due, due);
	if (d->due < f->today) {
		put(s->clock, _("LATE: it was due on %s, %d days ago. Answer at once and say why."), due,
			(int)(f->today - d->due));
	} else if (d->is_paused) {
		put(s->clock, _("Due on %s; the clock stands still until the person answers."), due);
	} else {
		put(s->clock, _("Due on %s, in %d days."), due, (int)(d->due - f->today));
	}
}

static void choose_extension(const struct request_facts *f, struct request_step *s)
{
	const struct deadline *d = f->deadline;
	char by[CIVIL_DAY_SIZE], text[REQUEST_TEXT];

	if (f->row->extension && f->row->closed_ms == 0) {
		command(choice(s, _("To write that it takes longer:"))->command, "request letter %u extend",
			f->row->number);
	}
	if (!d || d->tell_by == CIVIL_NO_DAY || f->row->extension || f->today > d->tell_by) {
		return;
	}
	civil_format_day(d->tell_by, by);
	put(text, _("It takes longer; the person has to be told by %s, with reasons:"), by);
	command(choice(s, text)->command, N_("request extend %u --reason=<complexity or number>"),
		f->row->number);
}

static void choose_letter(const struct request_facts *f, struct request_step *s)
{
	command(choice(s, _("To write what was done:"))->command, "request letter %u fulfil",
		f->row->number);
}

/* Nothing is fulfilled before; true: this is the step. */
static bool tell_recipients(const struct request_facts *f, struct request_step *s)
{
	uint32_t n = f->row->number;

	if (!f->untold && f->underway) {
		put(s->what, _("Wait: the notice to %s is on its way by mail."), f->underway);
		put(s->why, "%s", _("It counts as sent once the other end has taken it. If that fails, this says so."));
		command(choice(s, _("To see what there is to send, and what was sent:"))->command,
			"request show %u", n);
		return true;
	}
	if (!f->untold) {
		return false;
	}
	put(s->what, _("Tell %s, who received the data: print the notice and send it."), f->untold);
	put(s->why, "%s", _("Whoever was given data learns that it was rectified, erased or restricted (GDPR Art. 19). The notice was sealed before anything was done; printing it counts as sending it, --draft does not."));
	if (f->can_mail) {
		put(s->what, _("Tell %s, who received the data: send the notice."), f->untold);
		put(s->why, "%s", _("Whoever was given data learns that it was rectified, erased or restricted (GDPR Art. 19). The notice was sealed before anything was done; it counts as sent once the other end has taken it."));
		command(s->command, "request send %u notice --recipient=%s", n, f->untold);
		command(choice(s, _("To print it, and send it yourself:"))->command,
			"request letter %u notice --recipient=%s", n, f->untold);
	} else {
		command(s->command, "request letter %u notice --recipient=%s", n, f->untold);
	}
	command(choice(s, _("They cannot be told, or never got the data:"))->command,
		N_("request untold %u --recipient=%s --because=<not-disclosed, impossible or disproportionate>"),
		n, f->untold);
	command(choice(s, _("To see what there is to send, and what was sent:"))->command,
		"request show %u", n);
	return true;
}

/* --- state by state --------------------------------------------------------------- */

static void on_received(const struct request_facts *f, struct request_step *s)
{
	uint32_t n = f->row->number;

	put(s->what, "%s", _("Find the person whose data it is about."));
	put(s->why, "%s", _("Read the letter with 'request show'. Nothing can be listed, shown or erased before it is known whose data is meant."));
	command(s->command, N_("request identify %u <the id of the person>"), n);
	command(choice(s, _("To write that it has arrived:"))->command,
		"request letter %u acknowledge", n);
	command(choice(s, _("To find the id:"))->command,
		N_("subject search <email, phone or external-id> --purpose=%s"), request_purpose(f->row->type));
	command(choice(s, _("The letter does not say enough, and you wrote back:"))->command,
		N_("request ask %u --method=<document, account or call-back>"), n);
	command(choice(s, _("Nobody of this name is here:"))->command,
		"request deny %u --reason=no_data", n);
	choose_end(f, s);
}

static void on_identity_pending(const struct request_facts *f, struct request_step *s)
{
	uint32_t n = f->row->number;

	put(s->what, "%s", _("Make sure that the letter comes from that person."));
	put(s->why, "%s", _("Data that is shown or erased for somebody else is a breach. But ask for more only where you have reasonable doubts, and never for more than needed."));
	if (f->row->acts_as && !f->row->authority) {
		put(s->what, "%s", _("Make sure that who asks for the person may do so."));
		put(s->why, "%s", _("Whoever asks for somebody else shows by what right: a power of attorney, a court's order, a register. See it and keep no copy. After that it is seen to that the person is the one (GDPR Art. 12(6); PIPL Art. 31, 49, 50)."));
		command(s->command,
			N_("request authorise %u --by=<written, notarised, court-order or register>"), n);
		command(choice(s, _("The person asks without anybody else after all:"))->command,
			"request unrepresent %u", n);
	} else if (!id_is_nil(&f->row->code)) {
		put(s->what, "%s", _("Wait for the code that was sent to the person."));
		command(s->command, "request verify %u --method=code", n);
	} else {
		command(s->command,
			N_("request verify %u --method=<document, in-person, account or call-back>"), n);
	}
	command(choice(s, _("To send a one-time code to an address on file:"))->command,
		"request ask %u --method=code", n);
	if (f->row->acts_as == 0) {
		command(choice(s, _("Somebody asks for the person, such as a parent or a lawyer:"))->command,
			N_("request represent %u <guardian, lawyer, agent or relative>"), n);
	}
	command(choice(s, _("To write and ask for proof:"))->command,
		N_("request letter %u identify --method=<document, account or call-back>"), n);
	command(choice(s, _("It is another person:"))->command,
		N_("request identify %u <the id of the person>"), n);
	if (f->row->asked_ms) {
		command(choice(s, _("30 days went by without an answer:"))->command, "request lapse %u", n);
	}
	command(choice(s, _("They could not prove it:"))->command,
		"request deny %u --reason=identity_not_proven", n);
	command(choice(s, _("The person took it back:"))->command, "request revoke %u", n);
}

/* What cannot do harm that could not be undone. */
static void on_at_once(const struct request_facts *f, struct request_step *s)
{
	uint32_t n = f->row->number;

	put(s->what, "%s", _("Carry it out now."));
	put(s->why, "%s", f->row->type == REQUEST_RESTRICTION ?
			_("From then on the data is only stored: nobody is shown it, and nothing is changed.") :
			_("The law gives no time for this: it takes effect at once, and what stood on it ends."));
	command(s->command, "request execute %u", n);
	command(choice(s, _("The same person asked for the same before, and that is still open:"))->command,
		N_("request duplicate %u --of=<its number>"), n);
	choose_end(f, s);
}

static void on_scoping(const struct request_facts *f, struct request_step *s)
{
	uint32_t n = f->row->number;

	if (!f->deadline) {
		put(s->what, "%s", _("Make its clock known."));
		put(s->why, "%s", _("Nothing is carried out before it is known until when it must be."));
		command(s->command, "request clock %u", n);
		return;
	}
	if (request_is_at_once(f->row->type)) {
		on_at_once(f, s);
		return;
	}
	put(s->what, _("Look at what it is about ('request scope %u'), say what a law obliges you to keep, then ask a second user to approve."), n);
	put(s->why, "%s", _("The second user approves exactly the list that 'request scope' shows; when it changes, it has to be approved again."));
	command(s->command, "request approve %u", n);
	command(choice(s, _("To see the list:"))->command, "request scope %u", n);
	command(choice(s, _("A law obliges you to keep one of these collections:"))->command,
		N_("request exempt %u --collection=<collection> --citation=<the article>"), n);
	command(choice(s, _("The same person asked for the same before, and that is still open:"))->command,
		N_("request duplicate %u --of=<its number>"), n);
	command(choice(s, _("It is another person's:"))->command,
		N_("request identify %u <the id of the person>"), n);
	choose_extension(f, s);
	choose_end(f, s);
}

static void on_awaiting_approval(const struct request_facts *f, struct request_step *s)
{
	char id[ID_TEXT_SIZE];

	id_format(&f->row->approval, id);
	if (f->is_own) {
		put(s->what, _("Wait for a second user: they call 'approval show %s', then 'approval grant %s'."),
			id, id);
	} else {
		put(s->what, _("Confirm it, or not: 'approval show %s' says exactly what will happen."), id);
		command(s->command, "approval grant %s", id);
		command(choice(s, _("It is not right:"))->command, "approval deny %s", id);
	}
	put(s->why, "%s", _("Nobody carries out a request alone: a mistake here cannot be taken back."));
	choose_extension(f, s);
	choose_end(f, s);
}

static void on_approved(const struct request_facts *f, struct request_step *s)
{
	uint32_t n = f->row->number;

	if (f->row->type == REQUEST_ACCESS || f->row->type == REQUEST_PORTABILITY) {
		put(s->what, "%s", _("Write the person's data to a file."));
		put(s->why, "%s", _("A second user approved it. The file holds all that 'request scope' lists."));
		command(s->command, N_("request execute %u <a new file>"), n);
	} else if (f->row->type == REQUEST_ERASURE) {
		put(s->what, "%s", _("Begin the erasure."));
		put(s->why, "%s", _("A second user approved it. The data is denied to everyone at once; until the grace period is over it can be given back."));
		command(s->command, "request execute %u", n);
	} else {
		put(s->what, "%s", _("Carry it out."));
		put(s->why, "%s", _("A second user approved it."));
		command(s->command, "request execute %u", n);
	}
	choose_end(f, s);
}

static void on_cooling_off(const struct request_facts *f, struct request_step *s)
{
	char when[CIVIL_TIME_SIZE];

	civil_format_time(f->erasure_due_ms, when);
	put(s->what, _("Wait: the keys are shredded after %.16s UTC."), when);
	put(s->why, "%s", _("Nobody is shown the data any more. Until then it can be given back."));
	command(choice(s, _("The person took it back:"))->command, "request revoke %u", f->row->number);
}

static void on_needs_input(const struct request_facts *f, struct request_step *s)
{
	uint32_t n = f->row->number;
	char id[ID_TEXT_SIZE];

	id_format(&f->row->subject, id);
	if (tell_recipients(f, s)) {
		if (f->row->type == REQUEST_RECTIFICATION) {
			put(s->what, _("Correct the data; then tell %s, who received it: print the notice and send it."), f->untold);
			command(choice(s, _("To correct it:"))->command,
				N_("subject update %s --purpose=%s --collection=<collection> --record=<the record>"),
				id, request_purpose(f->row->type));
		}
		choose_letter(f, s);
		choose_end(f, s);
		return;
	}
	if (f->row->type == REQUEST_RECTIFICATION) {
		put(s->what, "%s", _("Correct the data, then say that it is done."));
		put(s->why, "%s", _("Only you know what is right. Tell everybody to whom the wrong data was given, too."));
		command(choice(s, _("To correct it:"))->command,
			N_("subject update %s --purpose=%s --collection=<collection> --record=<the record>"), id,
			request_purpose(f->row->type));
	} else if (request_is_at_once(f->row->type)) {
		put(s->what, "%s", _("Write to the person what was done, then say that it is done."));
		put(s->why, "%s", _("It has taken effect; it is answered when the person knows."));
	} else {
		put(s->what, "%s", _("Send the file to the person, then say that it is done."));
		put(s->why, "%s", _("It is answered when the person has it: to the address that was verified, not to one that came with the letter. Then delete the file."));
		command(choice(s, _("The file was lost, or new data came:"))->command,
			N_("subject dossier %s <a new file> --purpose=%s"), id,
			request_purpose(f->row->type));
	}
	command(s->command, "request done %u", n);
	choose_letter(f, s);
	choose_end(f, s);
}

/* What was done, or why not. */
static void choose_denied(const struct request_facts *f, struct request_step *s)
{
	command(choice(s, _("To write so:"))->command, "request letter %u refuse", f->row->number);
}

/* The person is told what was kept and why, and that it is used for nothing else. */
static void choose_kept(const struct request_facts *f, struct request_step *s)
{
	char id[ID_TEXT_SIZE];

	if (!f->kept) {
		return;
	}
	id_format(&f->row->subject, id);
	command(choice(s, _("To write what was kept, and by which law:"))->command,
		"request letter %u refuse", f->row->number);
	command(choice(s, _("What was kept is for that law alone; so that nobody uses it for anything else:"))->command,
		N_("record rule --purpose=%s --collection=%s --where=subject --is=%s --set=purpose --value=<the purpose>"),
		request_purpose(f->row->type), f->kept, id);
}

static void on_backups(const struct request_facts *f, struct request_step *s)
{
	if (tell_recipients(f, s)) {
		choose_letter(f, s);
		return;
	}
	put(s->what, "%s", _("Wait: custosd deletes older copies of the keys by itself, and closes the request then."));
	put(s->why, _("The keys are gone from this host and from the newest vault object at every target. %s"),
		f->backups ? f->backups : "");
	choose_letter(f, s);
	command(choice(s, _("To write what this means for backups:"))->command,
		"request letter %u backups", f->row->number);
	choose_kept(f, s);
}

static void on_closed(const struct request_facts *f, struct request_step *s)
{
	put(s->what, _("Nothing more: it is closed (%s)."), request_state_word(f->row->state));
	switch (f->row->state) {
	case REQ_DENIED:
		put(s->why, "%s", _("The person has to be told, with the reason, where to complain and which court to go to."));
		choose_denied(f, s);
		break;
	case REQ_PARTIALLY_FULFILLED:
		put(s->why, "%s", _("What a law obliges you to keep is kept; the person has to be told what, and why."));
		choose_letter(f, s);
		choose_kept(f, s);
		break;
	case REQ_FULFILLED: choose_letter(f, s); break;
	case REQ_DUPLICATE:
		put(s->why, _("Request %u answers it."), f->row->duplicate_of);
		break;
	default: break;
	}
}

void request_next(const struct request_facts *f, struct request_step *ret)
{
	*ret = (struct request_step){ .nchoices = 0 };
	say_clock(f, ret);
	switch ((enum request_state)f->row->state) {
	case REQ_RECEIVED: on_received(f, ret); break;
	case REQ_IDENTITY_PENDING: on_identity_pending(f, ret); break;
	case REQ_SCOPING: on_scoping(f, ret); break;
	case REQ_AWAITING_APPROVAL: on_awaiting_approval(f, ret); break;
	case REQ_APPROVED: on_approved(f, ret); break;
	case REQ_COOLING_OFF: on_cooling_off(f, ret); break;
	case REQ_EXECUTING:
		put(ret->what, "%s", _("Wait: the keys are being shredded, and every target is told."));
		put(ret->why, "%s", _("It cannot be taken back any more."));
		break;
	case REQ_NEEDS_INPUT: on_needs_input(f, ret); break;
	case REQ_LIVE_DONE:
	case REQ_BACKUPS_PENDING: on_backups(f, ret); break;
	case REQ_HELD:
		put(ret->what, "%s", _("Wait until the legal hold is released; it goes on by itself then."));
		put(ret->why, "%s", _("What a court or an authority may need must not be erased. The person is told that it takes longer, or is refused."));
		choose_extension(f, ret);
		choose_end(f, ret);
		break;
	case REQ_FULFILLED:
	case REQ_PARTIALLY_FULFILLED:
	case REQ_DENIED:
	case REQ_REVOKED:
	case REQ_DUPLICATE:
	case REQ_LAPSED:
	case REQUEST_NO_STATE_:
	case REQUEST_NSTATES_: on_closed(f, ret); break;
	}
}
