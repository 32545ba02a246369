/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * policies.h - the policy of a running agent: its versions, and each change of it.
 *
 *   validate ─► stage in the state store ─► apply to workers and kernel ─► file ─► commit
 *
 * If a step fails, the earlier ones are undone, and the policy that was in use stays. The present
 * version is the key WF_POLICY_KEY of the state store, so that watches see each change; only the
 * functions of this file change that key.
 *
 * Thread: any; one change runs at a time. Bound: see versions.h.
 */
#ifndef WF_POLICY_POLICIES_H
#define WF_POLICY_POLICIES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <weft/weft.h>

#include "policy/policy.h"

struct wf_policies;
struct wf_store;

#define WF_POLICY_PREFIX "policy/"
#define WF_POLICY_KEY	 WF_POLICY_PREFIX "current"

enum { WF_POLICY_MAX_BYTES = 128 << 10 }; /* maximum length of a policy as compact JSON */

/* if_version of a change that does not depend on the present version */
#define WF_POLICY_ANY_VERSION UINT64_MAX

/**
 * struct wf_policies_opts - the sources and the destinations of policies
 * @config: borrowed; its policy is replaced by the stored one if that is used
 * @store:  borrowed
 * @agent:  name of the agent, which becomes a part of the name of the file in which policies are
 *          stored (policy_file.h)
 */
struct wf_policies_opts {
	struct wf_config *config;
	struct wf_store *store;
	const char *agent;
	weft_log_fn log_fn; /* may be NULL */
	void *log_ctx;
};

/**
 * struct wf_policy_change - the author and the condition of a change
 * @by:         author, such as "weft policy set" or "http"; borrowed
 * @if_version: the change is made only if the present version has this number;
 *              WF_POLICY_ANY_VERSION: always
 */
struct wf_policy_change {
	const char *by;
	uint64_t if_version;
};

/*
 * Choose the policy of the run: the stored one, unless the configuration has another policy than
 * when the file was written: then the policy of the configuration becomes the next version. Without
 * a file that can be used, that policy becomes version 1. The policy file is locked and only read;
 * a missing directory or lock file is made. Return: 0; -EBUSY if another agent uses the file
 * (logged); -ENOMEM; other negative errno (logged).
 */
int wf_policies_open(const struct wf_policies_opts *opts, struct wf_policies **ret_policies);
void wf_policies_close(struct wf_policies *policies);

/*
 * Store the policy that wf_policies_open() has chosen, and log the choice; the second and later
 * calls do nothing. Call it after all steps of a start that can fail, such as those that another
 * agent on the interface makes fail, and before requests are answered. Thread: main.
 */
void wf_policies_start(struct wf_policies *policies);

/* Return the open directory of the file; -1: none. *@ret_is_made: weft has created it. */
int wf_policies_dir_fd(const struct wf_policies *policies, bool *ret_is_made);

/*
 * Return the descriptor of the lock file if this process has created that file; otherwise -1. The
 * lock file is given to the agent's user, so that a later start as that user can take the lock.
 */
int wf_policies_lock_fd(const struct wf_policies *policies);

/*
 * Write the present policy to the configuration, from which a handle is made next. Return: 0;
 * -ENOMEM. Thread: main, while no handle exists.
 */
int wf_policies_prepare(struct wf_policies *policies);

/* Set the running handle to which changes are applied; NULL: none. Waits for the end of a change.
 */
void wf_policies_set_handle(struct wf_policies *policies, struct weft *weft);

/*
 * Return the present version: {"version": number, "changed": time, "by": text, "policy": {...}},
 * owned by the caller; NULL on failure.
 */
json_t *wf_policies_get(struct wf_policies *policies);

/*
 * Return {"versions": [...]}, newest first, each as in wf_policies_get(); owned by the caller; NULL
 * on failure.
 */
json_t *wf_policies_history(struct wf_policies *policies);

/*
 * Check @policy without using it. Return: as wf_policy_read(); -EFBIG if it exceeds
 * WF_POLICY_MAX_BYTES. *@ret_policy: @policy with all its keys, owned by the caller.
 */
int wf_policies_check(const json_t *policy, json_t **ret_policy, struct wf_policy_error *ret_error);

/*
 * Make @policy the present one; NULL: the policy of the configuration. A policy that is equal to
 * the present one makes no new version. Return: 0; -EINVAL if it is not valid; -ESTALE if
 * @change->if_version is not the present version; -EFBIG; -EBUSY or -ETIMEDOUT if another change or
 * a worker took too long; -ENOMEM; another negative errno if it could not be applied or stored.
 * @ret_error: the reason.
 */
int wf_policies_set(struct wf_policies *policies, const json_t *policy,
		    const struct wf_policy_change *change, struct wf_policy_error *ret_error);

/*
 * Make the policy of the earlier version @version the present one, as a new version. Return: as
 * wf_policies_set(); -ENOENT if the history does not have it.
 */
int wf_policies_roll_back(struct wf_policies *policies, uint64_t version,
			  const struct wf_policy_change *change, struct wf_policy_error *ret_error);

/*
 * Take the policy of @config, a configuration that was read again, as the policy of the
 * configuration. If it has changed, make it the present one. Return: as wf_policies_set().
 */
int wf_policies_reload(struct wf_policies *policies, const struct wf_config *config, const char *by,
		       struct wf_policy_error *ret_error);

/* Return a copy of the policy of the configuration, owned by the caller; NULL on failure. */
json_t *wf_policies_configured(struct wf_policies *policies);

/* Print the metrics weft_policy_*. */
void wf_policies_print_metrics(struct wf_policies *policies, FILE *out);

#endif
