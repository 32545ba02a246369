/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source.h - two of the sources of packets: interfaces and capture files. The third one is
 * weft_submit() (submit.h).
 *
 * A handle has interfaces or files, not both. weft_submit() can be combined with interfaces only.
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
	/*
	 * host mode if the host uses the interface itself or tap mode is not possible on it
	 * (capture.mode in weft.conf(5)); else tap mode
	 */
	WEFT_MODE_AUTO = 0,
	WEFT_MODE_TAP,	/* wanted segments are taken from the interface; the host loses them */
	WEFT_MODE_HOST, /* wanted segments, sent and received, are copied; the host gets them too */
};
#define WEFT_MODE_COUNT (WEFT_MODE_HOST + 1)

/** Selects whether the NIC's own hash chooses the worker; see capture.nic_hash in weft.conf(5). */
enum weft_nic_hash {
	/*
	 * used in tap mode with one interface, if ethtool reports a hash that puts both directions
	 * of a connection on one queue, and the queues can be divided evenly among several workers
	 */
	WEFT_NIC_HASH_AUTO = 0,
	WEFT_NIC_HASH_OFF, /* never used: the XDP program chooses the worker */
	WEFT_NIC_HASH_ON,  /* used; weft_start() fails if this is not possible */
};

/** Selects how host mode attaches its BPF program; see capture.tc_attach in weft.conf(5). */
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
 * interface; -EEXIST if it was already added; -ENOSPC if the handle has WEFT_INTERFACES_MAX
 * interfaces; -EOPNOTSUPP if the kernel is too old or lacks a required feature
 * (weft_probe_kernel()); -EINVAL if an option is invalid or the handle reads a file; -EBUSY if it
 * was started; -ETIMEDOUT if other control calls took too long; -ENOMEM. Failures are logged.
 * Thread: any, before weft_start().
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

/**
 * weft_file_name() - return the path of a capture file that is read
 * @number: the member file of struct weft_flow
 *
 * The path is that given to weft_add_file(), or that of a file in a directory given there. Return:
 * NULL if there is no such file, or before weft_start(); valid until weft_free(). Thread: any,
 * after weft_start(). Memory: none.
 */
const char *weft_file_name(const struct weft *weft, uint16_t number);

/** struct weft_progress - the part of the capture files that has been read */
struct weft_progress {
	uint64_t read_bytes;
	uint64_t total_bytes; /* size of all files; 0: not known, because the input is a pipe */
	uint64_t packets;
};

/** weft_progress_read() - read the progress; all members are 0 before weft_start(), and if the
 * handle reads no files. Thread: any. */
void weft_progress_read(const struct weft *weft, struct weft_progress *ret_progress);

WEFT_END_DECLS

#endif
