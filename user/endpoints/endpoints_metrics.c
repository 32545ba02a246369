// SPDX-License-Identifier: BSD-2-Clause
/*
 * endpoints_metrics.c - prints the counts of a table. The library has the metrics of the table's
 * cleanup task, and of the events that its subscription dropped.
 */
#include "endpoints/endpoints_metrics.h"

#include <inttypes.h>

#include "endpoints/table.h"

void wf_endpoints_metrics_print(const struct wf_endpoints *table, FILE *out)
{
	struct wf_endpoints_counts counts;

	wf_endpoints_counts(table, &counts);
	fprintf(out,
		"# HELP weft_endpoints hosts in the table of endpoints\n"
		"# TYPE weft_endpoints gauge\n"
		"weft_endpoints %" PRIu64 "\n"
		"# HELP weft_endpoints_limit maximum number of hosts in the table of endpoints\n"
		"# TYPE weft_endpoints_limit gauge\n"
		"weft_endpoints_limit %" PRIu64 "\n"
		"# HELP weft_endpoints_evicted_total hosts that were removed because the table of "
		"endpoints was full\n"
		"# TYPE weft_endpoints_evicted_total counter\n"
		"weft_endpoints_evicted_total %" PRIu64 "\n"
		"# HELP weft_endpoints_removed_total hosts that operators removed from the table of "
		"endpoints\n"
		"# TYPE weft_endpoints_removed_total counter\n"
		"weft_endpoints_removed_total %" PRIu64 "\n",
		counts.hosts, counts.hosts_max, counts.evicted, counts.removed);
}
