/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * iface_lock.h - a lock that allows one weft per interface and shows whether its owner is alive.
 *
 * The lock is an abstract unix socket in the calling thread's network namespace. The kernel
 * releases the lock when its process ends for any reason. The socket's name contains the
 * interface's index, which stays the same when the interface is renamed and is the same for all of
 * its alternative names.
 *
 * Thread: any.
 */
#ifndef WF_CAPTURE_HOOK_IFACE_LOCK_H
#define WF_CAPTURE_HOOK_IFACE_LOCK_H

#include <stdbool.h>

/*
 * Take the lock. Return: a descriptor, which the caller closes to release the lock; -EBUSY if the
 * lock is held already; other negative errno.
 */
int wf_iface_lock_take(int ifindex);

/*
 * Test the lock without taking it, so that another weft process that starts at the same time can
 * take it. Return: true if a process holds the lock, or if the test fails.
 */
bool wf_iface_lock_is_taken(int ifindex);

#endif
