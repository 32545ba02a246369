/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weft.h - rebuild the TCP byte streams of interfaces, capture files or submitted packets.
 *
 *   weft_new()  →  weft_add_file(), weft_add_interface() or weft_add_submit()  →  weft_subscribe()
 *     →  weft_start()  →  weft_sub_poll() until it returns -ESHUTDOWN; weft_stop() to end early
 *     →  weft_free()
 *
 * Calls return 0 or a negative errno. The comment of each call states the threads that may make it:
 *
 *   any               at any time, concurrently with any other call except weft_free()
 *   the handle's own  one thread at a time (weft_wait(), weft_free())
 *
 * The calls that set up a handle run one at a time: a second one waits at most
 * opts->lock_timeout_ms, then returns -ETIMEDOUT. Workers process packets without locks, so a call
 * that holds a lock does not delay them.
 */
#ifndef WEFT_WEFT_H
#define WEFT_WEFT_H

#include <weft/api.h>
#include <weft/event.h>
#include <weft/filter.h>
#include <weft/policy.h>
#include <weft/flow.h>
#include <weft/flows.h>
#include <weft/interface.h>
#include <weft/limits.h>
#include <weft/link.h>
#include <weft/log.h>
#include <weft/opts.h>
#include <weft/pressure.h>
#include <weft/privileges.h>
#include <weft/probe.h>
#include <weft/source.h>
#include <weft/stats.h>
#include <weft/submit.h>
#include <weft/subscribe.h>
#include <weft/table.h>
#include <weft/text.h>
#include <weft/verdict.h>
#include <weft/worker.h>

WEFT_BEGIN_DECLS

struct weft;

/** weft_version() - return the version of the library as "MAJOR.MINOR.PATCH". Static string.
 * Thread: any. */
const char *weft_version(void);

/**
 * weft_new() - create a handle and map its memory
 * @opts:     borrowed for the call; NULL: all defaults
 * @ret_weft: owned by the caller, who frees it with weft_free()
 *
 * Return: 0 on success; -EINVAL if an option or the filter expression is invalid (logged); -E2BIG
 * if the memory limit does not fit in the memory that the control group and the host have left
 * (logged with the arithmetic); -ENOMEM; other negative errno. Thread: any. Memory: at most the
 * memory limit for all later calls on the handle: opts->memory_max_bytes; if that is 0, 512 MiB, or
 * an eighth of the memory that is left if that is less, but at least 16 MiB.
 */
int weft_new(const struct weft_opts *opts, struct weft **ret_weft);

/**
 * weft_last_error() - return the reason why the last failed call on @weft failed
 * @weft: NULL: the last call of this thread without a handle, such as weft_new(), if this thread
 * has made no other call since
 *
 * The text is the message that weft_log_set() would have received, one line without newline; "" if
 * no call has failed. If weft_wait() returns the error of a source, the text is that of the source.
 * weft_submit(), weft_memory_reserve(), weft_stats_prometheus(), weft_subs_each(),
 * weft_filter_check(), weft_probe_interface(), weft_remove_stale(), and the calls on a subscription
 * set no text. Return: never NULL; valid until the same thread's next call of the library. Thread:
 * any. Memory: none.
 */
const char *weft_last_error(struct weft *weft);

/**
 * weft_start() - start the workers and attach to the sources
 *
 * Return: 0 on success; -EINVAL if there is no source, or if options can't be combined; -EBUSY if
 * the handle was already started; -ENOENT, -EISDIR or -EACCES if the file can't be opened; -EBADMSG
 * if it is not a capture file or its link type is not supported; -ENODEV, -EPERM, -EBUSY or
 * -EOPNOTSUPP if an interface can't be captured; -ENOBUFS if the memory limit is too small;
 * -ETIMEDOUT if other control calls took too long; the error of the function that was set with
 * weft_before_threads(); -ESHUTDOWN if an earlier call failed after the sources had been opened,
 * which ended the subscriptions: a new handle is needed; other negative errno. After an error no
 * interface stays attached. Thread: any; weft_wait() and weft_free() may be called after it has
 * returned. Memory: tables and rings, within the handle's memory limit.
 */
int weft_start(struct weft *weft);

/**
 * weft_wait() - wait until all files have been read and processed, or a stop is complete
 * @timeout_ms: maximum time to wait; -1: no limit
 *
 * Return: 0 if all threads have ended; -ETIMEDOUT if they have not ended in time; -EBADMSG if all
 * threads have ended, and a file was damaged (all its packets before the damage were processed, and
 * the position of the damage was logged) or, of several files, one could not be read (it was left
 * out, and the reason was logged); another negative errno if all threads have ended and a source
 * failed; -EINVAL if the handle was not started. Thread: the handle's own.
 */
int weft_wait(struct weft *weft, int timeout_ms);

/**
 * weft_stop() - detach from the sources, process the received packets, flush all streams, close all
 * connections
 *
 * Returns at once. A thread of the library carries the stop out; then weft_sub_poll() returns
 * -ESHUTDOWN, and weft_wait() returns. May be called again. If it is called before weft_start(),
 * the handle stops as soon as it has started. Thread: any; async-signal-safe.
 */
void weft_stop(struct weft *weft);

/**
 * weft_free() - stop the handle if it runs, wait for its threads, free it
 * @weft: owned by the caller until now; may be NULL
 *
 * Thread: the handle's own; every other call on the handle must have returned.
 */
void weft_free(struct weft *weft);

WEFT_END_DECLS

#endif
