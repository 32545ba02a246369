/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * health.h - prints the response to the request "health".
 *
 *   {"command": "health"}
 *     -> {"status": "ok" | "degraded" | "unhealthy",
 *         "reasons": [{"what": "worker_stalled", "detail": "...", "help": "..."}...],
 *         "not_given_up": [{"what": "CAP_NET_ADMIN", "why": "..."}...]: privileges of the agent}
 */
#ifndef WF_AGENT_VIEW_HEALTH_H
#define WF_AGENT_VIEW_HEALTH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/*
 * Print the status, two lines for each reason, and a line for each privilege that was not given up.
 * @health: the response; members may be missing.
 */
void wf_health_print(const json_t *health, FILE *out);

/* Return true if @health, the response, says that the agent is unhealthy. */
bool wf_health_is_bad(const json_t *health);

#endif
