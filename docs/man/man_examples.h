/*
 * man_examples.h: what people type most, for the section EXAMPLES of a family's page.
 *
 * X(family, what it does, the words behind "custosctl"); guides_are_in_step looks whether each is a command
 * with these options.
 */
#ifndef CUSTOS_MAN_EXAMPLES_H
#define CUSTOS_MAN_EXAMPLES_H

/* clang-format off */
#define MAN_EXAMPLES(X) \
X("backup", "Back up to every target now:", "backup run") \
X("backup", "Read all that lies at one target, and compare its hashes:", "backup check --target=usb --read-data") \
X("drill", "Restore the newest backup of a target with the identity, compare everything, keep nothing:", "drill run --target=usb --identity=/media/stick/identity.txt") \
X("consent", "May this person's data be used to send mail, and why?", "consent check 0bd62a019c6d0f779f53877b540ea792 --purpose=marketing_email --explain") \
X("erase", "What would go, and what not:", "erase 0bd62a019c6d0f779f53877b540ea792 --purpose=erasure_request --dry-run") \
X("erase", "Give back what is being erased by mistake, in its grace period:", "erase cancel 3abc2fdb9f382c514dc30ff903cf64d8") \
X("hold", "Keep all that is known of a person for a case, and look at it again next June:", "hold place 0bd62a019c6d0f779f53877b540ea792 --review=2027-06-01") \
X("incident", "Enter what was noticed this morning; the hours count from then:", "incident open --noticed=\"2026-11-30 08:15\" --kind=disclosure") \
X("incident", "What to do now, and by when:", "incident show 1") \
X("key", "Another root key, because a source of it may have been copied:", "key rotate") \
X("log", "Who read, changed or deleted what of a person, for which purpose:", "log query --subject=0bd62a019c6d0f779f53877b540ea792") \
X("policy", "Until when a letter of last Thursday must be answered, sentence by sentence:", "policy deadline gdpr access --received=2026-11-26") \
X("report", "The last twelve months for the board, as one page with charts:", "report compliance --format=html report.html") \
X("report", "What to do when something is lost, with the names of your people, to be printed:", "report runbook runbook.md") \
X("request", "Enter a letter that came on Thursday:", "request open access --received=2026-11-26 --channel=letter --from=letter.txt") \
X("request", "What to do now about request 1; on a terminal it is asked and done:", "request next 1") \
X("request", "What is late or due within a week:", "request list --due") \
X("retention", "What ends in the next twelve months, by which rule:", "retention plan") \
X("subject", "Find somebody by an address, which is asked for:", "subject search email --purpose=customer_service")
/* clang-format on */

#endif
