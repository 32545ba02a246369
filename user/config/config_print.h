/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_print.h - a configuration and its values as text.
 */
#ifndef WF_CONFIG_CONFIG_PRINT_H
#define WF_CONFIG_CONFIG_PRINT_H

#include <stdio.h>

#include "config/config_table.h"

/* Writes @config as YAML that wf_config_load() reads, each key with its help and range. */
void wf_config_show(const struct wf_config *config, FILE *out);

/* Writes one value as it is written on a command line: a list with commas, without quotes. */
void wf_config_print_plain(const struct wf_config *config, const struct wf_config_key *key,
			   FILE *out);

/* Whether the type of @key allows a range of values, so that range and default are worth a word. */
bool wf_config_has_range(const struct wf_config_key *key);

#endif
