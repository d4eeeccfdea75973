/*
 * man_ctl.h: the pages of custosctl, from the table of commands.
 */
#ifndef CUSTOS_MAN_CTL_H
#define CUSTOS_MAN_CTL_H

struct buf;
struct family;

void man_overview(struct buf *to);                        /* custosctl(1) */
void man_family(const struct family *f, struct buf *to);  /* custosctl-FAMILY(1) */

#endif
