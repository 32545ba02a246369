// SPDX-License-Identifier: BSD-2-Clause
/*
 * policies.c - the versions of a policy, and the steps of a change.
 *
 * The list of versions is never changed, only replaced by another list, so that the old list can be
 * put back if a change fails.
 */
#include "policy/policies.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/lock.h"
#include "config/config.h"
#include "policy/policies_internal.h"
#include "policy/policy_file.h"
#include "policy/versions.h"
#include "state/store.h"
#include "state/txn.h"

enum { TXN_TTL_SEC = 600 };

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int fail(struct wf_policy_error *ret_error, const char *what, int err)
{
	snprintf(ret_error->text, sizeof(ret_error->text), "policy: %s: %s", what, strerror(-err));
	return err;
}

/* ---- reading ---- */

enum what { PRESENT, VERSIONS, CONFIGURED };

/*
 * Return a copy of @what, which the caller may use while another thread changes the policy; NULL on
 * failure.
 */
static json_t *copy_new(struct wf_policies *policies, enum what what)
{
	json_t *from;
	json_t *copy;

	if (wf_lock_take(&policies->list_lock, "policy: reading"))
		return NULL;
	from = what == CONFIGURED ? policies->configured : policies->versions;
	copy = json_deep_copy(what == PRESENT ? json_array_get(from, 0) : from);
	wf_lock_put(&policies->list_lock);
	return copy;
}

json_t *wf_policies_get(struct wf_policies *policies)
{
	return copy_new(policies, PRESENT);
}

json_t *wf_policies_configured(struct wf_policies *policies)
{
	return copy_new(policies, CONFIGURED);
}

json_t *wf_policies_history(struct wf_policies *policies)
{
	json_t *versions = copy_new(policies, VERSIONS);

	return versions ? json_pack("{so}", "versions", versions) : NULL;
}

int wf_policies_check(const json_t *policy, json_t **ret_policy, struct wf_policy_error *ret_error)
{
	struct wf_config config;
	int err = wf_config_init(&config);

	if (err)
		return fail(ret_error, "check", err);
	err = wf_policy_read(policy, &config, ret_error);
	if (!err) {
		*ret_policy = wf_policy_new(&config);
		err = *ret_policy ? 0 : fail(ret_error, "check", -ENOMEM);
	}
	if (!err && json_dumpb(*ret_policy, NULL, 0, JSON_COMPACT) > WF_POLICY_MAX_BYTES) {
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "policy: more than %d KiB of JSON", WF_POLICY_MAX_BYTES >> 10);
		json_decref(*ret_policy);
		err = -EFBIG;
	}
	wf_config_fini(&config);
	return err;
}

/* ---- the steps of a change ---- */

static const char *why_not_applied(int err)
{
	switch (err) {
	case -ENOSPC:
		return "not applied, because connections with 15 other depths still exist; use "
		       "one of these depths, or wait";
	case -ETIMEDOUT:
		return "not applied, because a worker is too busy to answer; try again";
	default:
		return "not applied, so the old one is in use";
	}
}

/* Apply @policy, a valid one, to the workers and the kernel, if there is a handle. */
static int apply(const struct wf_policies *policies, const json_t *policy,
		 struct wf_policy_error *ret_error)
{
	struct weft_policy_opts opts;
	struct wf_config config;
	int err;

	if (!policies->weft)
		return 0;
	err = wf_config_init(&config);
	if (err)
		return fail(ret_error, "not applied, so the old one is in use", err);
	err = wf_policy_read(policy, &config, ret_error);
	if (!err) {
		opts = wf_policy_opts(&config);
		err = weft_policy_set(policies->weft, &opts);
		if (err)
			fail(ret_error, why_not_applied(err), err);
	}
	wf_config_fini(&config);
	return err;
}

static int stage(const struct wf_policies *policies, const json_t *version, uint64_t *ret_txn,
		 struct wf_policy_error *ret_error)
{
	const uint64_t now = now_ns(CLOCK_MONOTONIC);
	char *text = json_dumps(version, JSON_COMPACT);
	int err = text ? wf_txn_begin(policies->store, TXN_TTL_SEC * 1000000000ull, now, ret_txn)
		       : -ENOMEM;

	if (!err) {
		err = wf_txn_set(policies->store, *ret_txn, WF_POLICY_KEY, text, strlen(text),
				 WF_VERSION_ANY, now);
		if (err)
			wf_txn_roll_back(policies->store, *ret_txn);
	}
	free(text);
	return err ? fail(ret_error, "not staged in the state store (state.max_mb)", err) : 0;
}

static int commit(const struct wf_policies *policies, uint64_t txn,
		  struct wf_policy_error *ret_error)
{
	char conflict[WF_STATE_KEY_MAX_BYTES + 1];
	int err = wf_txn_commit(policies->store, txn, now_ns(CLOCK_REALTIME), conflict);

	return err ? fail(ret_error, "not committed to the state store", err) : 0;
}

/* Restore the present policy after a step of a change has failed. */
static void undo(const struct wf_policies *policies, json_t *configured)
{
	struct wf_policy_error error;
	char message[sizeof(error.text) + 64];

	wf_policy_file_write(&policies->file, configured, policies->versions);
	if (!apply(policies, json_object_get(json_array_get(policies->versions, 0), "policy"),
		   &error))
		return;
	snprintf(message, sizeof(message), "the policy in use is not the stored one: %s",
		 error.text);
	wf_policies_log(policies, WEFT_LOG_ERROR, message);
}

/* Stage and apply the first of @versions, store all of @versions, and commit. */
static int carry_out(struct wf_policies *policies, json_t *configured, json_t *versions,
		     struct wf_policy_error *ret_error)
{
	const json_t *version = json_array_get(versions, 0);
	uint64_t txn;
	int err = stage(policies, version, &txn, ret_error);

	if (err)
		return err;
	err = apply(policies, json_object_get(version, "policy"), ret_error);
	if (err)
		goto roll_back;
	err = wf_policy_file_write(&policies->file, configured, versions);
	if (err) {
		fail(ret_error, "not stored in agent.state_dir, so the old one is in use", err);
		goto undo;
	}
	err = commit(policies, txn, ret_error);
	if (!err)
		return 0;
undo:
	undo(policies, policies->configured);
roll_back:
	wf_txn_roll_back(policies->store, txn);
	return err;
}

/* Replace the list of versions and the policy of the configuration. Takes @versions. */
static void replace(struct wf_policies *policies, json_t *configured, json_t *versions)
{
	json_t *old = policies->versions;

	/* The change is committed, so this step must not fail: retry until readers unlock. */
	while (wf_lock_take(&policies->list_lock, "policy: replacing"))
		;
	policies->versions = versions;
	json_incref(configured);
	json_decref(policies->configured);
	policies->configured = configured;
	wf_lock_put(&policies->list_lock);
	json_decref(old);
	atomic_fetch_add_explicit(&policies->changes, 1, memory_order_relaxed);
}

/* Make @policy, which is complete and valid, the present one. The caller holds change_lock. */
static int change_to(struct wf_policies *policies, json_t *policy, json_t *configured,
		     const char *by, struct wf_policy_error *ret_error)
{
	const json_t *present = json_array_get(policies->versions, 0);
	json_t *version = NULL;
	json_t *versions = NULL;
	int err;

	if (json_equal(json_object_get(present, "policy"), policy) &&
	    json_equal(configured, policies->configured))
		return 0;
	version = wf_version_new(wf_version_number(present) + 1, by, policy);
	if (version)
		versions = wf_versions_with(policies->versions, version);
	json_decref(version);
	if (!versions)
		return fail(ret_error, "not changed", -ENOMEM);
	err = carry_out(policies, configured, versions, ret_error);
	if (err)
		json_decref(versions);
	else
		replace(policies, configured, versions);
	return err;
}

/* Change to @policy if the present version fulfils the condition of @change. */
static int change_if(struct wf_policies *policies, json_t *policy,
		     const struct wf_policy_change *change, struct wf_policy_error *ret_error)
{
	uint64_t present = wf_version_number(json_array_get(policies->versions, 0));

	if (change->if_version == WF_POLICY_ANY_VERSION || change->if_version == present)
		return change_to(policies, policy, policies->configured, change->by, ret_error);
	snprintf(ret_error->text, sizeof(ret_error->text),
		 "policy: conflict: the present version is %llu, not %llu; read it again",
		 (unsigned long long)present, (unsigned long long)change->if_version);
	return -ESTALE;
}

static void count_rejected(struct wf_policies *policies)
{
	atomic_fetch_add_explicit(&policies->rejected, 1, memory_order_relaxed);
}

static int begin(struct wf_policies *policies, struct wf_policy_error *ret_error)
{
	if (!wf_lock_take(&policies->change_lock, "policy: a change"))
		return 0;
	count_rejected(policies);
	return fail(ret_error, "another change takes too long", -EBUSY);
}

static int end(struct wf_policies *policies, int err)
{
	wf_lock_put(&policies->change_lock);
	if (err)
		count_rejected(policies);
	return err;
}

/* ---- changes ---- */

int wf_policies_set(struct wf_policies *policies, const json_t *policy,
		    const struct wf_policy_change *change, struct wf_policy_error *ret_error)
{
	json_t *whole = NULL;
	int err = begin(policies, ret_error);

	if (err)
		return err;
	if (policy)
		err = wf_policies_check(policy, &whole, ret_error);
	else
		whole = json_incref(policies->configured);
	if (!err) {
		err = change_if(policies, whole, change, ret_error);
		json_decref(whole);
	}
	return end(policies, err);
}

int wf_policies_roll_back(struct wf_policies *policies, uint64_t version,
			  const struct wf_policy_change *change, struct wf_policy_error *ret_error)
{
	json_t *policy;
	int err = begin(policies, ret_error);

	if (err)
		return err;
	policy = wf_versions_find(policies->versions, version);
	if (policy) {
		json_incref(policy);
		err = change_if(policies, policy, change, ret_error);
		json_decref(policy);
	} else {
		err = -ENOENT;
		snprintf(ret_error->text, sizeof(ret_error->text),
			 "policy: the history has no version %llu; 'weft policy history' lists the "
			 "versions",
			 (unsigned long long)version);
	}
	return end(policies, err);
}

int wf_policies_reload(struct wf_policies *policies, const struct wf_config *config, const char *by,
		       struct wf_policy_error *ret_error)
{
	json_t *configured;
	int err = begin(policies, ret_error);

	if (err)
		return err;
	configured = wf_policy_new(config);
	if (!configured)
		err = fail(ret_error, "reload", -ENOMEM);
	else if (!json_equal(configured, policies->configured))
		err = change_to(policies, configured, configured, by, ret_error);
	json_decref(configured);
	return end(policies, err);
}

void wf_policies_set_handle(struct wf_policies *policies, struct weft *weft)
{
	while (wf_lock_take(&policies->change_lock, "policy: the handle"))
		;
	policies->weft = weft;
	wf_lock_put(&policies->change_lock);
}

void wf_policies_print_metrics(struct wf_policies *policies, FILE *out)
{
	json_t *present = wf_policies_get(policies);

	fprintf(out,
		"# HELP weft_policy_version number of the present version of the policy\n"
		"# TYPE weft_policy_version gauge\n"
		"weft_policy_version %llu\n"
		"# HELP weft_policy_changes_total changes of the policy since the start\n"
		"# TYPE weft_policy_changes_total counter\n"
		"weft_policy_changes_total %llu\n"
		"# HELP weft_policy_rejected_total changes of the policy that were rejected or "
		"failed\n"
		"# TYPE weft_policy_rejected_total counter\n"
		"weft_policy_rejected_total %llu\n",
		(unsigned long long)wf_version_number(present),
		(unsigned long long)atomic_load_explicit(&policies->changes, memory_order_relaxed),
		(unsigned long long)atomic_load_explicit(&policies->rejected,
							 memory_order_relaxed));
	json_decref(present);
}
