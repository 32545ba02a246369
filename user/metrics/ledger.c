// SPDX-License-Identifier: BSD-2-Clause
/*
 * ledger.c - lists the ledgers of metrics.def. When no traffic flows, the total of each equals the
 * sum of its parts.
 *
 * The parts of a ledger are the X_OUTCOME and X_HELD lines between X_LEDGER and X_LEDGER_END. A
 * total may be a part of another ledger, for instance the number of steered frames.
 */
#include "metrics/metrics.h"

/*
 * clang-format can't format these lines: one macro opens the brace of an array, another closes it.
 */
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
