/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * model.h - the state of the agent as plain structs, with rates. The values come from the agent's
 * responses to the requests "stats", "health", "workers" and "memory".
 *
 * Members may be missing in a response. Items of a list beyond the maximum are left out. The rate
 * of a count that is smaller than before (the agent was restarted) is 0.
 */
#ifndef WF_CLI_TOP_MODEL_H
#define WF_CLI_TOP_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WF_TOP_COUNTS_MAX = 1024,
	WF_TOP_LEDGERS_MAX = 16,
	WF_TOP_PARTS_MAX = 32,
	WF_TOP_REASONS_MAX = 16,
	WF_TOP_ITEMS_MAX =
		64, /* workers, subscriptions, interfaces; owners, classes, sources of memory */
	/* a loss is shown as growing for this time after it grew */
	WF_TOP_GROWING_MS = 10000,
};

/** struct wf_top_count - a metric */
struct wf_top_count {
	char name[64];
	int64_t value;
	double rate; /* growth per second since the previous response */
	bool is_loss;
	bool has_grown;
	uint64_t grew_ms; /* value of elapsed_ms when the count last grew; valid if has_grown */
};

struct wf_top_ledger {
	char name[40];
	char total[64];
	char parts[WF_TOP_PARTS_MAX][64];
	size_t parts_count;
};

struct wf_top_reason {
	char what[32];
	char detail[200];
};

struct wf_top_worker {
	int64_t index, busy_percent, last_seen_ms, frames, bytes, connections, ring_full_frames;
	double frames_rate, bytes_rate, ring_full_rate;
};

struct wf_top_sub {
	char name[32];
	char state[16];
	int64_t queue_bytes, limit_bytes, lag_ms, taken_events, dropped_events, dropped_bytes;
	double taken_rate, dropped_rate;
};

/** struct wf_top_named - an interface with its state; a source of memory pressure with its reading;
 * or an owner of memory with its bytes
 */
struct wf_top_named {
	char name[32];
	char state[24];
	int64_t value;
};

struct wf_top_class {
	char name[32];
	int64_t spans, free, used, failures;
};

struct wf_top_model {
	char version[24];
	char source[128];
	char pressure[16];
	char health[16];
	uint64_t elapsed_ms; /* time since the start of the agent's present capture */
	bool has_stats;
	struct wf_top_count dropped; /* events that the queues of all outputs have dropped */
	struct wf_top_count counts[WF_TOP_COUNTS_MAX];
	size_t counts_count;
	struct wf_top_ledger ledgers[WF_TOP_LEDGERS_MAX];
	size_t ledgers_count;
	struct wf_top_named interfaces[WF_TOP_ITEMS_MAX];
	size_t interfaces_count;
	struct wf_top_named sources[WF_TOP_ITEMS_MAX]; /* readings of memory pressure, in percent */
	size_t sources_count;
	struct wf_top_sub subs[WF_TOP_ITEMS_MAX];
	size_t subs_count;
	struct wf_top_reason reasons[WF_TOP_REASONS_MAX];
	size_t reasons_count;
	struct wf_top_worker workers[WF_TOP_ITEMS_MAX];
	size_t workers_count;
	uint64_t workers_ms; /* time of the last wf_top_model_workers(), its @now_ms */
	struct wf_top_named owners[WF_TOP_ITEMS_MAX]; /* memory of each owner, in bytes */
	size_t owners_count;
	struct wf_top_class classes[WF_TOP_ITEMS_MAX];
	size_t classes_count;
};

/* Return the rate per second of a count that grew from @before to @now in @ms; 0 if it shrank. */
double wf_top_rate(int64_t before, int64_t now, uint64_t ms);

/* Update @model from @stats, the response to the request "stats". */
void wf_top_model_stats(struct wf_top_model *model, const json_t *stats);

/* Update @model from @health, the response to the request "health". */
void wf_top_model_health(struct wf_top_model *model, const json_t *health);

/*
 * Update @model from @workers, the response to the request "workers". @now_ms: time on a monotonic
 * clock when the response was received.
 */
void wf_top_model_workers(struct wf_top_model *model, const json_t *workers, uint64_t now_ms);

/* Update @model from @memory, the response to the request "memory". */
void wf_top_model_memory(struct wf_top_model *model, const json_t *memory);

/* Return the count called @name; if the agent has no such count, one with the value 0. */
const struct wf_top_count *wf_top_count_of(const struct wf_top_model *model, const char *name);

/* Return the sum of all losses of wanted frames, as a count without a name. */
struct wf_top_count wf_top_model_lost(const struct wf_top_model *model);

/* Return true if @count grew within WF_TOP_GROWING_MS. */
bool wf_top_count_is_growing(const struct wf_top_model *model, const struct wf_top_count *count);

#endif
