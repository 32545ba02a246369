// SPDX-License-Identifier: BSD-2-Clause
/*
 * ifaces.c - the list of interfaces, and each operation on all of them.
 */
#include "engine/ifaces.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include <weft/filter.h>

#include "base/log.h"
#include "capture/live/iface_stats.h"
#include "packet/frame.h"
#include "packet/segment_filter.h"
#include "pressure/overload.h"
#include "unread/unread.h"

static void free_entry(struct wf_ifaces_entry *entry)
{
	free((void *)entry->opts.ports);
	free((void *)entry->opts.allow);
	free((void *)entry->opts.deny);
	free((void *)entry->opts.pin_dir);
	free(entry->name);
	memset(entry, 0, sizeof(*entry));
}

/*
 * Return a copy of @count elements, or NULL if @count is 0. On allocation failure, return NULL and
 * set *@failed.
 */
static void *copy_array(const void *array, size_t count, size_t element_bytes, bool *failed)
{
	void *copy;

	if (!count)
		return NULL;
	copy = malloc(count * element_bytes);
	if (!copy) {
		*failed = true;
		return NULL;
	}
	return memcpy(copy, array, count * element_bytes);
}

static int copy_opts(struct weft_interface_opts *ret_opts, const struct weft_interface_opts *opts)
{
	bool failed = false;

	*ret_opts = *opts;
	ret_opts->ports = copy_array(opts->ports, opts->ports_count, sizeof(*opts->ports), &failed);
	ret_opts->allow = copy_array(opts->allow, opts->allow_count, sizeof(*opts->allow), &failed);
	ret_opts->deny = copy_array(opts->deny, opts->deny_count, sizeof(*opts->deny), &failed);
	ret_opts->pin_dir =
		opts->pin_dir ? copy_array(opts->pin_dir, strlen(opts->pin_dir) + 1, 1, &failed)
			      : NULL;
	return failed ? -ENOMEM : 0;
}

static bool is_added(const struct wf_ifaces *ifaces, unsigned int ifindex)
{
	/* Compare numbers, because an interface may have several names. */
	for (uint32_t i = 0; i < ifaces->count; i++)
		if (if_nametoindex(ifaces->list[i].name) == ifindex)
			return true;
	return false;
}

int wf_ifaces_add(struct wf_ifaces *ifaces, const char *ifname,
		  const struct weft_interface_opts *opts)
{
	struct wf_ifaces_entry *entry = &ifaces->list[ifaces->count];
	unsigned int ifindex = if_nametoindex(ifname);
	int err;

	if (ifaces->count == WEFT_INTERFACES_MAX) {
		wf_error("source: %s: not added: at most %d interfaces are allowed", ifname,
			 WEFT_INTERFACES_MAX);
		return -ENOSPC;
	}
	if (!ifindex) {
		wf_error("capture: %s: no such interface", ifname);
		return -ENODEV;
	}
	if (is_added(ifaces, ifindex)) {
		wf_error("source: %s: the interface was already added", ifname);
		return -EEXIST;
	}
	err = copy_opts(&entry->opts, opts);
	entry->name = strdup(ifname);
	if (err || !entry->name) {
		free_entry(entry);
		return -ENOMEM;
	}
	ifaces->count++;
	return 0;
}

void wf_ifaces_fini(struct wf_ifaces *ifaces)
{
	while (ifaces->count)
		free_entry(&ifaces->list[--ifaces->count]);
}

int wf_ifaces_attach(const struct wf_ifaces *ifaces)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < ifaces->count; i++)
		err = wf_iface_attach(ifaces->list[i].iface);
	return err;
}

void wf_ifaces_needs(const struct wf_ifaces *ifaces, struct weft_needs *ret_needs)
{
	for (uint32_t i = 0; i < ifaces->count; i++)
		wf_iface_needs(ifaces->list[i].iface, ret_needs);
}

int wf_ifaces_begin(const struct wf_ifaces *ifaces)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < ifaces->count; i++)
		err = wf_iface_begin(ifaces->list[i].iface);
	return err;
}

void wf_ifaces_detach(struct wf_ifaces *ifaces)
{
	if (ifaces->is_detached)
		return;
	for (uint32_t i = 0; i < ifaces->count; i++)
		if (ifaces->list[i].iface)
			wf_iface_detach(ifaces->list[i].iface);
	ifaces->is_detached = true;
}

void wf_ifaces_close(struct wf_ifaces *ifaces)
{
	for (uint32_t i = 0; i < ifaces->count; i++) {
		wf_iface_close(ifaces->list[i].iface);
		ifaces->list[i].iface = NULL;
	}
}

static int make_segment_filter(const struct weft_interface_opts *opts,
			       struct wf_segment_filter **ret_filter)
{
	WEFT_OPTS(weft_filter_opts, filter, .ports = opts->ports, .ports_count = opts->ports_count,
		  .allow = opts->allow, .allow_count = opts->allow_count, .deny = opts->deny,
		  .deny_count = opts->deny_count, .sample = opts->sample);

	return wf_segment_filter_new(&filter, ret_filter);
}

int wf_ifaces_segment_filter(const struct wf_ifaces *ifaces, struct wf_segment_filter **ret_filter)
{
	struct wf_segment_filter *all = NULL;

	for (uint32_t i = 0; i < ifaces->count; i++) {
		struct wf_segment_filter *one;
		int err = make_segment_filter(&ifaces->list[i].opts, &one);

		if (err) {
			wf_segment_filter_free(all);
			return err;
		}
		all = i ? wf_segment_filter_join(all, one) : one;
	}
	*ret_filter = all;
	return 0;
}

bool wf_ifaces_may_shed(const struct wf_ifaces *ifaces)
{
	for (uint32_t i = 0; i < ifaces->count; i++)
		if (ifaces->list[i].opts.shed == WEFT_OFF)
			return false;
	return ifaces->count;
}

void wf_ifaces_note_unread(const struct wf_ifaces *ifaces, const struct wf_decoder *decoder,
			   struct wf_unread *unread)
{
	uint8_t head[WF_IFACE_SAMPLE_BYTES];
	struct wf_frame frame;

	for (uint32_t i = 0; i < ifaces->count; i++)
		for (uint32_t at = 0; at < WF_IFACE_SAMPLES; at++)
			if (wf_iface_sample(ifaces->list[i].iface, at, head, &frame))
				wf_unread_note_passed(unread, decoder, &frame);
}

void wf_ifaces_stats_add(const struct wf_ifaces *ifaces, struct wf_metrics *sum)
{
	for (uint32_t i = 0; i < ifaces->count; i++)
		wf_iface_stats_add(ifaces->list[i].iface, sum);
}

static void add_kept(struct wf_kept *sum, const struct wf_kept *kept, bool first)
{
	for (int i = 0; i < 2; i++) {
		sum->packets[i] += kept->packets[i];
		sum->bytes[i] += kept->bytes[i];
		if (first || kept->was[i] == WEFT_VERDICT_STEER)
			sum->was[i] = kept->was[i];
	}
	if (first || kept->idle_ns < sum->idle_ns)
		sum->idle_ns = kept->idle_ns;
}

int wf_ifaces_set_verdict(void *ctx, const struct weft_flow_key *key,
			  const enum weft_verdict verdict[2], struct wf_kept *ret_kept)
{
	const struct wf_ifaces *ifaces = ctx;
	struct wf_kept sum;
	bool any = false, is_counted = true;
	int err = -ENOENT;

	memset(&sum, 0, sizeof(sum));
	for (uint32_t i = 0; i < ifaces->count; i++) {
		struct wf_kept kept;
		int one = wf_iface_set_verdict(ifaces->list[i].iface, key, verdict, &kept);

		if (!one)
			add_kept(&sum, &kept, !any);
		else if (one == -EAGAIN)
			is_counted = false;
		else if (one != -ENOENT)
			err = one;
		any |= !one;
	}
	if (!is_counted)
		return -EAGAIN;
	if (!any)
		return err;
	*ret_kept = sum;
	return 0;
}

void wf_ifaces_read_load(void *ctx, uint32_t worker, struct wf_overload_reading *ret_reading)
{
	const struct wf_ifaces *ifaces = ctx;

	memset(ret_reading, 0, sizeof(*ret_reading));
	for (uint32_t i = 0; i < ifaces->count; i++) {
		struct wf_iface_load load;

		wf_iface_load(ifaces->list[i].iface, worker, &load);
		ret_reading->lost_frames += load.lost_frames;
		ret_reading->received_frames += load.received_frames;
		if (load.fill_percent > ret_reading->fill_percent)
			ret_reading->fill_percent = load.fill_percent;
	}
}

void wf_ifaces_beat(void *ctx)
{
	const struct wf_ifaces *ifaces = ctx;

	for (uint32_t i = 0; i < ifaces->count; i++)
		wf_iface_beat(ifaces->list[i].iface);
}

void wf_ifaces_shed(void *ctx, uint32_t percent)
{
	const struct wf_ifaces *ifaces = ctx;

	for (uint32_t i = 0; i < ifaces->count; i++)
		wf_iface_shed(ifaces->list[i].iface, percent);
}

/* Counts that can't be moved now stay in the hot-flow slots until the next call. */
void wf_ifaces_move_counts(void *ctx)
{
	const struct wf_ifaces *ifaces = ctx;

	for (uint32_t i = 0; i < ifaces->count; i++)
		wf_iface_move_counts(ifaces->list[i].iface);
}
