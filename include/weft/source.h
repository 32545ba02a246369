/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source.h - the sources of packets: interfaces and capture files.
 *
 * A handle has either interfaces or files.
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
	/* host if the interface has an address, a route in use or an XDP program; otherwise tap */
	WEFT_MODE_AUTO = 0,
	WEFT_MODE_TAP,	/* wanted segments are taken from the interface */
	WEFT_MODE_HOST, /* wanted segments are copied in both directions; the host keeps them */
};
#define WEFT_MODE_COUNT (WEFT_MODE_HOST + 1)

/** Selects whether the NIC's own hash chooses the worker; see capture.nic_hash in weft.conf(5). */
enum weft_nic_hash {
	WEFT_NIC_HASH_AUTO = 0, /* used if ethtool reports a hash that puts both directions of a
				   connection on one queue */
	WEFT_NIC_HASH_OFF,	/* never used: the XDP program chooses the worker */
	WEFT_NIC_HASH_ON,	/* always used; weft_start() fails if this is not possible */
};

/** Selects how the program of host mode is attached; see capture.tc_attach in weft.conf(5). */
enum weft_tc_attach {
	WEFT_TC_ATTACH_AUTO = 0, /* tcx links if the kernel supports them, otherwise tc filters */
	WEFT_TC_ATTACH_TCX,	 /* tcx links, which the kernel detaches when the process ends */
	WEFT_TC_ATTACH_FILTER,	 /* tc filters on the qdisc clsact, which every kernel supports */
};

/**
 * struct weft_interface_opts - the options of one interface
 *
 * Each entry WEFT_INTERFACE_OPTION(kind, type, member, ...) of weft/options.def defines one member,
 * in the order of the entries, with its meaning, range, unit and default. A list is a pointer and a
 * number of elements, MEMBER_count; a list without elements excludes nothing. Ports are in host
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
 * weft_add_interface() - add the interface @ifname as a source of packets
 *
 * weft_start() attaches to the interface. Return: 0 on success; -ENODEV if there is no such
 * interface; -ENOSPC if the handle has WEFT_INTERFACES_MAX interfaces; -EOPNOTSUPP if the kernel is
 * too old or lacks a required feature (weft_probe_kernel()); -EINVAL if an option is invalid or the
 * handle reads a file; -EBUSY if it was started; -ETIMEDOUT if other control calls took too long;
 * -ENOMEM. Failures are logged. Thread: any, before weft_start().
 */
int weft_add_interface(struct weft *weft, const char *ifname,
		       const struct weft_interface_opts *opts);

/**
 * weft_add_file() - add the capture file @path ("-": standard input) as the source of packets
 *
 * May be called several times: all files are one capture, in order of time, and a connection may
 * continue from one file to the next. If @path is a directory, the captures in it are added. Files
 * may be compressed by gzip, zstd, lz4, xz or bzip2. weft_start() opens the files. If the only file
 * is not a capture file, weft_start() fails; if there are several, those that can't be read, or are
 * damaged, are logged, the others are read, and weft_wait() returns -EBADMSG.
 *
 * Return: 0 on success; -ENOENT, -EACCES or another errno of faccessat(2): the file can't be read,
 * and was not added; -E2BIG: more than WEFT_CAPTURE_FILES_MAX; -EINVAL: the handle has another kind
 * of source; -EBUSY: it was started; -ETIMEDOUT: other control calls took too long; -ENOMEM.
 * Failures are logged. Errors of weft_start(): -EBADMSG: no file is a pcap or pcapng file (logged).
 * Thread: any, before weft_start().
 */
int weft_add_file(struct weft *weft, const char *path);

/** struct weft_progress - the part of the capture files that has been read */
struct weft_progress {
	uint64_t read_bytes;
	uint64_t total_bytes; /* size of the file; 0: not known, because the input is a pipe */
	uint64_t packets;
};

/** weft_progress_read() - read the progress; all members are 0 for a live handle. Thread: any. */
void weft_progress_read(const struct weft *weft, struct weft_progress *ret_progress);

WEFT_END_DECLS

#endif
