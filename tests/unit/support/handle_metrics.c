// SPDX-License-Identifier: BSD-2-Clause
/*
 * handle_metrics.c - finds one metric among all metrics of a handle.
 */
#include "unit/support/handle_metrics.h"

#include <string.h>

#include <weft/weft.h>

struct lookup {
	const char *name;
	uint64_t value;
};

static void look_up(const struct weft_metric *metric, void *ctx)
{
	struct lookup *lookup = ctx;

	if (!strcmp(metric->name, lookup->name))
		lookup->value = metric->value;
}

uint64_t handle_metric(const struct weft *weft, const char *name)
{
	struct lookup lookup = {.name = name};

	weft_stats_each(weft, look_up, &lookup);
	return lookup.value;
}

const char *handle_open_ledger(const struct weft *weft)
{
	for (const struct weft_ledger *ledger = weft_ledgers(); ledger->name; ledger++) {
		uint64_t sum = 0;

		for (const char *const *part = ledger->parts; *part; part++)
			sum += handle_metric(weft, *part);
		if (sum != handle_metric(weft, ledger->total))
			return ledger->name;
	}
	return NULL;
}
