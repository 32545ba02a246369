/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policies_internal.h - the body of struct wf_policies.
 */
#ifndef WF_POLICY_POLICIES_INTERNAL_H
#define WF_POLICY_POLICIES_INTERNAL_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <weft/log.h>

#include "base/lock.h"
#include "policy/policy.h"
#include "policy/policy_file.h"
#include "policy/policy_lock.h"

struct weft;
struct wf_config;
struct wf_store;

/**
 * struct wf_policies - the policy of an agent
 * @change_lock: held during a change, so that one runs at a time
 * @list_lock:   held while @versions and @configured are replaced, or read by a thread that does
 *               not hold change_lock
 * @versions:    owned; newest first; never empty
 * @configured:  owned; the policy of the configuration, as it was last read
 * @damage:      the reason for which the file that was found can't be used; empty: it can be
 *               used, or there was none
 * @must_write:  the policy of the configuration became a new version, which wf_policies_start()
 *               stores
 * @is_started:  the choice between the file and the configuration was stored and reported
 */
struct wf_policies {
	struct wf_lock change_lock;
	struct wf_lock list_lock;
	json_t *versions;
	json_t *configured;
	struct weft *weft;	  /* borrowed; NULL: no capture runs */
	struct wf_config *config; /* borrowed */
	struct wf_store *store;	  /* borrowed */
	struct wf_policy_file file;
	struct wf_policy_lock lock; /* the lock of the file */
	char damage[sizeof(((struct wf_policy_error *)NULL)->text)];
	bool must_write;
	bool is_started;
	weft_log_fn log_fn;
	void *log_ctx;
	_Atomic uint64_t changes;
	_Atomic uint64_t rejected;
};

static inline void wf_policies_log(const struct wf_policies *policies, enum weft_log_level level,
				   const char *message)
{
	if (policies->log_fn)
		policies->log_fn(level, message, policies->log_ctx);
}

#endif
