// SPDX-License-Identifier: BSD-2-Clause
/*
 * sources.c - adds sources of packets and cleanup tasks to an engine before it starts, and reads
 * the progress of capture files.
 */
#include "engine/sources.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "capture/file/pcap_file.h"
#include "engine/engine_body.h"

int wf_sources_check_not_started(const struct wf_engine *engine, const char *what)
{
	if (!engine->is_started)
		return 0;
	wf_error("engine: %s: the handle was already started", what);
	return -EBUSY;
}

/* Check that @path can be read, without opening it: opening a pipe would disturb its writer. */
static int check_readable(const char *path)
{
	int err;

	if (!strcmp(path, "-") || !faccessat(AT_FDCWD, path, R_OK, AT_EACCESS))
		return 0;
	err = -errno;
	wf_error("%s: %s", path, strerror(-err));
	return err;
}

static int append_path(struct wf_engine *engine, const char *path)
{
	char **paths = realloc(engine->file_paths, (engine->file_paths_count + 1) * sizeof(*paths));

	if (!paths)
		return -ENOMEM;
	engine->file_paths = paths;
	paths[engine->file_paths_count] = strdup(path);
	if (!paths[engine->file_paths_count])
		return -ENOMEM;
	engine->file_paths_count++;
	return 0;
}

int wf_engine_add_file(struct wf_engine *engine, const char *path)
{
	int err = wf_sources_check_not_started(engine, path);

	if (err)
		return err;
	if (engine->ifaces.count || engine->submit_ring_bytes) {
		wf_error("source: %s: a handle with interfaces or submitted packets reads no files",
			 path);
		return -EINVAL;
	}
	if (engine->file_paths_count == WEFT_CAPTURE_FILES_MAX) {
		wf_error("source: at most %d capture files are allowed", WEFT_CAPTURE_FILES_MAX);
		return -E2BIG;
	}
	err = check_readable(path);
	return err ? err : append_path(engine, path);
}

int wf_engine_add_interface(struct wf_engine *engine, const char *ifname,
			    const struct weft_interface_opts *opts)
{
	int err = wf_sources_check_not_started(engine, ifname);

	if (err)
		return err;
	if (engine->file_paths_count) {
		wf_error("source: %s: a handle that reads files captures no interfaces", ifname);
		return -EINVAL;
	}
	return wf_ifaces_add(&engine->ifaces, ifname, opts);
}

static int check_submit_ring(uint64_t bytes)
{
	if (!(bytes & (bytes - 1)) && bytes >= WEFT_SUBMIT_RING_MIN_BYTES &&
	    bytes <= WEFT_SUBMIT_RING_MAX_BYTES)
		return 0;
	wf_error("options: ring_bytes is %llu, but must be a power of two from %d to %d",
		 (unsigned long long)bytes, WEFT_SUBMIT_RING_MIN_BYTES, WEFT_SUBMIT_RING_MAX_BYTES);
	return -EINVAL;
}

_Static_assert((int)WEFT_SUBMIT_THREADS_MAX == (int)WF_TURNS_MAX, "an entry for each thread");

static int check_submit_threads(const struct weft_submit_opts *opts)
{
	if (opts->ordered_threads <= WEFT_SUBMIT_THREADS_MAX &&
	    (!opts->ordered_threads || !opts->live))
		return 0;
	wf_error(
		"options: ordered_threads is %u, but must be at most %d, and 0 if packets are live",
		opts->ordered_threads, WEFT_SUBMIT_THREADS_MAX);
	return -EINVAL;
}

int wf_engine_add_submit(struct wf_engine *engine, const struct weft_submit_opts *opts)
{
	uint64_t bytes = opts->ring_bytes ? opts->ring_bytes : (uint64_t)WEFT_SUBMIT_RING_BYTES;
	int err = wf_sources_check_not_started(engine, "weft_add_submit()");

	if (err)
		return err;
	if (engine->submit_ring_bytes) {
		wf_error("source: weft_add_submit() was already called for this handle");
		return -EEXIST;
	}
	if (engine->file_paths_count) {
		wf_error("source: weft_submit() can't be combined with files in one handle");
		return -EINVAL;
	}
	err = check_submit_ring(bytes);
	if (!err)
		err = check_submit_threads(opts);
	if (err)
		return err;
	engine->submit_ring_bytes = bytes;
	engine->submit.live = opts->live;
	wf_turns_init(&engine->submit.turns, opts->ordered_threads,
		      WEFT_SUBMIT_SILENCE_MS * WF_NS_PER_MS);
	return 0;
}

int wf_engine_before_threads(struct wf_engine *engine, weft_before_threads_fn fn, void *ctx)
{
	int err = wf_sources_check_not_started(engine, "weft_before_threads()");

	if (err)
		return err;
	engine->before_threads = fn;
	engine->before_threads_ctx = ctx;
	return 0;
}

int wf_engine_cleanup_add(struct wf_engine *engine, const struct weft_cleanup_opts *opts)
{
	struct wf_added_tasks *added = &engine->added;
	int err = wf_sources_check_not_started(engine, "weft_cleanup_add()");

	if (err)
		return err;
	if (!opts->name || !opts->run_fn) {
		wf_error("weft_cleanup_add: the task has no name or no function");
		return -EINVAL;
	}
	if (added->count == WEFT_CLEANUP_ADDED_MAX) {
		wf_error("weft_cleanup_add: %s: there are already %u added tasks", opts->name,
			 added->count);
		return -ENOSPC;
	}
	added->list[added->count++] = (struct wf_cleanup_task){
		.name = opts->name,
		.interval_ns = opts->interval_ns ? opts->interval_ns
						 : WEFT_CLEANUP_INTERVAL_SEC * WF_NS_PER_SEC,
		.ttl_ns = opts->ttl_ns,
		.fn = opts->run_fn,
		.ctx = opts->ctx,
	};
	return 0;
}

void wf_engine_progress(const struct wf_engine *engine, struct weft_progress *ret_progress)
{
	memset(ret_progress, 0, sizeof(*ret_progress));
	if (engine->is_started && engine->file)
		wf_pcap_file_progress(engine->file, ret_progress);
}
