// SPDX-License-Identifier: BSD-2-Clause
/*
 * config_reload.c - the table of keys that a reload changes.
 *
 * An entry is a key, or the beginning of the names of several keys that ends in '.' or is empty.
 * The first entry that fits a key applies to it.
 */
#include "config/config_reload.h"

#include <string.h>

static const struct {
	const char *key;
	enum wf_config_reload reload;
	const char *reason; /* why a WF_CONFIG_RESTART key can't change; NULL for other keys */
} reloads[] = {
	{"filter.", WF_CONFIG_POLICY, NULL},
	{"reassembly.overlap", WF_CONFIG_POLICY, NULL},
	{"reassembly.overlap_by_prefix", WF_CONFIG_POLICY, NULL},
	{"reassembly.depth_bytes", WF_CONFIG_POLICY, NULL},
	{"capture.duration_sec", WF_CONFIG_LIVE, NULL},
	{"capture.packets_max", WF_CONFIG_LIVE, NULL},
	{"sinks.stats_interval_sec", WF_CONFIG_LIVE, NULL},
	{"sinks.http.read_token", WF_CONFIG_LIVE, NULL},
	{"control.max_subscribers", WF_CONFIG_LIVE, NULL},
	{"state.max_mb", WF_CONFIG_LIVE, NULL},
	{"state.max_entries", WF_CONFIG_LIVE, NULL},
	{"capture.", WF_CONFIG_RESTART,
	 "interfaces are opened with it, before privileges are given up"},
	{"memory.", WF_CONFIG_RESTART, "memory is divided at the start"},
	{"flow.", WF_CONFIG_RESTART, "the tables of connections are made at the start"},
	{"delivery.", WF_CONFIG_RESTART, "queues are made at the start"},
	{"sinks.", WF_CONFIG_RESTART, "outputs are opened before privileges are given up"},
	{"control.", WF_CONFIG_RESTART,
	 "control sockets are opened before privileges are given up"},
	{"endpoints.", WF_CONFIG_RESTART, "the table of endpoints is made at the start"},
	{"agent.", WF_CONFIG_RESTART, "it is used before privileges are given up"},
	{"", WF_CONFIG_RESTART, "workers have copied it at the start"},
};

static bool fits(const char *entry, const char *key)
{
	size_t chars = strlen(entry);

	if (chars && entry[chars - 1] != '.')
		return !strcmp(entry, key);
	return !strncmp(entry, key, chars);
}

static size_t entry_of(const struct wf_config_key *key)
{
	size_t i = 0;

	while (!fits(reloads[i].key, key->name))
		i++;
	return i;
}

enum wf_config_reload wf_config_reload(const struct wf_config_key *key)
{
	return reloads[entry_of(key)].reload;
}

const char *wf_config_restart_reason(const struct wf_config_key *key)
{
	return reloads[entry_of(key)].reason;
}
