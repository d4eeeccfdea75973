/*
 * years.h: a life of ten years, and the table of what must be there in it.
 *
 * The clock is a number in a file that custosd looks at (--clock-ahead-file).  It begins in January
 * 2021, which is month 0.  Chinook's customers come with their first invoices, and each month's
 * invoices at its end; 2026 to 2030 they come once more.  An invoice is kept three years, an e-mail
 * address two years after its owner was last heard of.  Whatever is not as the table has it ends
 * the test.
 */
#ifndef CU_TESTS_YEARS_H
#define CU_TESTS_YEARS_H
#include "chinook.h"
#include "stage.h"

#define DAY_MS   (24 * 3600 * 1000LL)
#define HOUR_MS  (3600 * 1000LL)
#define MONTHS   120
#define SECOND   60 /* months after which the invoices come once more */
#define YEARS_INVOICE 3
#define YEARS_CONTACT 2

#define RULES                                                                             \
	"rules:\n"                                                                        \
	"  - {collection: transaction, keep: 3y, reason: claims end}\n"                   \
	"  - {collection: contact_point, keep: 2y, reason: nobody is written any more}\n"

/* Customers by Chinook's numbers, and the months (0: January 2021) in which something happens. */
#define HELD       2
#define RESTRICTED 14
#define AGREES     8  /* and takes it back */
#define LAPSES     38 /* agrees, and never again */
enum {
	M_AGREE = 11, M_HOLD = 14, M_TAKE_BACK = 20, M_RESTRICT = 30, M_OUTAGE = 32, M_AHEAD = 36,
	M_BEHIND = 44, M_RELEASE = 66, M_UNRESTRICT = 78,
};

struct customer {
	bool is_there, is_erased, has_lost_contact;
	unsigned arrived; /* the month */
	char id[33], given_name[64], email[80];
	int32_t heard; /* the day of the last record */
};

struct invoice {
	unsigned customer, month;
	int32_t day;
	char number[16], amount[16];
	bool is_there;
	bool is_private; /* it was held when its month was over */
	bool is_gone;
};

/* A month of invoices, once its time is over. */
struct cohort {
	bool is_gone;
	unsigned waits_for; /* a backup after this one that passed a drill */
};

struct backup {
	unsigned month;
	int sequence;
};

struct life {
	struct stage *st;
	volatile int64_t *ahead;
	struct client *privacy, *second;
	bool has_all_days;
	unsigned month; /* that passes */
	struct customer customers[CHINOOK_CUSTOMERS + 1];
	struct invoice invoices[2 * CHINOOK_INVOICES];
	unsigned ninvoices;
	struct cohort cohorts[MONTHS];
	struct backup backups[MONTHS + 16];
	unsigned nbackups, drilled;
	bool is_held, is_restricted;
	char hold[33];
};

/* One call over a connection that stays; parameters are taken, the reply is a new reference. */
json_t *years_call(struct client *c, const char *method, json_t *parameters);
/* Chinook's, all or a sixth of the customers. */
void years_load(struct life *l);
/* To a daemon that runs; and with it. */
void years_connect(struct life *l);
void years_disconnect(struct life *l);
void years_start(struct life *l);
void years_stop(struct life *l);

int64_t years_now_ms(const struct life *l);
int32_t years_today(const struct life *l);
/* The first day of a month. */
int32_t years_first_of(unsigned month);

/* Expiry runs, and finds the clock to be so: "good", "ahead", "behind". */
void years_expire(struct life *l, const char *clock);
/* Everybody that was known in this month is there, with what must be there and nothing else. */
void years_expect(struct life *l, unsigned known_month, const char *where);
void years_expect_consent(struct life *l, unsigned customer, const char *wanted, const char *where);

#endif
