// SPDX-License-Identifier: BSD-2-Clause
/*
 * state.c - opens the state store and the policy of a run and the control socket, and applies keys
 * that a reload changes.
 */
#include "agent/state.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/control/control.h"
#include "agent/control/peer.h"
#include "agent/privileges/drop.h"
#include "agent/request.h"
#include "agent/requests.h"
#include "agent/serve.h"
#include "agent/watch/run_limit.h"
#include "config/config_table.h"
#include "policy/policies.h"
#include "serve/subscribers.h"
#include "sink/sink.h"
#include "sink/sink_class.h"
#include "state/store.h"

enum { NAME_BYTES = 64 };

/*
 * Name the agent after its first interface. Outside the network namespace of process 1, or if that
 * is not known, the name also has the number of the namespace, because other namespaces have
 * interfaces of the same name. The control socket compares namespaces in the same way, but its name
 * depends on which other agents run; the name of a stored file must not.
 */
static void name_agent(const struct wf_config *config, char ret_name[NAME_BYTES])
{
	struct stat here;

	snprintf(ret_name, NAME_BYTES, "%s", config->interfaces[0]);
	if (!wf_control_peer_is_here(1, false) && !stat("/proc/self/ns/net", &here))
		snprintf(ret_name, NAME_BYTES, "%s@%llu", config->interfaces[0],
			 (unsigned long long)here.st_ino);
}

/*
 * Reject an interface that another agent captures. The lock of the policy file and the bound
 * control socket would end the start, too, but this message names the cause.
 */
static int check_interface(const char *dir, const char *name, weft_log_fn log_fn, void *log_ctx)
{
	char message[256];
	pid_t pid = wf_control_find_agent(dir, name);

	if (!pid)
		return 0;
	snprintf(message, sizeof(message),
		 "capture: another agent (process %d) already captures from %s; stop it first",
		 (int)pid, name);
	if (log_fn)
		log_fn(WEFT_LOG_ERROR, message, log_ctx);
	return -EBUSY;
}

/*
 * If the process is root without CAP_DAC_OVERRIDE, and @dir belongs to the user that it will
 * become, as after an earlier run, use files with the permissions of that user until
 * wf_file_user_end(). Return: false, and change nothing, in all other cases.
 */
static bool begin_owned_dir(const struct wf_privileges *privileges, const char *dir)
{
	const struct wf_account *account = &privileges->account;
	struct stat st;

	return privileges->changes_user && !(wf_capabilities_now() >> CAP_DAC_OVERRIDE & 1) &&
	       dir && !stat(dir, &st) && st.st_uid == account->uid &&
	       wf_file_user_begin(account->uid, account->gid);
}

int wf_agent_state_open(struct wf_agent_state *state, struct wf_config *config,
			const struct wf_privileges *privileges, weft_log_fn log_fn, void *log_ctx)
{
	const struct wf_store_opts store = {.max_bytes = config->state_max_bytes,
					    .entries_max = config->state_max_entries};
	char name[NAME_BYTES];
	struct wf_policies_opts policies = {
		.config = config,
		.agent = name,
		.log_fn = log_fn,
		.log_ctx = log_ctx,
	};
	int err = wf_store_new(&store, &state->store);
	bool is_owner;

	if (err) {
		if (log_fn)
			log_fn(WEFT_LOG_ERROR, "state: the store can't be made", log_ctx);
		return err;
	}
	for (size_t i = 0; i < config->interfaces_count; i++)
		if (check_interface(config->control_dir, config->interfaces[i], log_fn, log_ctx))
			return -EBUSY;
	name_agent(config, name);
	policies.store = state->store;
	is_owner = begin_owned_dir(privileges, config->state_dir);
	err = wf_policies_open(&policies, &state->policies);
	if (is_owner)
		wf_file_user_end();
	wf_reload_init(&state->reload, config, state->policies);
	return err;
}

int wf_agent_control_open(const struct wf_config *config, bool is_replay,
			  const struct wf_privileges *privileges, struct wf_request_env *env,
			  struct wf_control **ret_control, struct wf_control_error *ret_error)
{
	static char replay[] = WF_CONTROL_REPLAY;
	char *const replay_names[] = {replay};
	const bool is_owner = begin_owned_dir(privileges, config->control_dir);
	const int err = wf_control_open(
		config->control_dir, is_replay ? replay_names : config->interfaces,
		is_replay ? 1 : config->interfaces_count,
		is_replay ? wf_requests_refuse : wf_requests_answer, env, ret_control, ret_error);

	if (is_owner)
		wf_file_user_end();
	return err;
}

/*
 * Apply the WF_CONFIG_LIVE keys of @config to the running capture. No call waits or fails, because
 * each part of the agent keeps its value in an atomic variable.
 */
static void apply_live(const struct wf_config *config, void *ctx)
{
	const struct wf_request_env *env = ctx;

	wf_run_limit_set(env->limit, config);
	wf_store_set_limits(env->store, config->state_max_bytes, config->state_max_entries);
	wf_subscribers_set_max(env->subscribers, config->max_subscribers);
	wf_serve_set(env->serve, config);
	for (size_t i = 0; i < env->sinks_count; i++)
		wf_sink_set_stats_interval(env->sinks[i], config->sinks.stats_interval_sec);
}

void wf_agent_state_follow(struct wf_agent_state *state, struct wf_request_env *env)
{
	wf_reload_set_apply(&state->reload, env ? apply_live : NULL, env);
}

void wf_agent_state_close(struct wf_agent_state *state)
{
	wf_reload_fini(&state->reload);
	wf_policies_close(state->policies);
	wf_store_free(state->store);
}
