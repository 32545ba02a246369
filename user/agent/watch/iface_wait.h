/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iface_wait.h - waits for interfaces that do not exist yet, or have disappeared.
 */
#ifndef WF_AGENT_WATCH_IFACE_WAIT_H
#define WF_AGENT_WATCH_IFACE_WAIT_H

#include <stdbool.h>

#include <weft/weft.h>

#include "config/config_table.h"

/*
 * Wait until all interfaces of @config exist. @is_ended is called several times a second. @log_fn
 * is called if an interface is missing at first. Return: false if @is_ended returned true first.
 */
bool wf_iface_wait(const struct wf_config *config, bool (*is_ended)(const void *ctx),
		   const void *ended_ctx, weft_log_fn log_fn, void *log_ctx);

/*
 * Return true if interfaces of @weft were lost, because they are gone or another process has
 * detached their BPF programs, and interfaces with the names of all of them exist now.
 */
bool wf_iface_is_back(const struct weft *weft);

#endif
