/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bus_options.h - the options that commands use to connect to NATS, and a reader for the numbers in
 * their other options.
 */
#ifndef WF_CLI_BUS_BUS_OPTIONS_H
#define WF_CLI_BUS_BUS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "bus/connect.h"
#include "cli/options.h"

/* The first options of a command that uses NATS, in the order of enum wf_bus_option. */
#define WF_BUS_OPTIONS                                                                           \
	{"nats", 0, "URL",                                                                       \
	 "address of a NATS server, nats://HOST:PORT or tls://HOST:PORT; "                       \
	 "several are separated by commas"},                                                     \
		{"stream", 0, "NAME", "name of the JetStream stream (default WEFT)"},            \
		{"tls-ca", 0, "FILE", "certificates of the authorities that sign the servers'"}, \
		{"tls-cert", 0, "FILE", "certificate of this client"},                           \
		{"tls-key", 0, "FILE", "key of --tls-cert"},                                     \
	{                                                                                        \
		"credentials", 0, "FILE", "JWT and seed of the user, as nsc writes them"         \
	}

enum wf_bus_option {
	WF_BUS_OPTION_NATS = 0,
	WF_BUS_OPTION_STREAM,
	WF_BUS_OPTION_TLS_CA,
	WF_BUS_OPTION_TLS_CERT,
	WF_BUS_OPTION_TLS_KEY,
	WF_BUS_OPTION_CREDENTIALS,
	WF_BUS_OPTION_COUNT,
};

/*
 * Set *ret_opts and *ret_stream from the options of @command. Return: 0 on success; an enum wf_exit
 * on failure (reported).
 */
int wf_bus_options_get(const struct wf_options *options, const char *command,
		       struct wf_bus_opts *ret_opts, const char **ret_stream);

/*
 * Read the number in @text, from @min to @max, with an optional suffix as for a configuration key
 * whose unit is @unit. If @text is NULL, *value stays unchanged. Return: 0 on success; -EINVAL
 * (reported).
 */
int wf_bus_option_number(const char *command, const char *name, const char *text, const char *unit,
			 uint64_t min, uint64_t max, uint64_t *value);

#endif
