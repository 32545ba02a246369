/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink_class.h - the interface that each kind of sink implements, the sink object, and the
 * functions that sinks use.
 */
#ifndef WF_SINK_SINK_CLASS_H
#define WF_SINK_SINK_CLASS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <weft/weft.h>

#include "sink/sink_opts.h"

struct wf_sink;

enum { WF_SINK_ERROR_BYTES = 320, WF_SINK_DENIED_BYTES = 320 };

/**
 * struct wf_sink_class - a kind of sink
 * @events: WEFT_EVENT_BIT() bits of the events that the sink receives besides DROP; 0: all events
 * @target: returns the sink's target from the options: a directory, a file, "-" or a URL; NULL if
 *          the options do not request such a sink. If this function is NULL, no option requests
 *          this kind, and only a call of wf_sink_open() with its name opens it.
 * @limit_key: the key for wf_sink_limit_key(); may be NULL
 *
 * Functions that return int return 0, or a negative errno that ends the sink. They log the reason;
 * a lack of memory (-ENOMEM) is not always logged.
 */
struct wf_sink_class {
	const char *name;
	uint32_t events;
	const char *(*target)(const struct wf_sink_opts *opts);
	const char *limit_key;

	/* sets sink->state; on failure, frees everything it made */
	int (*open)(struct wf_sink *sink);

	/* take(), idle(), reopen() and finish() run on the sink's thread. */
	int (*take)(struct wf_sink *sink, const struct weft_event *events, int count);
	/* called when no event has arrived for sink->idle_ms; may be NULL */
	int (*idle)(struct wf_sink *sink);
	/* called after wf_sink_reopen(): opens a target again that was moved away; may be NULL */
	int (*reopen)(struct wf_sink *sink);
	/* called at the end of data, unless a failure has ended the sink; may be NULL */
	int (*finish)(struct wf_sink *sink);
	/*
	 * the last call on the sink's thread, also after a failure: counts as failed what the
	 * sink has received and not written; later events are counted by sink.c; may be NULL
	 */
	void (*ended)(struct wf_sink *sink);

	void (*close)(struct wf_sink *sink); /* called if open() succeeded; may be NULL */

	/* implement wf_sink_trouble() and wf_sink_metrics_each(); may be NULL. Thread: any */
	bool (*trouble)(const struct wf_sink *sink, char *ret_text, size_t room);
	void (*metrics_each)(const struct wf_sink *sink, weft_metric_fn fn, void *ctx);
};

/* struct wf_sink_drops - what the queue of a sink has dropped, as its subscription counts it */
struct wf_sink_drops {
	uint64_t events;
	uint64_t bytes;
};

struct wf_sink {
	const struct wf_sink_class *class;
	struct wf_sink_opts opts;
	const char *target;
	struct weft *weft; /* borrowed */
	/*
	 * owned by the handle; NULL once unsubscribed; while the sink's thread runs, no other
	 * thread changes this member
	 */
	struct weft_sub *_Atomic sub;
	_Atomic uint32_t sub_readers; /* number of other threads that may be using sub */
	struct wf_sink_drops drops;   /* the final counts; valid once sub is NULL */
	void *state; /* state of this kind of sink; allocated by open(), freed by close() */
	pthread_t thread;
	bool started;
	_Atomic int err; /* first failure; 0: none */
	_Atomic bool ended_by_failure;
	_Atomic bool wants_reopen;
	_Atomic bool disk_is_full;  /* output is left out, because its disk is full */
	_Atomic bool is_ending;	    /* the capture has ended */
	_Atomic bool reopen_failed; /* the last wf_sink_reopen() left the old target in use */
	/*
	 * the last error that the sink has logged; written until the sink's thread sets
	 * ended_by_failure, and read by other threads only after that
	 */
	char last_error[WF_SINK_ERROR_BYTES];
	_Atomic uint32_t stats_interval_sec;
	/* time without events after which idle() is called; changed by the sink's thread only */
	int idle_ms;

	/* written by the sink's thread, read by any */
	struct {
		_Atomic uint64_t events;
		_Atomic uint64_t data_bytes;
		_Atomic uint64_t written_bytes;
		_Atomic uint64_t files;
		_Atomic uint64_t failed_bytes;
		_Atomic uint64_t failed_events;
	} counts;
};

#define wf_sink_count(sink, name, amount) \
	atomic_fetch_add_explicit(&(sink)->counts.name, (amount), memory_order_relaxed)

/* Errors are logged by the sink's thread, or before it is started; other messages by any thread. */
void wf_sink_log(const struct wf_sink *sink, enum weft_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Return true once the capture has ended, so that a sink whose output does not proceed may give up.
 * Thread: any.
 */
static inline bool wf_sink_is_ending(const struct wf_sink *sink)
{
	return atomic_load(&sink->is_ending);
}

/*
 * Read what the queue of the sink has dropped so far, including drops that no DROP event has
 * reported to the sink yet. Thread: any.
 */
void wf_sink_drops_read(const struct wf_sink *sink, struct wf_sink_drops *ret_drops);

/*
 * Give the file or directory @fd, which the sink has created, to the user in the sink's options.
 * Return: 0; negative errno.
 */
int wf_sink_give(const struct wf_sink *sink, int fd);

/*
 * Open and remove files with the permissions of the user @uid, to whom root will change, until
 * wf_file_user_end(). Root without CAP_DAC_OVERRIDE needs this for directories of that user.
 * Return: false, and change nothing, if the process is that user. Thread: any; others keep their
 * permissions.
 */
bool wf_file_user_begin(uid_t uid, gid_t gid);
void wf_file_user_end(void);

/*
 * Call wf_file_user_begin() for the user in the sink's options. Return: false if there is none, or
 * if the process has become that user.
 */
bool wf_sink_owner_begin(const struct wf_sink *sink);

/*
 * Write the reason @err of a failed access to @path. If permission is denied, and @path or its
 * directory belongs to another user, the text names that user and a remedy. Return: @ret_text.
 */
const char *wf_sink_denied(const char *path, int err, char ret_text[WF_SINK_DENIED_BYTES]);

/* Record @err as the result of the sink if it is its first failure. Return: @err. */
int wf_sink_failed(struct wf_sink *sink, int err);

#endif
