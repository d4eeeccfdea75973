/*
 * chinook.h: Chinook's 59 customers and 412 invoices, as files to import.
 */
#ifndef CU_TESTS_CHINOOK_H
#define CU_TESTS_CHINOOK_H

struct stage;

#define CHINOOK_CUSTOMERS 59
#define CHINOOK_INVOICES  412
#define CHINOOK_SOMEONE   "luisg@embraer.com.br" /* customer 1 */
#define CHINOOK_MAP(name) SOURCE_DIR "/demo/chinook-" name ".yaml"

/* CSV with a heading, in files/; the path, kept as stage_path's. */
const char *chinook_customers(struct stage *st);
const char *chinook_invoices(struct stage *st);

/* Both are imported, and nothing is rejected. */
void chinook_import(struct stage *st);

/* The id of the only person with this e-mail address. */
void chinook_find(struct stage *st, const char *email, char ret_id[33]);

#endif
