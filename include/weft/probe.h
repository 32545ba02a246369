/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe.h - findings about kernel, host and network interface, with advice on what to change.
 *
 * Probing changes nothing: interfaces and their programs stay as they are.
 */
#ifndef WEFT_PROBE_H
#define WEFT_PROBE_H

#include <stdint.h>

#include <weft/api.h>

WEFT_BEGIN_DECLS

enum weft_probe_status {
	WEFT_PROBE_OK = 0,
	WEFT_PROBE_WARN, /* weft works, but slower or with less */
	WEFT_PROBE_FAIL, /* live capture can't work */
};
#define WEFT_PROBE_STATUS_COUNT (WEFT_PROBE_FAIL + 1)

/**
 * struct weft_probe - one finding; lent for the call
 * @name:   what was looked at, in lower case
 * @found:  what is there, in words; of a kernel feature: "yes", "no" or "unknown"
 * @advice: what mends it, most often a command; "" with WEFT_PROBE_OK
 * @since:  of a kernel feature: the first Linux release that has it ("6.6"); else NULL
 * @without: of a kernel feature: what weft does where it is missing; else NULL
 */
struct weft_probe {
	const char *name;
	enum weft_probe_status status;
	const char *found;
	const char *advice;
	const char *since;
	const char *without;
};

/** weft_probe_fn - receive one finding; @probe is lent for the call. Thread: the calling one. */
typedef void (*weft_probe_fn)(const struct weft_probe *probe, void *ctx);

/**
 * weft_probe_host() - call @fn for each finding about kernel and host; kernel features come last
 *
 * Thread: any.
 */
void weft_probe_host(weft_probe_fn fn, void *ctx);

/**
 * weft_probe_kernel() - whether this kernel can run live capture
 *
 * Return: 0; -EOPNOTSUPP: it is too old, or lacks a feature without which there is no live
 * capture; logs which. weft_add_interface() asks the same. Thread: any.
 */
int weft_probe_kernel(void);

/**
 * weft_probe_interface() - call @fn for each finding about one interface
 *
 * Return: 0; -ENODEV: no such interface. Thread: any.
 */
int weft_probe_interface(const char *ifname, weft_probe_fn fn, void *ctx);

/**
 * weft_remove_stale() - remove the tc filters that a weft which was killed left on @ifname
 * @ret_removed: how many there were; written in any case
 *
 * Without tcx links (before Linux 6.6) the filters of host mode stay attached after SIGKILL. They
 * do nothing, and the next weft_add_interface() on @ifname removes them as well.
 * Return: 0; -ENODEV: no such interface; -EBUSY: a weft runs on it, nothing is removed; -EPERM;
 * other negative errno. Thread: any.
 */
int weft_remove_stale(const char *ifname, uint32_t *ret_removed);

WEFT_END_DECLS

#endif
