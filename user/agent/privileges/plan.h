/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan.h - decides, before anything is opened, which privileges a run gives up and which it keeps.
 *
 * Thread: main, before other threads exist.
 */
#ifndef WF_AGENT_PRIVILEGES_PLAN_H
#define WF_AGENT_PRIVILEGES_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/privileges/drop.h"
#include "config/config_table.h"

/**
 * struct wf_plan_opts - a run
 * @config:      borrowed
 * @files:       paths of capture files
 * @files_count: 0: capture from interfaces
 * @log_fn:      receives the reason of a failure; may be NULL
 */
struct wf_plan_opts {
	const struct wf_config *config;
	char *const *files;
	size_t files_count;
	weft_log_fn log_fn;
	void *log_ctx;
};

/*
 * Decide what wf_privileges_drop() will do. If the user may not write to the directory of stream
 * files, the plan is rejected if the configuration names the user; otherwise the process keeps its
 * present user. Return: 0 on success; -EINVAL if there is no such user or group; -EPERM if weft
 * can't become the user, or if the plan is rejected. Failures are logged.
 */
int wf_plan_make(const struct wf_plan_opts *opts, struct wf_privileges *ret_privileges);

/*
 * Find the user that weft becomes if it is started as root: agent.user; by default weft or nobody.
 * Return: as wf_account_find().
 */
int wf_plan_account(const struct wf_config *config, struct wf_account *ret_account, char *why,
		    size_t why_bytes);

/* Return the capabilities that are needed to change the user, as bits (1 << CAP_NAME). */
uint64_t wf_plan_change_capabilities(void);

/* Return the capabilities that are kept to open interfaces again. */
uint64_t wf_plan_reopen_capabilities(void);

#endif
