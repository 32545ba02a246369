/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outputs.h - the outputs of a capture: a sink for each target that is set.
 *
 * Order of calls: open, start after the workers, join after the end of the capture, close. Thread:
 * main; requests read sink, count and drops.
 */
#ifndef WF_AGENT_OUTPUTS_H
#define WF_AGENT_OUTPUTS_H

#include <stdbool.h>
#include <stddef.h>

#include <weft/limits.h>
#include <weft/log.h>

#include "agent/watch/drops.h"

struct weft;
struct wf_config;
struct wf_file_gaps;
struct wf_privileges;
struct wf_request_env;
struct wf_sink;

/*
 * struct wf_outputs - the outputs; zeroed: none is open
 * @sink: owned; the first @started of them run
 * @drops: recent drops of each sink
 */
struct wf_outputs {
	struct wf_sink *sink[WEFT_SUBSCRIPTIONS_MAX];
	size_t count;
	size_t started;
	struct wf_drops drops[WEFT_SUBSCRIPTIONS_MAX];
	struct wf_file_gaps *file_gaps; /* owned */
	weft_log_fn log_fn;
	void *log_ctx;
};

/*
 * struct wf_outputs_opts - what outputs depend on beyond the configuration; all pointers are
 * borrowed until the outputs are closed
 * @files, @files_count: capture files of a replay
 * @continues: outputs of an earlier capture of this process are continued
 * @request_env: for the state that the sink nats publishes
 */
struct wf_outputs_opts {
	const struct wf_config *config;
	char *const *files;
	size_t files_count;
	bool continues;
	const struct wf_privileges *privileges;
	struct wf_request_env *request_env;
	weft_log_fn log_fn;
	void *log_ctx;
};

/* Open a sink for each target. Return: 0; negative errno: close the outputs. */
int wf_outputs_open(struct wf_outputs *outputs, struct weft *weft,
		    const struct wf_outputs_opts *opts);

/* Start the threads of the sinks. Return: 0; negative errno: some may have been started. */
int wf_outputs_start(struct wf_outputs *outputs);

/* Close the sinks whose threads never ran, so that workers do not wait for room in their queues. */
void wf_outputs_close_unstarted(struct wf_outputs *outputs);

/* Return true if there were outputs and a failure has ended each of them. */
bool wf_outputs_are_gone(const struct wf_outputs *outputs);

/* Open the files of the outputs again. */
void wf_outputs_reopen(struct wf_outputs *outputs);

/* Check for drops, several times a second. */
void wf_outputs_tick(struct wf_outputs *outputs);

/* Wait for the sinks that were started. Return: the first failure; 0 if none failed. */
int wf_outputs_join(struct wf_outputs *outputs);

void wf_outputs_close(struct wf_outputs *outputs);

#endif
