/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hand_over.h - the step of a start between the steps that need privileges and the creation of
 * threads: raises the priority of the capture threads, gives directories to the user, gives up
 * privileges, and reports the privileges that are kept.
 *
 * Thread: main, before other threads exist.
 */
#ifndef WF_AGENT_PRIVILEGES_HAND_OVER_H
#define WF_AGENT_PRIVILEGES_HAND_OVER_H

#include <weft/weft.h>

#include "agent/control/control.h"
#include "agent/privileges/drop.h"
#include "config/config_table.h"
#include "policy/policies.h"

/**
 * struct wf_hand_over - the input of the step
 * @privileges: the plan, and the result
 * @control:    the control sockets, whose directory is given to the user if it is weft's own; NULL:
 *              none
 * @policies:   the policy, whose directory is given to the user in the same way; NULL: a replay
 * @log_fn:     receives a message for each privilege that is kept; may be NULL
 */
struct wf_hand_over {
	struct wf_privileges *privileges;
	const struct wf_config *config;
	const struct wf_control *control;
	const struct wf_policies *policies;
	weft_log_fn log_fn;
	void *log_ctx;
};

/*
 * Carry out the step. In tap mode, first raise the priority of the threads that are created next;
 * call wf_priority_restore() when they exist. Nothing else is done if privileges were given up
 * before. @needs: borrowed for the call. Return: 0; negative errno, which is logged: the process
 * must then exit.
 */
int wf_hand_over(const struct wf_hand_over *step, const struct weft_needs *needs);

#endif
