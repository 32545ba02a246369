/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source.h - the sources of packets: interfaces and capture files.
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
	WEFT_MODE_HOST, /* wanted segments are cloned in both directions; the host keeps them */
};

/** Whether the NIC's own hash chooses the worker; see capture.nic_hash in weft.conf(5). */
enum weft_nic_hash {
	WEFT_NIC_HASH_AUTO = 0, /* where ethtool reports a hash that keeps connections together */
	WEFT_NIC_HASH_OFF,	/* never: the XDP program chooses the worker, in each queue */
	WEFT_NIC_HASH_ON,	/* always; weft_start() fails where it is impossible */
};

/** How the program of host mode is attached; see capture.tc_attach in weft.conf(5). */
enum weft_tc_attach {
	WEFT_TC_ATTACH_AUTO = 0, /* tcx links where the kernel has them, else tc filters */
	WEFT_TC_ATTACH_TCX,	 /* tcx links, which end with the process */
	WEFT_TC_ATTACH_FILTER,	 /* tc filters on the qdisc clsact, on any kernel */
};

/**
 * struct weft_interface_opts - how to attach to an interface
 *
 * Every entry WEFT_INTERFACE_OPTION(kind, type, member, ...) of weft/options.def is a member, in
 * that order; the entry has its meaning, range, unit and default. A list is a pointer and a
 * number of elements, MEMBER_count; a list without elements does not filter. Ports are in host
 * byte order.
 */
struct weft_interface_opts {
	size_t sz;
#define WEFT_INTERFACE_OPTION(kind, type, member, ...) type member;
#define WEFT_INTERFACE_LIST(kind, type, member, ...) \
	type *member;                                \
	size_t member##_count;
#include <weft/options.def>
};

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

/** struct weft_progress - the part of a capture file that has been read */
struct weft_progress {
	uint64_t read_bytes;
	uint64_t total_bytes; /* 0: not known (a pipe) */
	uint64_t packets;
};

/** weft_progress_read() - read the progress; zeroes for a live handle. Thread: any. */
void weft_progress_read(const struct weft *weft, struct weft_progress *ret_progress);

WEFT_END_DECLS

#endif
