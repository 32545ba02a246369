/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reload.h - reads the configuration of a running agent again, and uses what has changed.
 *
 * The table in config_reload.c says which keys can change while the agent runs: those of the
 * policy, which is set first because this can fail, and some numbers and switches, which are set
 * without failure. If another key differs, nothing is changed, and each such key is reported with
 * the reason.
 *
 * Thread: any; one reload runs at a time. Memory: a configuration, during the call.
 */
#ifndef WF_AGENT_WATCH_RELOAD_H
#define WF_AGENT_WATCH_RELOAD_H

#include <jansson.h>

#include <weft/log.h>

#include "base/lock.h"
#include "config/config_table.h"

struct wf_policies;

/* Read the configuration into @config, which has all defaults. Return: 0; negative errno, with the
 * reason in @ret_error. Thread: any, one call at a time. */
typedef int (*wf_reload_fn)(struct wf_config *config, struct wf_config_error *ret_error, void *ctx);

/* Use the WF_CONFIG_LIVE keys of @config. Thread: that of the reload. */
typedef void (*wf_reload_apply_fn)(const struct wf_config *config, void *ctx);

/**
 * struct wf_reload - the means of reloading; all pointers are borrowed; zeroed: there is nothing to
 * reload, as in replay
 * @fn:       reads the configuration; NULL: it can't be read again
 * @config:   the configuration in use. While @apply_fn is set, only a reload changes its
 *            WF_CONFIG_LIVE keys
 * @apply_fn: NULL: no capture runs
 */
struct wf_reload {
	wf_reload_fn fn;
	void *ctx;
	struct wf_config *config; /* the configuration in use */
	const char *user;	  /* name of the user as which the agent runs, for messages */
	struct wf_policies *policies;
	wf_reload_apply_fn apply_fn;
	void *apply_ctx;
	struct wf_lock lock; /* held during a reload */
};

/* Initialise @reload, whose fn, ctx and user the caller has set. @config, @policies: those in use.
 */
void wf_reload_init(struct wf_reload *reload, struct wf_config *config,
		    struct wf_policies *policies);
void wf_reload_fini(struct wf_reload *reload);

/* Set the function that uses live keys; NULL: none. Waits for the end of a reload. */
void wf_reload_set_apply(struct wf_reload *reload, wf_reload_apply_fn fn, void *ctx);

/*
 * Reload. @by: the author of a new version of the policy. *@ret_result: {"changed": [key...],
 * "rejected": [{"key", "reason"}...]}, owned by the caller; at least one of the two is empty; with
 * "other_version", the number of the present version, if its policy is not the configured one.
 * Return: 0, also if keys were rejected; negative errno, with the reason in @ret_error.
 */
int wf_reload(struct wf_reload *reload, const char *by, json_t **ret_result,
	      struct wf_config_error *ret_error);

/* Reload because of SIGHUP, and log the result. */
void wf_reload_and_log(struct wf_reload *reload, weft_log_fn log_fn, void *log_ctx);

#endif
