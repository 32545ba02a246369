/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tc_stale.h - finds and removes tc filters of a weft process that was killed.
 *
 * A filter is weft's if it has weft's handle (tc_filter.h) and the name of its program begins with
 * "weft_". A filter of weft is stale if no process holds the lock of the interface.
 *
 * Thread: any, in the interface's network namespace.
 */
#ifndef WF_CAPTURE_HOOK_TC_STALE_H
#define WF_CAPTURE_HOOK_TC_STALE_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/hook/prog_name.h"

/* Filters of weft on both hooks. */
struct wf_tc_own {
	uint32_t count;
	bool is_stale;
	uint32_t program_id;		  /* program of the last filter */
	char program[WF_PROG_NAME_BYTES]; /* name of that program */
};

/*
 * Find weft's filters without changing anything. Return: 0; -EPERM if the name of a program can't
 * be read; other negative errno.
 */
int wf_tc_own_find(int ifindex, struct wf_tc_own *ret_own);

/*
 * Remove the stale filters of @ifindex, and the qdisc if the killed weft had made it and no other
 * filter uses it. The caller holds the interface's lock. Return: 0 or negative errno. @ret_removed
 * is always written.
 */
int wf_tc_stale_remove(int ifindex, uint32_t *ret_removed);

/*
 * Take the lock of the interface, call wf_tc_stale_remove(), and release the lock. Return: the
 * result of that call; -EBUSY if the lock is held, because a weft process captures the interface;
 * other negative errno if the lock can't be taken.
 */
int wf_tc_stale_remove_unowned(int ifindex, uint32_t *ret_removed);

#endif
