/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * openmetrics.h - converts metrics from the text format of Prometheus to OpenMetrics 1.0.
 */
#ifndef WF_HTTP_WIRE_OPENMETRICS_H
#define WF_HTTP_WIRE_OPENMETRICS_H

#include <stdbool.h>
#include <stddef.h>

/* Return true if @accept, the value of a header Accept, names OpenMetrics. */
bool wf_openmetrics_is_wanted(const char *accept);

/*
 * Return @text in the format OpenMetrics, owned by the caller: the name of a family of counters is
 * that of its samples without "_total", and the last line is "# EOF". NULL if there is no memory.
 */
char *wf_openmetrics_new(const char *text, size_t *ret_bytes);

#endif
