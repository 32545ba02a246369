/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_yaml.h - values from a configuration file.
 */
#ifndef WF_CONFIG_CONFIG_YAML_H
#define WF_CONFIG_CONFIG_YAML_H

#include "config/config_table.h"

/**
 * wf_config_load() - set values from the YAML file @path
 *
 * Return: 0; -EINVAL: the contents are rejected; -ENOENT and other errors of the file;
 * @ret_error tells. After an error @config may hold part of the file: only wf_config_fini() is
 * allowed.
 */
int wf_config_load(struct wf_config *config, const char *path, struct wf_config_error *ret_error);

#endif
