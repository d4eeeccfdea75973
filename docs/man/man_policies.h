/*
 * man_policies.h: custos-policies(5), from the rows of the policy files.
 */
#ifndef CUSTOS_MAN_POLICIES_H
#define CUSTOS_MAN_POLICIES_H

struct buf;

void man_policies(struct buf *to);

#endif
