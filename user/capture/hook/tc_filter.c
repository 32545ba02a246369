// SPDX-License-Identifier: BSD-2-Clause
/*
 * tc_filter.c - chooses a priority, attaches filters, and removes them and the qdisc that weft
 * made.
 */
#include "capture/hook/tc_filter.h"

#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <string.h>

#include "base/log.h"

static const char *const side_names[WF_TC_SIDES] = {"ingress", "egress"};

static enum bpf_tc_attach_point point_of(enum wf_tc_side side)
{
	return side == WF_TC_INGRESS ? BPF_TC_INGRESS : BPF_TC_EGRESS;
}

/* ---- qdisc ---- */

static int refuse_ingress_qdisc(const char *ifname)
{
	wf_error(
		"capture: %s: the qdisc \"ingress\" is attached, which can't process sent packets; "
		"without tcx links (Linux 6.6), host mode needs the qdisc clsact instead: tc qdisc "
		"del dev %s ingress; tc qdisc add dev %s clsact; then add the filters of ingress "
		"again",
		ifname, ifname, ifname);
	return -EBUSY;
}

static int make_qdisc(struct wf_tc_filters *filters, const char *ifname, bool both)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = filters->ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	enum wf_tc_qdisc qdisc;
	int err = wf_tc_find_qdisc(filters->ifindex, &qdisc);

	if (err)
		return err;
	if (qdisc == WF_TC_QDISC_INGRESS && both)
		return refuse_ingress_qdisc(ifname);
	if (qdisc != WF_TC_QDISC_NONE)
		return 0;
	err = bpf_tc_hook_create(&hook);
	filters->made_qdisc = !err;
	return err == -EEXIST ? 0 : err; /* another process made the qdisc meanwhile */
}

static void note_filter(void *ctx, const struct wf_tc_filter *filter)
{
	bool *is_used = ctx;

	(void)filter;
	*is_used = true;
}

/* Return: true if a filter is attached, or if the filters can't be read. */
static bool is_used(int ifindex, enum wf_tc_side side)
{
	bool used = false;

	return wf_tc_each_filter(ifindex, side, note_filter, &used) || used;
}

void wf_tc_qdisc_remove_unused(int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	if (!is_used(ifindex, WF_TC_INGRESS) && !is_used(ifindex, WF_TC_EGRESS))
		bpf_tc_hook_destroy(&hook);
}

/* ---- filters ---- */

static uint32_t handle_of(const struct wf_tc_filters *filters)
{
	return filters->made_qdisc ? WF_TC_HANDLE_QDISC : WF_TC_HANDLE;
}

struct place {
	uint32_t handle;
	uint16_t priority; /* candidate priority; 0: all are in use */
	bool is_first;
};

/*
 * Called for each filter in order of priority. If a filter occupies the candidate priority and
 * can't share it, the next priority becomes the candidate.
 */
static void look_for_place(void *ctx, const struct wf_tc_filter *filter)
{
	struct place *place = ctx;
	bool can_share = filter->is_bpf && filter->protocol_be == htons(ETH_P_ALL) &&
			 filter->handle != place->handle;

	if (filter->chain || filter->priority != place->priority || can_share)
		return;
	place->priority++;
	place->is_first = false;
}

static int attach_one(struct wf_tc_filters *filters, int program_fd, const char *ifname,
		      enum wf_tc_side side)
{
	struct place place = {.priority = 1, .is_first = true};
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = filters->ifindex, .attach_point = point_of(side));
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = program_fd);
	int err;

	place.handle = handle_of(filters);
	err = wf_tc_each_filter(filters->ifindex, side, look_for_place, &place);
	if (!err && !place.priority)
		err = -ENOSPC;
	if (err)
		return err;
	opts.handle = place.handle;
	opts.priority = place.priority;
	err = bpf_tc_attach(&hook, &opts);
	if (err)
		return err;
	filters->priorities[side] = place.priority;
	if (!place.is_first)
		wf_warn("capture: %s: other tc filters run before the filter of weft (tc %s, "
			"priority %u), so packets that they drop or redirect are not captured",
			ifname, side_names[side], place.priority);
	return 0;
}

int wf_tc_filters_attach(struct wf_tc_filters *filters, int program_fd, const char *ifname,
			 int ifindex, bool both)
{
	int err;

	*filters = (struct wf_tc_filters){.ifindex = ifindex};
	err = make_qdisc(filters, ifname, both);
	if (err == -EBUSY)
		return err;
	if (!err)
		err = attach_one(filters, program_fd, ifname, WF_TC_INGRESS);
	if (!err && both)
		err = attach_one(filters, program_fd, ifname, WF_TC_EGRESS);
	if (!err)
		return 0;
	wf_error("capture: %s: can't attach tc filters: %s%s", ifname, strerror(-err),
		 err == -ENOENT ? "; tc filters need the kernel modules sch_ingress and cls_bpf"
				: "");
	wf_tc_filters_detach(filters);
	return err;
}

int wf_tc_filter_remove(int ifindex, enum wf_tc_side side, uint16_t priority, uint32_t handle)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = point_of(side));
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = handle, .priority = priority);

	return bpf_tc_detach(&hook, &opts);
}

bool wf_tc_filters_are_lost(const struct wf_tc_filters *filters)
{
	for (int side = 0; side < WF_TC_SIDES; side++) {
		LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = filters->ifindex,
			    .attach_point = point_of((enum wf_tc_side)side));
		LIBBPF_OPTS(bpf_tc_opts, opts, .handle = handle_of(filters),
			    .priority = filters->priorities[side]);
		int err = filters->priorities[side] ? bpf_tc_query(&hook, &opts) : 0;

		/*
		 * -EINVAL: the qdisc was removed. Other errors do not show whether the filter is
		 * attached.
		 */
		if (err == -ENOENT || err == -EINVAL)
			return true;
	}
	return false;
}

void wf_tc_filters_detach(struct wf_tc_filters *filters)
{
	uint32_t handle = handle_of(filters);

	for (int side = 0; side < WF_TC_SIDES; side++) {
		if (filters->priorities[side])
			wf_tc_filter_remove(filters->ifindex, (enum wf_tc_side)side,
					    filters->priorities[side], handle);
		filters->priorities[side] = 0;
	}
	if (filters->made_qdisc)
		wf_tc_qdisc_remove_unused(filters->ifindex);
	filters->made_qdisc = false;
}
