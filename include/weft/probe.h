/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe.h - checks of the kernel, the host and a network interface, with advice on what to change;
 * and the removal of tc filters that a killed process left.
 *
 * The checks change nothing: interfaces and their programs stay as they are.
 */
#ifndef WEFT_PROBE_H
#define WEFT_PROBE_H

#include <stdint.h>

#include <weft/api.h>

WEFT_BEGIN_DECLS

enum weft_probe_status {
	WEFT_PROBE_OK = 0,
	WEFT_PROBE_WARN, /* weft works, but slower or without a feature */
	WEFT_PROBE_FAIL, /* live capture is not possible, or not with the present privileges */
};
#define WEFT_PROBE_STATUS_COUNT (WEFT_PROBE_FAIL + 1)

/**
 * struct weft_probe - the result of one check; lent for the call
 * @name:   name of the check, in lower case
 * @found:  the result in words; for a kernel feature: "yes", "no" or "unknown"
 * @advice: how to correct the result, usually a command; "" if the status is WEFT_PROBE_OK
 * @since:  for a kernel feature: the first Linux release that has it, such as "6.6"; otherwise NULL
 * @without: for a kernel feature: what weft lacks without it; otherwise NULL
 */
struct weft_probe {
	const char *name;
	enum weft_probe_status status;
	const char *found;
	const char *advice;
	const char *since;
	const char *without;
};

/** weft_probe_fn - receive the result of one check; @probe is lent for the call. Thread: the
 * caller's. */
typedef void (*weft_probe_fn)(const struct weft_probe *probe, void *ctx);

/**
 * weft_probe_host() - check kernel and host: call @fn for each result, kernel features last
 *
 * Thread: any.
 */
void weft_probe_host(weft_probe_fn fn, void *ctx);

/**
 * weft_probe_kernel() - check that this kernel supports live capture
 *
 * weft_add_interface() makes the same check. A feature that can't be tested without more privileges
 * counts as present. Return: 0 if live capture is supported; -EOPNOTSUPP if the kernel is too old
 * or lacks a required feature (logged). Thread: any.
 */
int weft_probe_kernel(void);

/**
 * weft_probe_interface() - check one interface: call @fn for each result
 *
 * Return: 0 on success; -ENODEV if there is no such interface. Thread: any.
 */
int weft_probe_interface(const char *ifname, weft_probe_fn fn, void *ctx);

/**
 * weft_remove_stale() - remove the tc filters that a killed weft process left on @ifname
 * @ret_removed: number of filters removed; set even on failure
 *
 * Without tcx links (before Linux 6.6, or with capture.tc_attach: filter) the filters of host mode
 * stay attached after SIGKILL. Such filters let all packets pass unchanged. The next weft_start()
 * that captures from @ifname also removes them. Return: 0 on success; -ENODEV if there is no such
 * interface; -EBUSY if a running weft uses the interface, in which case nothing is removed; -EPERM;
 * other negative errno. Thread: any.
 */
int weft_remove_stale(const char *ifname, uint32_t *ret_removed);

WEFT_END_DECLS

#endif
