// SPDX-License-Identifier: BSD-2-Clause
/*
 * policies_open.c - chooses between the policy of the configuration and the stored one.
 *
 * The one that was changed last is used: the file holds the policy that was configured when it was
 * written. If the configuration still has that policy, the stored one was changed later.
 *
 * The choice is made before the capture is opened, but it is stored and reported only after the
 * start has succeeded: a start that fails, for example because another agent captures the same
 * interface, must not change the file that this agent uses.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config/config.h"
#include "policy/policies.h"
#include "policy/policies_internal.h"
#include "policy/versions.h"
#include "state/store.h"

#define DENIED_HELP \
	"; to change that, give it to the user of weft (chown), or give weft CAP_DAC_OVERRIDE"

enum { CHANGE_TIMEOUT_MS = 10000, READ_TIMEOUT_MS = 1000, MESSAGE_BYTES = 512 };

static void say(const struct wf_policies *policies, enum weft_log_level level, const char *format,
		...) __attribute__((format(printf, 3, 4)));

static void say(const struct wf_policies *policies, enum weft_log_level level, const char *format,
		...)
{
	char message[MESSAGE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	wf_policies_log(policies, level, message);
}

/* ---- the file ---- */

static int open_file(struct wf_policies *policies, const char *agent)
{
	const char *dir = policies->config->state_dir;
	bool is_default = !wf_config_place(policies->config, "agent.state_dir");
	int err = dir ? wf_policy_file_open(&policies->file, dir, agent) : 0;

	if (!err)
		return 0;
	say(policies, is_default ? WEFT_LOG_INFO : WEFT_LOG_ERROR,
	    "policy: agent.state_dir: %s: %s%s%s", dir, strerror(-err),
	    is_default ? "; changes of the policy are lost when the agent ends" : "",
	    err == -EACCES ? DENIED_HELP : "");
	return is_default ? 0 : err;
}

/* Describe this agent for the message of another one that finds the file locked. */
static void describe_self(const struct wf_config *config, char ret_self[WF_POLICY_HOLDER_BYTES])
{
	int used = snprintf(ret_self, WF_POLICY_HOLDER_BYTES, "process %d, control.dir %s, on",
			    (int)getpid(), config->control_dir);

	for (size_t i = 0; i < config->interfaces_count && used < WF_POLICY_HOLDER_BYTES; i++)
		used += snprintf(ret_self + used, WF_POLICY_HOLDER_BYTES - (size_t)used, "%s%s",
				 i ? "," : " ", config->interfaces[i]);
}

/*
 * Lock the file. Where that is not possible, such as in a directory that can't be written to,
 * policies are used without the lock. Return: 0; -EBUSY if another agent uses the file (logged).
 */
static int lock_file(struct wf_policies *policies, const char *agent)
{
	char self[WF_POLICY_HOLDER_BYTES];
	char holder[WF_POLICY_HOLDER_BYTES];

	if (policies->file.dir_fd < 0)
		return 0;
	describe_self(policies->config, self);
	if (wf_policy_lock_take(&policies->lock, policies->file.dir_fd, agent, self, holder) !=
	    -EBUSY)
		return 0;
	say(policies, WEFT_LOG_ERROR,
	    "policy: %s/%s is in use by another agent (%s); stop that agent, or set agent.state_dir "
	    "of this one to another directory",
	    policies->config->state_dir, policies->file.name, holder);
	return -EBUSY;
}

/* Read the stored versions. Return: 0; -ENOENT: there are none that can be used. */
static int read_file(struct wf_policies *policies, json_t **ret_content)
{
	struct wf_policy_error error;
	json_t *policy;
	int err = wf_policy_file_read(&policies->file, ret_content);

	if (err == -ENOENT)
		return err;
	if (err == -EACCES) {
		say(policies, WEFT_LOG_WARN,
		    "policy: %s/%s can't be read: %s; the policy of the configuration is in use%s",
		    policies->config->state_dir, policies->file.name, strerror(EACCES),
		    DENIED_HELP);
		return -ENOENT;
	}
	if (err) {
		snprintf(policies->damage, sizeof(policies->damage), "%s",
			 err == -EBADMSG ? "its hash or its form is wrong" : strerror(-err));
		return -ENOENT;
	}
	policy = json_object_get(json_array_get(json_object_get(*ret_content, "versions"), 0),
				 "policy");
	if (!wf_policies_check(policy, &policy, &error)) {
		json_decref(policy);
		return 0;
	}
	snprintf(policies->damage, sizeof(policies->damage), "%s", error.text);
	json_decref(*ret_content);
	return -ENOENT;
}

/* ---- the choice ---- */

/* Add the policy of the configuration to @older, which may be NULL, as the next version. */
static json_t *next_new(const struct wf_policies *policies, const json_t *older)
{
	uint64_t number = wf_version_number(json_array_get(older, 0)) + 1;
	json_t *version = wf_version_new(number, "configuration", policies->configured);
	json_t *versions = version ? wf_versions_with(older, version) : NULL;

	json_decref(version);
	return versions;
}

static int use_configured(struct wf_policies *policies, const json_t *older)
{
	policies->versions = next_new(policies, older);
	policies->must_write = older != NULL;
	return policies->versions ? 0 : -ENOMEM;
}

static int choose(struct wf_policies *policies)
{
	json_t *content = NULL;
	json_t *versions;
	int err = read_file(policies, &content);

	if (err)
		return use_configured(policies, NULL);
	versions = json_object_get(content, "versions");
	if (json_equal(json_object_get(content, "configured"), policies->configured))
		policies->versions = json_incref(versions);
	else
		err = use_configured(policies, versions);
	json_decref(content);
	return err;
}

static int publish(const struct wf_policies *policies)
{
	char *text = json_dumps(json_array_get(policies->versions, 0), JSON_COMPACT);
	struct timespec now;
	int err = -ENOMEM;

	clock_gettime(CLOCK_REALTIME, &now);
	if (text)
		err = wf_store_set(
			policies->store, WF_POLICY_KEY, text, strlen(text), WF_VERSION_ANY,
			(uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec, NULL);
	free(text);
	if (err)
		say(policies, WEFT_LOG_ERROR,
		    "policy: not stored in the state store (state.max_mb): %s", strerror(-err));
	return err;
}

int wf_policies_prepare(struct wf_policies *policies)
{
	struct wf_policy_error error;

	return wf_policy_read(json_object_get(json_array_get(policies->versions, 0), "policy"),
			      policies->config, &error);
}

/* ---- the start ---- */

/* Rename a file that can't be used, so that the next change does not replace it. */
static void put_aside(const struct wf_policies *policies)
{
	char name[WF_POLICY_NAME_BYTES + 16];
	const int dir_fd = policies->file.dir_fd;
	int err;

	snprintf(name, sizeof(name), "%s.damaged", policies->file.name);
	err = renameat(dir_fd, policies->file.name, dir_fd, name) ? errno : 0;
	say(policies, WEFT_LOG_ERROR,
	    "policy: %s/%s is damaged (%s) and is not used, so the policy of the configuration is in "
	    "use; it %s %s%s%s",
	    policies->config->state_dir, policies->file.name, policies->damage,
	    err ? "is replaced by the next change, because it can't be renamed to"
		: "is renamed to",
	    name, err ? ": " : "", err ? strerror(err) : "");
}

/*
 * Store the policy of the configuration as the present version. If that fails, this is logged, and
 * the next start stores it.
 */
static void store_configured(const struct wf_policies *policies)
{
	int err;

	say(policies, WEFT_LOG_INFO,
	    "policy: the policy of the configuration is in use, because it was changed since the "
	    "last start; 'weft policy rollback %llu' returns to the one before",
	    (unsigned long long)wf_version_number(json_array_get(policies->versions, 1)));
	err = wf_policy_file_write(&policies->file, policies->configured, policies->versions);
	if (err)
		say(policies, WEFT_LOG_WARN, "policy: %s/%s: %s", policies->config->state_dir,
		    policies->file.name, strerror(-err));
}

static void report_stored(const struct wf_policies *policies)
{
	const json_t *present = json_array_get(policies->versions, 0);

	if (json_equal(json_object_get(present, "policy"), policies->configured))
		return;
	say(policies, WEFT_LOG_INFO,
	    "policy: version %llu is in use, which '%s' set at %s, not the policy of the "
	    "configuration; 'weft policy set --from-config' returns to that one",
	    (unsigned long long)wf_version_number(present),
	    json_string_value(json_object_get(present, "by")),
	    json_string_value(json_object_get(present, "changed")));
}

void wf_policies_start(struct wf_policies *policies)
{
	if (policies->is_started)
		return;
	policies->is_started = true;
	if (*policies->damage)
		put_aside(policies);
	else if (policies->must_write)
		store_configured(policies);
	else
		report_stored(policies);
}

int wf_policies_open(const struct wf_policies_opts *opts, struct wf_policies **ret_policies)
{
	struct wf_policies *policies = calloc(1, sizeof(*policies));
	int err;

	if (!policies)
		return -ENOMEM;
	wf_lock_init(&policies->change_lock, CHANGE_TIMEOUT_MS);
	wf_lock_init(&policies->list_lock, READ_TIMEOUT_MS);
	policies->config = opts->config;
	policies->store = opts->store;
	policies->log_fn = opts->log_fn;
	policies->log_ctx = opts->log_ctx;
	policies->file.dir_fd = policies->lock.fd = -1;
	policies->configured = wf_policy_new(opts->config);
	err = policies->configured ? open_file(policies, opts->agent) : -ENOMEM;
	if (!err)
		err = lock_file(policies, opts->agent);
	if (!err)
		err = choose(policies);
	if (!err)
		err = publish(policies);
	if (!err)
		err = wf_policies_prepare(policies);
	if (err) {
		wf_policies_close(policies);
		return err;
	}
	*ret_policies = policies;
	return 0;
}

void wf_policies_close(struct wf_policies *policies)
{
	if (!policies)
		return;
	wf_policy_lock_put(&policies->lock);
	wf_policy_file_close(&policies->file);
	json_decref(policies->versions);
	json_decref(policies->configured);
	wf_lock_fini(&policies->list_lock);
	wf_lock_fini(&policies->change_lock);
	free(policies);
}

int wf_policies_dir_fd(const struct wf_policies *policies, bool *ret_is_made)
{
	*ret_is_made = policies->file.is_made;
	return policies->file.dir_fd;
}

int wf_policies_lock_fd(const struct wf_policies *policies)
{
	return policies->lock.is_made ? policies->lock.fd : -1;
}
