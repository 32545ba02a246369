/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_print.h - prints a configuration and its values as text.
 */
#ifndef WF_CONFIG_CONFIG_PRINT_H
#define WF_CONFIG_CONFIG_PRINT_H

#include <stdio.h>

#include "config/config_table.h"

/* Print @config as YAML that wf_config_load() can read, each key with its help and range. */
void wf_config_show(const struct wf_config *config, FILE *out);

/* Print one value in command-line notation: a list with commas, without quotes. */
void wf_config_print_plain(const struct wf_config *config, const struct wf_config_key *key,
			   FILE *out);

/*
 * Return the value of @key as wf_config_print_plain() prints it, owned by the caller; NULL if there
 * is no memory.
 */
char *wf_config_text_new(const struct wf_config *config, const struct wf_config_key *key);

/*
 * Return true if @key is a number, a share or a choice: the help of its option shows the default,
 * and a printed configuration the allowed values.
 */
bool wf_config_has_range(const struct wf_config_key *key);

#endif
