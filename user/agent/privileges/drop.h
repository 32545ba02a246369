/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drop.h - gives up the privileges of this process.
 *
 * Thread: main, before other threads exist: capabilities and no_new_privs belong to a thread, and
 * new threads inherit those of the thread that creates them.
 */
#ifndef WF_AGENT_PRIVILEGES_DROP_H
#define WF_AGENT_PRIVILEGES_DROP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weft/log.h>

#include "agent/privileges/account.h"

enum { WF_KEPT_MAX = 8, WF_KEPT_BYTES = 384 };

/**
 * struct wf_kept - a privilege that is not given up
 * @level:        level of the message about it
 * @capabilities: bits (1 << CAP_NAME); 0: @what names another privilege
 * @what:         name of the privilege, such as "user root"
 * @why:          the reason
 */
struct wf_kept {
	enum weft_log_level level;
	uint64_t capabilities;
	char what[WF_ACCOUNT_NAME_BYTES];
	char why[WF_KEPT_BYTES];
};

/**
 * struct wf_privileges - the privileges of the process after wf_privileges_drop()
 * @account:        the user and group
 * @changes_user:   the process changes its user or group
 * @may_reopen:     interfaces are opened again later
 * @may_connect:    an output connects to other hosts
 * @wants_seccomp:  a seccomp filter is installed
 * @kept:           privileges that are not given up, and why
 * @capabilities:   result: capabilities that are left
 * @is_dropped:     result: privileges were given up, with or without a seccomp filter
 * @no_new_privs:   result: no_new_privs is set
 * @has_seccomp:    result: the seccomp filter is installed
 */
struct wf_privileges {
	struct wf_account account;
	bool changes_user;
	bool may_reopen;
	bool may_connect;
	bool wants_seccomp;
	struct wf_kept kept[WF_KEPT_MAX];
	size_t kept_count;
	uint64_t capabilities;
	bool is_dropped;
	bool no_new_privs;
	bool has_seccomp;
};

/* Return the effective capabilities of this thread, as bits (1 << CAP_NAME). */
uint64_t wf_capabilities_now(void);

/* Record that @capabilities are kept; @format: the reason. */
void wf_privileges_keep(struct wf_privileges *privileges, uint64_t capabilities, const char *format,
			...) __attribute__((format(printf, 3, 4)));

/*
 * Record that a privilege other than a capability is not given up. @what: name of the privilege;
 * @format: the reason.
 */
void wf_privileges_note(struct wf_privileges *privileges, enum weft_log_level level,
			const char *what, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * Change the user and group, and drop all capabilities but those that are kept. Return: 0; -EPERM
 * if the kernel refuses a step, after which the process must not go on.
 */
int wf_privileges_become(const struct wf_privileges *privileges);

/*
 * Do what wf_privileges_become() does, set no_new_privs and install the seccomp filter. If the
 * filter can't be installed, this is recorded in @privileges->kept, and the process goes on.
 * Return: 0; negative errno of another step that failed: the process must then exit.
 */
int wf_privileges_drop(struct wf_privileges *privileges);

#endif
