/*
 * gap.h: a gap in the log of a restored store is accepted by two users (store/tx_gap.h).
 */
#ifndef CU_CONTROL_GAP_H
#define CU_CONTROL_GAP_H

struct approval_kind;

/* For whoever may call 'log accept-gap'; it happens with the confirmation. */
extern const struct approval_kind gap_approval;

#endif
