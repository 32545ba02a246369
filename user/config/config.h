/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.h - creates a configuration with defaults and changes it by key.
 *
 *   defaults  <-  config_yaml.h: a file  <-  wf_config_set("key", "value"), in this order
 *
 * Every source of values is checked for the same types and ranges and reports the same messages.
 * Thread: any, one at a time for each configuration. Memory: bounded by the maxima of the lists,
 * except for texts.
 */
#ifndef WF_CONFIG_CONFIG_H
#define WF_CONFIG_CONFIG_H

#include "config/config_table.h"

/* Initialise @config with all defaults. Return: 0 on success; -ENOMEM. */
int wf_config_init(struct wf_config *config);
void wf_config_fini(struct wf_config *config);

/* Set @key to its default. Return: 0 on success; -ENOMEM. */
int wf_config_reset(struct wf_config *config, const struct wf_config_key *key);

/**
 * wf_config_set() - set one key
 * @place: name of the source of the value in messages ("--overlap")
 * @text:  the value as on a command line: lists with commas, maps as PREFIX=VALUE,...
 *
 * Return: 0 on success; -EINVAL if the key or value is rejected, with the reason in @ret_error;
 * -ENOMEM.
 */
int wf_config_set(struct wf_config *config, const char *place, const char *name, const char *text,
		  struct wf_config_error *ret_error);

/* Set a key from "key=value". Return: see wf_config_set(). */
int wf_config_set_pair(struct wf_config *config, const char *place, const char *pair,
		       struct wf_config_error *ret_error);

#endif
