/* SPDX-License-Identifier: BSD-2-Clause */
/* link_lost.h - checks whether a BPF link still attaches its program. */
#ifndef WF_CAPTURE_HOOK_LINK_LOST_H
#define WF_CAPTURE_HOOK_LINK_LOST_H

#include <stdbool.h>

/*
 * Return true if the XDP link or tcx link @link_fd was detached by force (bpftool link detach), or
 * if its device was deleted. Return false if @link_fd is -1 (no link) or can't be read. Thread:
 * any.
 */
bool wf_link_is_lost(int link_fd);

#endif
