/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iface_lock.h - one weft for each interface, and how to tell a live owner from a dead one.
 *
 * The lock is an abstract unix socket, of one network namespace, released by the kernel however
 * its process ends. It is named by the interface's index, which stays when the interface is
 * renamed, and is the same for its alternative names.
 *
 * Thread: any; of the calling thread's network namespace.
 */
#ifndef WF_CAPTURE_HOOK_IFACE_LOCK_H
#define WF_CAPTURE_HOOK_IFACE_LOCK_H

#include <stdbool.h>

/* Return: a descriptor, to be closed to release the lock; -EBUSY: it is taken; other errno. */
int wf_iface_lock_take(int ifindex);

/*
 * Looks only: a weft that starts at the same time is not disturbed. True also if it can't be
 * found out.
 */
bool wf_iface_lock_is_taken(int ifindex);

#endif
