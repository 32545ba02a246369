/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source.h - where packets come from: interfaces and capture files.
 *
 * A handle has either interfaces or one file.
 */
#ifndef WEFT_SOURCE_H
#define WEFT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/api.h>
#include <weft/opts.h>

WEFT_BEGIN_DECLS

struct weft;

enum weft_mode {
	/* host if the interface holds an address, a route in use or an XDP program; else tap */
	WEFT_MODE_AUTO = 0,
	WEFT_MODE_TAP,	/* wanted segments are taken from the interface */
	WEFT_MODE_HOST, /* wanted segments are cloned, both directions; the host keeps them */
};

enum weft_nic_hash {
	WEFT_NIC_HASH_AUTO = 0, /* by queue where ethtool tells that it fits, see below */
	WEFT_NIC_HASH_OFF,	/* never: the XDP program chooses the worker, in each queue */
	WEFT_NIC_HASH_ON,	/* always, or weft_start() fails */
};

/** How host mode's program is attached to tc; see weft.conf(5). */
enum weft_tc_attach {
	WEFT_TC_ATTACH_AUTO = 0, /* tcx links, else tc filters */
	WEFT_TC_ATTACH_TCX,	 /* links: gone with the process, however it ends */
	WEFT_TC_ATTACH_FILTER,	 /* filters on the qdisc clsact: any kernel */
};

/** struct weft_interface_opts - how to attach to an interface */
struct weft_interface_opts {
	size_t sz;
	enum weft_mode mode;
	uint32_t frame_bytes;  /* UMEM for each frame: 2048 or 4096 */
	uint32_t ring_frames;  /* power of two */
	uint32_t busy_poll_us; /* 0: off */
	bool generic;	       /* skip native XDP (for comparison, and drivers that err) */
	const char *pin_dir;   /* NULL: /sys/fs/bpf/weft/<ifname> */
	const uint16_t *ports; /* host order; a segment is wanted if either port is listed */
	size_t ports_count;    /* 0: every port */
	const struct weft_prefix *allow; /* wanted if either address is inside */
	size_t allow_count;		 /* 0: every address */
	const struct weft_prefix *deny;	 /* not wanted if either address is inside; beats allow */
	size_t deny_count;
	double sample; /* share of flows taken, 0 < sample <= 1; 0: all */
	bool no_shed;  /* take every new connection even when workers can't keep up */
	/*
	 * Trust the NIC's own hash: each receive queue has one socket, of worker queue % workers,
	 * instead of one for each worker. Chosen by itself in tap mode on a single interface
	 * whose NIC surely gives both directions of a connection to one queue, and whose queues
	 * can be dealt out evenly. What comes in on another queue than expected (tunnels,
	 * fragments, rules of the NIC) is handed to its owner: right, but slower.
	 */
	enum weft_nic_hash nic_hash;
	enum weft_tc_attach tc_attach;
};
#define weft_interface_opts__last_field tc_attach

/**
 * weft_add_interface() - capture from @ifname once started
 *
 * Opens everything (arena share, maps, programs, sockets) but attaches only in
 * weft_start(). Return: 0; -ENODEV no such interface; -EPERM privileges are
 * missing; -EOPNOTSUPP the kernel can't, or is too old (weft_probe_kernel()); -EINVAL an option;
 * -ETIMEDOUT: other calls took too long; other negative errno. Logs what and why. Thread: any,
 * before weft_start().
 */
int weft_add_interface(struct weft *weft, const char *ifname,
		       const struct weft_interface_opts *opts);

/**
 * weft_add_file() - read the capture file @path ("-": standard input) once started
 *
 * Return: 0; -ENOENT, -EISDIR, -EACCES; -EBADMSG: not a pcap or pcapng file;
 * -ETIMEDOUT: other calls took too long; other negative errno. Logs what and why.
 * Thread: any, before weft_start().
 */
int weft_add_file(struct weft *weft, const char *path);

/** struct weft_progress - how far a capture file has been read */
struct weft_progress {
	uint64_t read_bytes;
	uint64_t total_bytes; /* 0: not known (a pipe) */
	uint64_t packets;
};

/** weft_progress_read() - Thread: any. Zeroes for a live handle. */
void weft_progress_read(const struct weft *weft, struct weft_progress *ret_progress);

WEFT_END_DECLS

#endif
