// SPDX-License-Identifier: BSD-2-Clause
/*
 * tc_stale.c - finds weft's filters at both hooks. Filters are removed after the dump is complete,
 * because the removal of a filter changes the list that the dump reads.
 */
#include "capture/hook/tc_stale.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "capture/hook/iface_lock.h"
#include "capture/hook/tc_filter.h"

#define PROGRAM_PREFIX "weft_"

/* Maximum number of filters per side; more than one exists only if an earlier removal failed. */
enum { FOUND_MAX = 16 };

struct found {
	struct wf_tc_filter filters[FOUND_MAX];
	uint32_t count;
	char program[WF_PROG_NAME_BYTES]; /* name of the last filter's program */
	bool is_hidden;			  /* the name of a program can't be read */
};

static void take(void *ctx, const struct wf_tc_filter *filter)
{
	char program[WF_PROG_NAME_BYTES];
	struct found *found = ctx;

	if (!filter->is_bpf || filter->chain ||
	    (filter->handle & WF_TC_HANDLE_MASK) != WF_TC_HANDLE || found->count == FOUND_MAX)
		return;
	wf_prog_name(filter->program_id, program);
	found->is_hidden |= !*program;
	if (strncmp(program, PROGRAM_PREFIX, strlen(PROGRAM_PREFIX)) != 0)
		return;
	memcpy(found->program, program, sizeof(program));
	found->filters[found->count++] = *filter;
}

/*
 * Find weft's filters on one side. Return: 0; -EPERM if the name of a program can't be read; other
 * negative errno.
 */
static int find(int ifindex, int side, struct found *ret_found)
{
	int err;

	*ret_found = (struct found){.count = 0};
	err = wf_tc_each_filter(ifindex, (enum wf_tc_side)side, take, ret_found);
	return !err && ret_found->is_hidden ? -EPERM : err;
}

int wf_tc_own_find(int ifindex, struct wf_tc_own *ret_own)
{
	struct wf_tc_own own = {0};

	for (int side = 0; side < WF_TC_SIDES; side++) {
		struct found found;
		int err = find(ifindex, side, &found);

		if (err)
			return err;
		if (!found.count)
			continue;
		own.count += found.count;
		own.program_id = found.filters[found.count - 1].program_id;
		memcpy(own.program, found.program, sizeof(own.program));
	}
	own.is_stale = own.count && !wf_iface_lock_is_taken(ifindex);
	*ret_own = own;
	return 0;
}

/*
 * Remove weft's filters on @side. Set *@made_qdisc if the process that left one of them had made
 * the qdisc.
 */
static int remove_side(int ifindex, enum wf_tc_side side, uint32_t *removed, bool *made_qdisc)
{
	struct found found;
	int err = find(ifindex, side, &found);

	for (uint32_t i = 0; !err && i < found.count; i++) {
		const struct wf_tc_filter *filter = &found.filters[i];

		err = wf_tc_filter_remove(ifindex, side, filter->priority, filter->handle);
		*removed += !err;
		*made_qdisc |= filter->handle == WF_TC_HANDLE_QDISC;
	}
	return err;
}

int wf_tc_stale_remove(int ifindex, uint32_t *ret_removed)
{
	bool made_qdisc = false;
	int err;

	*ret_removed = 0;
	err = remove_side(ifindex, WF_TC_INGRESS, ret_removed, &made_qdisc);
	if (!err)
		err = remove_side(ifindex, WF_TC_EGRESS, ret_removed, &made_qdisc);
	if (made_qdisc)
		wf_tc_qdisc_remove_unused(ifindex);
	return err;
}

int wf_tc_stale_remove_unowned(int ifindex, uint32_t *ret_removed)
{
	int lock = wf_iface_lock_take(ifindex);
	int err;

	*ret_removed = 0;
	if (lock < 0)
		return lock;
	err = wf_tc_stale_remove(ifindex, ret_removed);
	close(lock);
	return err;
}
