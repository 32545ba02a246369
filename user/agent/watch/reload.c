// SPDX-License-Identifier: BSD-2-Clause
/*
 * reload.c - compares the configuration that was read again with the one in use.
 */
#include "agent/watch/reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/config_print.h"
#include "config/config_reload.h"
#include "policy/policies.h"
#include "policy/policy_diff.h"

/* longer than a change of the policy waits for another change (policies_open.c) */
enum { LOCK_TIMEOUT_MS = 20000 };

/* The keys that differ, as arrays of JSON; owned. */
struct changes {
	json_t *rejected; /* {"key", "reason"} */
	json_t *live;	  /* names of WF_CONFIG_LIVE keys */
};

static int add_change(const struct wf_config_key *key, struct changes *changes)
{
	switch (wf_config_reload(key)) {
	case WF_CONFIG_POLICY: /* change_policy() finds these */
		return 0;
	case WF_CONFIG_LIVE:
		return json_array_append_new(changes->live, json_string(key->name));
	case WF_CONFIG_RESTART:
		break;
	}
	return json_array_append_new(
		changes->rejected,
		json_pack("{ssss}", "key", key->name, "reason", wf_config_restart_reason(key)));
}

static int add_if_changed(const struct wf_reload *reload, const struct wf_config *config,
			  const struct wf_config_key *key, struct changes *changes)
{
	char *before = wf_config_text_new(reload->config, key);
	char *after = wf_config_text_new(config, key);
	int err = before && after ? 0 : -ENOMEM;

	if (!err && strcmp(before, after) && add_change(key, changes))
		err = -ENOMEM;
	free(before);
	free(after);
	return err;
}

/* List the keys that have changed, except those of the policy. */
static int find_changes(const struct wf_reload *reload, const struct wf_config *config,
			struct changes *changes)
{
	int err = changes->rejected && changes->live ? 0 : -ENOMEM;

	for (const struct wf_config_key *key = wf_config_keys(); !err && key->name; key++)
		if (key->type != WF_CONFIG_LATER)
			err = add_if_changed(reload, config, key, changes);
	return err;
}

/* Use the WF_CONFIG_LIVE keys of @config. */
static void change_live(const struct wf_reload *reload, const struct wf_config *config)
{
	for (const struct wf_config_key *key = wf_config_keys(); key->name; key++)
		if (key->type != WF_CONFIG_LATER && wf_config_reload(key) == WF_CONFIG_LIVE)
			wf_config_set_number(reload->config, key, wf_config_number(config, key));
	if (reload->apply_fn)
		reload->apply_fn(reload->config, reload->apply_ctx);
}

/*
 * Use the policy in @config, and add to @changed the keys in which this policy differs from the one
 * that was configured before.
 */
static int change_policy(const struct wf_reload *reload, const struct wf_config *config,
			 const char *by, json_t *changed, struct wf_config_error *ret_error)
{
	json_t *before = wf_policies_configured(reload->policies);
	json_t *after = wf_policy_new(config);
	json_t *diff = wf_policy_diff_new(before, after);
	struct wf_policy_error error;
	json_t *item;
	size_t i;
	int err = -ENOMEM;

	if (before && after && diff) {
		err = wf_policies_reload(reload->policies, config, by, &error);
		snprintf(ret_error->text, sizeof(ret_error->text), "%s", err ? error.text : "");
	}
	json_array_foreach(err ? NULL : diff, i, item)
		json_array_append(changed, json_object_get(item, "key"));
	json_decref(diff);
	json_decref(before);
	json_decref(after);
	return err;
}

/* If the policy in use is not the configured one, add the number of its version to @result. */
static void add_other_version(const struct wf_reload *reload, json_t *result)
{
	json_t *present = wf_policies_get(reload->policies);
	json_t *configured = wf_policies_configured(reload->policies);

	if (present && configured && !json_equal(json_object_get(present, "policy"), configured))
		json_object_set(result, "other_version", json_object_get(present, "version"));
	json_decref(present);
	json_decref(configured);
}

/* Use all of @changes and the policy of @config, or nothing. */
static int use(const struct wf_reload *reload, const struct wf_config *config, const char *by,
	       const struct changes *changes, json_t *result, struct wf_config_error *ret_error)
{
	json_t *changed = json_object_get(result, "changed");
	int err;

	if (json_array_size(changes->rejected))
		return 0;
	err = change_policy(reload, config, by, changed, ret_error);
	if (err)
		return err;
	change_live(reload, config);
	/* The changes are in use. Without memory, @result lacks a part of them. */
	json_array_extend(changed, changes->live);
	add_other_version(reload, result);
	return 0;
}

static int compare(const struct wf_reload *reload, const struct wf_config *config, const char *by,
		   json_t **ret_result, struct wf_config_error *ret_error)
{
	struct changes changes = {json_array(), json_array()};
	json_t *result = json_pack("{s[] sO}", "changed", "rejected", changes.rejected);
	int err = result ? find_changes(reload, config, &changes) : -ENOMEM;

	if (!err)
		err = use(reload, config, by, &changes, result, ret_error);
	json_decref(changes.rejected);
	json_decref(changes.live);
	if (err)
		json_decref(result);
	else
		*ret_result = result;
	return err;
}

/* Read the configuration. If the agent's user may not read the file, the reason names the user. */
static int read_config(const struct wf_reload *reload, struct wf_config *config,
		       struct wf_config_error *ret_error)
{
	int err = reload->fn(config, ret_error, reload->ctx);
	size_t used = strlen(ret_error->text);

	if (err == -EACCES)
		snprintf(ret_error->text + used, sizeof(ret_error->text) - used,
			 "; the agent runs as the user %s, which must be allowed to read the file "
			 "and to search its directory",
			 reload->user);
	return err;
}

void wf_reload_init(struct wf_reload *reload, struct wf_config *config,
		    struct wf_policies *policies)
{
	wf_lock_init(&reload->lock, LOCK_TIMEOUT_MS);
	reload->config = config;
	reload->policies = policies;
}

void wf_reload_fini(struct wf_reload *reload)
{
	if (reload->config)
		wf_lock_fini(&reload->lock);
	reload->config = NULL;
}

void wf_reload_set_apply(struct wf_reload *reload, wf_reload_apply_fn fn, void *ctx)
{
	while (wf_lock_take(&reload->lock, "the end of a reload"))
		;
	reload->apply_fn = fn;
	reload->apply_ctx = ctx;
	wf_lock_put(&reload->lock);
}

/* Read the configuration, and use it. The caller holds the lock. */
static int reload_locked(const struct wf_reload *reload, const char *by, json_t **ret_result,
			 struct wf_config_error *ret_error)
{
	struct wf_config config;
	int err = wf_config_init(&config);

	snprintf(ret_error->text, sizeof(ret_error->text), "out of memory");
	if (!err)
		err = read_config(reload, &config, ret_error);
	if (!err)
		err = compare(reload, &config, by, ret_result, ret_error);
	wf_config_fini(&config);
	return err;
}

int wf_reload(struct wf_reload *reload, const char *by, json_t **ret_result,
	      struct wf_config_error *ret_error)
{
	int err;

	if (wf_lock_take(&reload->lock, "reload")) {
		snprintf(ret_error->text, sizeof(ret_error->text), "another reload takes too long");
		return -EBUSY;
	}
	err = reload_locked(reload, by, ret_result, ret_error);
	wf_lock_put(&reload->lock);
	return err;
}

static void log_rejected(const json_t *rejected, weft_log_fn log_fn, void *log_ctx)
{
	char message[256];
	json_t *item;
	size_t i;

	json_array_foreach(rejected, i, item)
	{
		snprintf(message, sizeof(message),
			 "reload: nothing is changed: %s can't change while weft runs: %s",
			 json_string_value(json_object_get(item, "key")),
			 json_string_value(json_object_get(item, "reason")));
		log_fn(WEFT_LOG_ERROR, message, log_ctx);
	}
}

static void log_changed(const json_t *changed, weft_log_fn log_fn, void *log_ctx)
{
	char message[1024];
	int used = snprintf(message, sizeof(message), "reload: changed:");
	json_t *item;
	size_t i;

	json_array_foreach(changed, i, item)
	{
		if (used < (int)sizeof(message))
			used += snprintf(message + used, sizeof(message) - (size_t)used, " %s",
					 json_string_value(item));
	}
	if (json_array_size(changed))
		log_fn(WEFT_LOG_INFO, message, log_ctx);
}

void wf_reload_and_log(struct wf_reload *reload, weft_log_fn log_fn, void *log_ctx)
{
	struct wf_config_error error;
	char message[sizeof(error.text) + 64];
	json_t *result;

	if (!reload->fn || !reload->policies)
		return;
	if (wf_reload(reload, "SIGHUP", &result, &error)) {
		snprintf(message, sizeof(message), "reload: nothing is changed: %s", error.text);
		if (log_fn)
			log_fn(WEFT_LOG_ERROR, message, log_ctx);
		return;
	}
	if (log_fn)
		log_rejected(json_object_get(result, "rejected"), log_fn, log_ctx);
	if (log_fn)
		log_changed(json_object_get(result, "changed"), log_fn, log_ctx);
	json_decref(result);
}
