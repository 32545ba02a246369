/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_yaml.h - reads values from a configuration file.
 */
#ifndef WF_CONFIG_CONFIG_YAML_H
#define WF_CONFIG_CONFIG_YAML_H

#include "config/config_table.h"

/**
 * wf_config_load() - set values from the YAML file @path
 *
 * Return: 0 on success; -EINVAL if the file or its contents are rejected; -ENOMEM; -ENOENT and
 * other errors of opening the file.
 * @ret_error contains the reason. After an error, @config may hold part of the file, so only
 * wf_config_fini() may be called on it.
 */
int wf_config_load(struct wf_config *config, const char *path, struct wf_config_error *ret_error);

#endif
