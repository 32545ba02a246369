/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show.h - the table of sensors as text and as JSON.
 */
#ifndef WF_FLEET_SHOW_H
#define WF_FLEET_SHOW_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "fleet/sensors.h"

/*
 * Print the table, at most 80 columns wide, and a line of totals. @now_ns: the present time, in ns
 * since 1970.
 */
void wf_fleet_print(const struct wf_fleet *fleet, int64_t now_ns, FILE *out);

/* Return the table as JSON, owned by the caller; NULL: no memory. */
json_t *wf_fleet_json_new(const struct wf_fleet *fleet, int64_t now_ns);

#endif
