/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * state.h - the state store and the policy of a live run, which outlive each of its captures.
 */
#ifndef WF_AGENT_STATE_H
#define WF_AGENT_STATE_H

#include <weft/log.h>

#include "agent/watch/reload.h"

struct wf_config;
struct wf_control;
struct wf_control_error;
struct wf_policies;
struct wf_privileges;
struct wf_request_env;
struct wf_store;

/*
 * struct wf_agent_state - the state store and the policy of an agent; zeroed: none, as in replay;
 * @store and @policies are owned
 */
struct wf_agent_state {
	struct wf_reload reload; /* the caller sets fn, ctx and user */
	struct wf_store *store;
	struct wf_policies *policies;
};

/*
 * Open the store and the policy that @config names; the policy in @config is replaced by the stored
 * one if that is used. Return: 0; negative errno (logged). The caller calls wf_agent_state_close()
 * in every case.
 */
int wf_agent_state_open(struct wf_agent_state *state, struct wf_config *config,
			const struct wf_privileges *privileges, weft_log_fn log_fn, void *log_ctx);

/*
 * Call wf_control_open() for the interfaces of @config or, if @is_replay, for one socket with the
 * name WF_CONTROL_REPLAY, which answers requests for streams only. As for the policy, a
 * directory that an earlier run gave to the agent's user may be used by root without
 * CAP_DAC_OVERRIDE, too.
 */
int wf_agent_control_open(const struct wf_config *config, bool is_replay,
			  const struct wf_privileges *privileges, struct wf_request_env *env,
			  struct wf_control **ret_control, struct wf_control_error *ret_error);

/*
 * From now on, apply the WF_CONFIG_LIVE keys that a reload changes to the parts of @env. @env NULL:
 * no capture runs, so a reload applies them to nothing. Waits for the end of a reload. Thread:
 * main.
 */
void wf_agent_state_follow(struct wf_agent_state *state, struct wf_request_env *env);
void wf_agent_state_close(struct wf_agent_state *state);

#endif
