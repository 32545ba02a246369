/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tc_stale.h - tc filters of a weft that was killed.
 *
 * A filter is weft's if its handle is (tc_filter.h) and the kernel's name of its program begins
 * with "weft_". It is stale if no process holds the lock of the interface.
 *
 * Thread: any; of the calling thread's network namespace.
 */
#ifndef WF_CAPTURE_HOOK_TC_STALE_H
#define WF_CAPTURE_HOOK_TC_STALE_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/hook/prog_name.h"

/* Filters of weft's on both hooks. */
struct wf_tc_own {
	uint32_t count;
	bool is_stale;
	uint32_t program_id;		  /* of the last */
	char program[WF_PROG_NAME_BYTES]; /* its name */
};

/* Changes nothing. Return: 0; -EPERM: whose program it is can't be seen; other negative errno. */
int wf_tc_own_find(int ifindex, struct wf_tc_own *ret_own);

/*
 * Remove the stale filters of @ifindex, and the qdisc if its owner had made it and nobody else
 * uses it. The caller holds the interface's lock. Return: 0 or negative errno; @ret_removed is
 * written in any case.
 */
int wf_tc_stale_remove(int ifindex, uint32_t *ret_removed);

/* The same by who does not hold the lock. Return: also -EBUSY: a weft runs there. */
int wf_tc_stale_remove_unowned(int ifindex, uint32_t *ret_removed);

#endif
