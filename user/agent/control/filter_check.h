/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filter_check.h - the check of a filter expression in a request.
 *
 * Thread: any.
 */
#ifndef WF_AGENT_CONTROL_FILTER_CHECK_H
#define WF_AGENT_CONTROL_FILTER_CHECK_H

struct wf_control_error;

/*
 * Return: 0 if @expression is NULL or valid; otherwise negative errno, with the reason in
 * @ret_error.
 */
int wf_control_check_filter(const char *expression, struct wf_control_error *ret_error);

#endif
