// SPDX-License-Identifier: BSD-2-Clause
/*
 * ledger.c - the sums that must hold, from metrics.def: what came in has one outcome each.
 *
 * The parts of a ledger are the lines between X_LEDGER and X_LEDGER_END that are an outcome or held
 * now. A total may be a part of another ledger: steered frames are one.
 */
#include "metrics/metrics.h"

/* The braces of each array are in two macros, which clang-format does not understand. */
/* clang-format off */
#define X_LEDGER(name, total)		      static const char *const name##_parts[] = {
#define X_OUTCOME(name, family, labels, help) #name,
#define X_HELD(name, family, labels, help)    #name,
#define X_LEDGER_END()			      NULL };
#include "metrics/metrics.def"
/* clang-format on */

static const struct weft_ledger ledgers[] = {
#define X_LEDGER(name, total) {#name, #total, name##_parts},
#include "metrics/metrics.def"
	{NULL, NULL, NULL},
};

const struct weft_ledger *weft_ledgers(void)
{
	return ledgers;
}
