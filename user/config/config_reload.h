/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_reload.h - the keys that a running agent can change (`weft reload`, SIGHUP), which the
 * manual lists from this table, and the reason why it can't change the others.
 */
#ifndef WF_CONFIG_CONFIG_RELOAD_H
#define WF_CONFIG_CONFIG_RELOAD_H

#include "config/config_table.h"

enum wf_config_reload {
	WF_CONFIG_RESTART = 0, /* the key takes effect at the next start */
	WF_CONFIG_POLICY,      /* the key is a part of the policy */
	WF_CONFIG_LIVE,	       /* a number or switch that the agent replaces; this never fails */
};

enum wf_config_reload wf_config_reload(const struct wf_config_key *key);

/* Return the reason for which the section or group of @key, a WF_CONFIG_RESTART key, can't change.
 */
const char *wf_config_restart_reason(const struct wf_config_key *key);

#endif
