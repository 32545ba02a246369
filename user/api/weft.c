// SPDX-License-Identifier: BSD-2-Clause
/*
 * weft.c - implements the handle: checks arguments, then calls the engine.
 */
#include <weft/weft.h>

#include <errno.h>
#include <stdlib.h>

#include "api/handle.h"
#include "api/last_error.h"
#include "api/memory_fit.h"
#include "api/opts.h"
#include "base/log.h"
#include "capture/host/kernel_features.h"
#include "engine/engine.h"
#include "engine/sources.h"

const char *weft_version(void)
{
	return WEFT_VERSION;
}

/* Fill in the defaults, and check that the memory limit fits in the memory that is left. */
static int resolve_opts(const struct weft_opts *opts, struct weft_opts *ret_opts)
{
	const struct wf_memory_room_paths paths = {NULL};
	struct wf_memory_room room;
	struct weft_opts copy;
	int err;

	err = wf_opts_copy("weft_opts", opts, sizeof(copy), &copy);
	if (err)
		return err;
	copy.sz = sizeof(copy);
	wf_memory_room_read(&paths, &room);
	if (!copy.memory_max_bytes)
		copy.memory_max_bytes = wf_memory_default(&room);
	err = wf_opts_resolve(&copy, ret_opts);
	return err ? err : wf_memory_check(&room, ret_opts->memory_max_bytes);
}

static int make_handle(const struct weft_opts *opts, struct weft **ret_weft)
{
	struct weft_opts resolved;
	struct weft *weft;
	int err;

	err = resolve_opts(opts, &resolved);
	if (err)
		return err;

	weft = calloc(1, sizeof(*weft));
	if (!weft)
		return -ENOMEM;
	wf_lock_init(&weft->lock, resolved.lock_timeout_ms);
	wf_lock_init(&weft->error_lock, resolved.lock_timeout_ms);
	err = wf_engine_new(&resolved, &weft->engine);
	if (err) {
		wf_lock_fini(&weft->error_lock);
		wf_lock_fini(&weft->lock);
		free(weft);
		return err;
	}
	*ret_weft = weft;
	return 0;
}

int weft_new(const struct weft_opts *opts, struct weft **ret_weft)
{
	wf_api_begin();
	return wf_api_end(NULL, "weft_new", make_handle(opts, ret_weft));
}

int weft_add_file(struct weft *weft, const char *path)
{
	int err;

	wf_api_begin();
	err = wf_lock_take(&weft->lock, "weft_add_file");
	if (!err) {
		err = wf_engine_add_file(weft->engine, path);
		wf_lock_put(&weft->lock);
	}
	return wf_api_end(weft, "weft_add_file", err);
}

int weft_add_interface(struct weft *weft, const char *ifname,
		       const struct weft_interface_opts *opts)
{
	struct weft_interface_opts copy;
	int err;

	wf_api_begin();
	err = wf_opts_resolve_interface(opts, &copy);
	if (!err)
		err = wf_kernel_check();
	if (!err)
		err = wf_lock_take(&weft->lock, "weft_add_interface");
	if (!err) {
		err = wf_engine_add_interface(weft->engine, ifname, &copy);
		wf_lock_put(&weft->lock);
	}
	return wf_api_end(weft, "weft_add_interface", err);
}

int weft_add_submit(struct weft *weft, const struct weft_submit_opts *opts)
{
	struct weft_submit_opts copy;
	int err;

	wf_api_begin();
	err = wf_opts_copy("weft_submit_opts", opts, sizeof(copy), &copy);
	if (!err)
		err = wf_lock_take(&weft->lock, "weft_add_submit");
	if (!err) {
		err = wf_engine_add_submit(weft->engine, &copy);
		wf_lock_put(&weft->lock);
	}
	return wf_api_end(weft, "weft_add_submit", err);
}

int weft_submit(struct weft *weft, const struct weft_packet *packets, uint32_t count,
		int timeout_ms)
{
	return wf_engine_submit(weft->engine, packets, count, timeout_ms);
}

int weft_before_threads(struct weft *weft, weft_before_threads_fn fn, void *ctx)
{
	int err;

	wf_api_begin();
	err = wf_lock_take(&weft->lock, "weft_before_threads");
	if (!err) {
		err = wf_engine_before_threads(weft->engine, fn, ctx);
		wf_lock_put(&weft->lock);
	}
	return wf_api_end(weft, "weft_before_threads", err);
}

int weft_start(struct weft *weft)
{
	int err;

	wf_api_begin();
	err = wf_lock_take(&weft->lock, "weft_start");
	if (!err) {
		err = wf_engine_start(weft->engine);
		wf_lock_put(&weft->lock);
	}
	return wf_api_end(weft, "weft_start", err);
}

int weft_wait(struct weft *weft, int timeout_ms)
{
	wf_api_begin();
	return wf_api_end(weft, "weft_wait", wf_engine_wait(weft->engine, timeout_ms));
}

void weft_stop(struct weft *weft)
{
	wf_engine_stop(weft->engine);
}

void weft_free(struct weft *weft)
{
	if (!weft)
		return;
	wf_engine_free(weft->engine);
	wf_lock_fini(&weft->error_lock);
	wf_lock_fini(&weft->lock);
	free(weft);
}
