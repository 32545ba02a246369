// SPDX-License-Identifier: BSD-2-Clause
/*
 * probe.c - reports which privileges weft run would keep on this host.
 */
#include "agent/privileges/probe.h"

#include <stdio.h>
#include <unistd.h>

#include "agent/privileges/plan.h"
#include "agent/privileges/seccomp_filter.h"

/* Find the user as which weft would run. If root can't become that user, write a remedy to @advice.
 */
static void find_account(const struct wf_config *config, struct wf_account *account, char *advice,
			 size_t advice_bytes)
{
	const uint64_t needed = wf_plan_change_capabilities();

	wf_account_current(account);
	if (geteuid())
		return;
	if ((wf_capabilities_now() & needed) != needed)
		snprintf(advice, advice_bytes,
			 "give weft CAP_SETUID, CAP_SETGID and CAP_CHOWN, or start it as another "
			 "user");
	else if (!wf_plan_account(config, account, advice, advice_bytes))
		*advice = '\0';
}

void wf_privileges_probe(const struct wf_config *config, bool has_tcx, weft_probe_fn fn, void *ctx)
{
	const bool has_seccomp = wf_seccomp_is_available();
	struct wf_account account;
	char advice[256] = "";
	char found[256];
	struct weft_probe probe = {.name = "privileges", .found = found, .advice = advice};

	find_account(config, &account, advice, sizeof(advice));
	if (!has_tcx)
		snprintf(
			advice, sizeof(advice),
			"use Linux 6.6 or newer: it has tcx links, which need no capability to be removed");
	else if (!has_seccomp)
		snprintf(advice, sizeof(advice), "use a kernel with CONFIG_SECCOMP_FILTER");
	snprintf(found, sizeof(found), "after the start: user %s, %s, %s", account.user,
		 has_tcx ? "no capability" : "CAP_NET_ADMIN in host mode (to remove tc filters)",
		 has_seccomp ? "a seccomp filter" : "no seccomp filter");
	probe.status = *advice ? WEFT_PROBE_WARN : WEFT_PROBE_OK;
	fn(&probe, ctx);
}
