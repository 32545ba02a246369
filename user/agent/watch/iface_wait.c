// SPDX-License-Identifier: BSD-2-Clause
/*
 * iface_wait.c - waits for interfaces by name.
 */
#include "agent/watch/iface_wait.h"

#include <net/if.h>
#include <stdio.h>
#include <time.h>

/* Return the name of an interface that does not exist; NULL if all exist. */
static const char *find_missing(const struct wf_config *config)
{
	for (size_t i = 0; i < config->interfaces_count; i++)
		if (!if_nametoindex(config->interfaces[i]))
			return config->interfaces[i];
	return NULL;
}

bool wf_iface_wait(const struct wf_config *config, bool (*is_ended)(const void *ctx),
		   const void *ended_ctx, weft_log_fn log_fn, void *log_ctx)
{
	const struct timespec moment = {.tv_nsec = 100 * 1000 * 1000};
	const char *missing = find_missing(config);
	char message[128];

	if (missing && log_fn) {
		snprintf(message, sizeof(message),
			 "capture: waiting until the interface %s exists (--wait-for-interface)",
			 missing);
		log_fn(WEFT_LOG_WARN, message, log_ctx);
	}
	while (!is_ended(ended_ctx)) {
		if (!find_missing(config))
			return true;
		nanosleep(&moment, NULL);
	}
	return false;
}

struct lost {
	bool is_back;	 /* at least one lost interface exists again */
	bool is_missing; /* at least one lost interface does not exist */
};

static void find_lost(const struct weft_interface *interface, void *ctx)
{
	struct lost *lost = ctx;

	if (interface->state < WEFT_INTERFACE_DETACHED)
		return;
	if (if_nametoindex(interface->name))
		lost->is_back = true;
	else
		lost->is_missing = true;
}

bool wf_iface_is_back(const struct weft *weft)
{
	struct lost lost = {.is_back = false};

	weft_interfaces_each(weft, find_lost, &lost);
	return lost.is_back && !lost.is_missing;
}
