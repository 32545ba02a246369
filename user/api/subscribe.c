// SPDX-License-Identifier: BSD-2-Clause
/*
 * subscribe.c - implements weft/subscribe.h, without weft_share_*(): checks arguments, then
 * calls the engine or deliver/.
 */
#include <weft/subscribe.h>

#include <errno.h>

#include "api/handle.h"
#include "api/last_error.h"
#include "api/opts.h"
#include "base/log.h"
#include "deliver/registry.h"
#include "deliver/subscription.h"
#include "engine/engine.h"

static int check_opts(const struct weft_sub_opts *opts)
{
	if (opts->events & ~((1u << WEFT_EVENT_TYPE_COUNT) - 1)) {
		wf_error("weft_subscribe: the event mask 0x%x contains unknown event types",
			 opts->events);
		return -EINVAL;
	}
	if (opts->directions & ~(WEFT_DIR_BIT(WEFT_TO_SERVER) | WEFT_DIR_BIT(WEFT_TO_CLIENT))) {
		wf_error("weft_subscribe: the mask of directions 0x%x is not valid",
			 opts->directions);
		return -EINVAL;
	}
	if (opts->overflow > WEFT_OVERFLOW_RESIZE) {
		wf_error("weft_subscribe: %d is not a valid overflow policy", (int)opts->overflow);
		return -EINVAL;
	}
	return 0;
}

int weft_subscribe(struct weft *weft, const struct weft_sub_opts *opts, struct weft_sub **ret_sub)
{
	struct weft_sub_opts all;
	int err;

	if (!weft || !ret_sub)
		return -EINVAL;
	wf_api_begin();
	err = wf_opts_copy("weft_sub_opts", opts, sizeof(all), &all);
	if (!err)
		err = check_opts(&all);
	if (!err)
		err = wf_engine_subscribe(weft->engine, &all, ret_sub);
	return wf_api_end(weft, "weft_subscribe", err);
}

int weft_sub_poll(struct weft_sub *sub, struct weft_event *events, int events_max, int timeout_ms)
{
	if (!sub || !events || events_max < 1 || sub->inline_fn)
		return -EINVAL;
	return wf_sub_poll(sub, events, events_max, timeout_ms);
}

int weft_sub_keep(struct weft_sub *sub, const struct weft_event *event, struct weft_kept *ret_kept)
{
	if (!sub || !event || !ret_kept || sub->inline_fn)
		return -EINVAL;
	return wf_sub_keep(sub, event, ret_kept);
}

void weft_sub_give_back(struct weft_sub *sub, const struct weft_kept *kept, bool is_unread)
{
	wf_sub_give_back(sub, kept, is_unread);
}

void *weft_sub_memory(const struct weft_sub *sub)
{
	return sub ? sub->consumer_memory : NULL;
}

int weft_sub_fd(const struct weft_sub *sub)
{
	return sub ? wf_sub_fd(sub) : -EINVAL;
}

void weft_sub_stats_read(const struct weft_sub *sub, struct weft_sub_stats *ret_stats)
{
	wf_sub_stats(sub, ret_stats);
}

int weft_subs_each(const struct weft *weft, weft_sub_fn fn, void *ctx)
{
	struct weft_sub_stats removed;

	if (!weft || !fn)
		return -EINVAL;
	return wf_engine_subs_each(weft->engine, fn, ctx, &removed);
}

void weft_unsubscribe(struct weft_sub *sub)
{
	if (sub)
		wf_registry_remove(sub);
}
