// SPDX-License-Identifier: BSD-2-Clause
#include "unit/support/cmocka.h"

#include <string.h>

#include "metrics/metrics.h"

static void test_metrics_sum_of_two_blocks_adds_each(void **state)
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

/* A ledger that names a metric which does not exist would always seem to close. */
static void test_ledgers_name_only_existing_metrics(void **state)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metrics_sum_of_two_blocks_adds_each),
		cmocka_unit_test(test_ledgers_name_only_existing_metrics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
