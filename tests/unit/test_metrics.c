// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/test.h"

#include <string.h>

#include "metrics/metrics.h"

TEST(metrics_sum_of_two_blocks_adds_each)
{
	struct wf_metrics a = {0};
	struct wf_metrics b = {0};
	struct wf_metrics sum = {0};

	wf_metric_add(&a, payload_bytes, 5);
	wf_metric_add(&b, payload_bytes, 7);
	wf_metric_inc(&b, gaps);
	wf_metrics_sum(&a, &sum);
	wf_metrics_sum(&b, &sum);

	assert_int_equal(wf_metric_get(&sum, payload_bytes), 12);
	assert_int_equal(wf_metrics_find(&sum, "gaps"), 1);
	assert_int_equal(wf_metrics_find(&sum, "no_such_metric"), 0);
}

static void count_if_named(const struct weft_metric *metric, void *ctx)
{
	const char **wanted = ctx;

	if (*wanted && !strcmp(metric->name, *wanted))
		*wanted = NULL;
}

/* A name in a ledger that no metric has would be read as 0, without an error. */
TEST(ledgers_name_only_existing_metrics)
{
	struct wf_metrics none = {0};

	for (const struct weft_ledger *ledger = weft_ledgers(); ledger->name; ledger++) {
		const char *wanted = ledger->total;

		wf_metrics_each(&none, count_if_named, &wanted);
		assert_null(wanted);
		for (const char *const *part = ledger->parts; *part; part++) {
			wanted = *part;
			wf_metrics_each(&none, count_if_named, &wanted);
			assert_null(wanted);
		}
	}
}
