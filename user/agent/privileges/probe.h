/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe.h - reports, without changing anything, which privileges weft run would keep on this host.
 *
 * Thread: any.
 */
#ifndef WF_AGENT_PRIVILEGES_PROBE_H
#define WF_AGENT_PRIVILEGES_PROBE_H

#include <stdbool.h>

#include <weft/probe.h>

#include "config/config_table.h"

/* Call @fn with the result. @has_tcx: the kernel has tcx links. */
void wf_privileges_probe(const struct wf_config *config, bool has_tcx, weft_probe_fn fn, void *ctx);

#endif
