/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pins.h - where an interface's maps and programs can be found by bpftool while weft runs.
 *
 *   /sys/fs/bpf/weft/<ifname>/{flows,counts,...}      gone when weft ends
 *
 * Links are never pinned: a pinned link would keep the program attached after
 * weft has died. Pins that a killed run left are replaced; a running one is
 * recognised by a lock that dies with its process (iface_lock.h).
 *
 * Thread: main.
 */
#ifndef WF_CAPTURE_LIVE_PINS_H
#define WF_CAPTURE_LIVE_PINS_H

#include <limits.h>

struct wf_pins {
	char dir[PATH_MAX]; /* "": nothing was made */
	int lock_fd;	    /* owned, -1: none; of the interface */
	int dir_fd;	    /* owned, -1: none; locked */
};

/*
 * Take the lock of @ifname in this network namespace, mount bpffs if it is missing,
 * clear stale pins, make the directory. @dir: NULL: /sys/fs/bpf/weft/<ifname>.
 * Return: 0; -EBUSY: another weft runs on @ifname or pins there; -EINVAL: @dir is not in a
 * BPF file system; other errno. Logged.
 */
int wf_pins_open(struct wf_pins *pins, const char *ifname, const char *dir);

/* Pin the object behind @fd as @name. */
int wf_pins_add(const struct wf_pins *pins, const char *name, int fd);

/* Remove what was pinned, and the lock. */
void wf_pins_close(struct wf_pins *pins);

#endif
