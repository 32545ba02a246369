/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cleanup_tasks.h - the cleanup tasks that run on the workers: a table in cleanup_tasks.c.
 *
 * When a task is due (pressure/cleanup.h), it posts a request to each mailbox, and counts the items
 * that workers have removed since the last run. Its counts are therefore one interval late, and no
 * thread waits for another.
 *
 * The half-open count of a source needs no task: it is removed with the source's last handshake.
 * Workers close ended subscriptions at their next flush (deliver/dispatch.c).
 */
#ifndef WF_WORKER_CLEANUP_TASKS_H
#define WF_WORKER_CLEANUP_TASKS_H

#include <stdint.h>

#include <weft/opts.h>

#include "worker/mailbox.h"

struct wf_cleanup;
struct wf_pressure_actions;

struct wf_cleanup_request {
	const struct wf_mailboxes *mailboxes; /* borrowed */
	uint32_t task;
	uint64_t collected_items;
};

/* State of each task, used only by the thread that runs the cleanup registry. */
struct wf_cleanup_requests {
	struct wf_cleanup_request list[WF_MAILBOX_TASKS_MAX];
};

/*
 * Register all tasks. @requests and @mailboxes must outlive @cleanup. Return: 0 on success;
 * -ENOBUFS if the registry is full.
 */
int wf_cleanup_tasks_register(struct wf_cleanup_requests *requests,
			      const struct wf_mailboxes *mailboxes, const struct weft_opts *opts,
			      struct wf_cleanup *cleanup, uint64_t now_ns);

/* Request all cleanup tasks of all workers now. */
void wf_cleanup_tasks_post_all(const struct wf_mailboxes *mailboxes);

/*
 * Run the tasks whose bits are set in @requested, and add the number of items they remove to
 * @mailbox. Thread: the worker.
 */
void wf_cleanup_tasks_run(uint32_t requested, struct wf_pressure_actions *actions,
			  struct wf_mailbox *mailbox);

/*
 * Add @flows to the items removed by the task "idle flows". The task only starts a sweep; flows are
 * closed by later sweep steps. Thread: the worker.
 */
void wf_cleanup_tasks_count_closed(struct wf_mailbox *mailbox, uint64_t flows);

#endif
