/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pins.h - pins an interface's maps and programs, so that bpftool finds them while weft runs.
 *
 *   /sys/fs/bpf/weft/<ifname>/{flows,counts,...}      removed when weft ends
 *
 * Entries are made and removed relative to open directories. The default directories must not be
 * symbolic links: they belong to the user that weft changes to (weft/privileges.h), who could
 * otherwise let root remove the pins of another program.
 *
 * Links are never pinned, because a pinned link would keep the program attached after the end of
 * weft. Pins of a killed run are replaced. A running weft holds a lock that the kernel releases
 * when its process ends (iface_lock.h).
 *
 * Thread: main.
 */
#ifndef WF_CAPTURE_LIVE_PINS_H
#define WF_CAPTURE_LIVE_PINS_H

#include <limits.h>

struct wf_pins {
	char dir[PATH_MAX]; /* "": no directory was made */
	int lock_fd;	    /* owned: lock of the interface; -1: none */
	int dir_fd;	    /* owned: the directory @dir, which is locked; -1: none */
	int parent_fd;	    /* owned: /sys/fs/bpf/weft; -1: none, or the user named @dir */
};

/*
 * Take the lock of @ifname in this network namespace, mount bpffs if it is missing and @dir is
 * NULL, make the directory and remove stale pins from it. @dir: NULL selects
 * /sys/fs/bpf/weft/<ifname>; if another weft uses that directory, <ifname>@<number of the network
 * namespace> beside it. Return: 0; -EBUSY: another weft runs on @ifname or uses @dir; -EINVAL: @dir
 * is not in a BPF file system; -EOPNOTSUPP: bpffs can't be mounted; other negative errno. Errors
 * are logged.
 */
int wf_pins_open(struct wf_pins *pins, const char *ifname, const char *dir);

/* Pin the program or map @fd as @name. Return: 0 or negative errno; an error is logged. */
int wf_pins_add(const struct wf_pins *pins, const char *name, int fd);

/* Remove all pins and the directory, and release the lock. */
void wf_pins_close(struct wf_pins *pins);

#endif
