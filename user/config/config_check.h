/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_check.h - rejects values that cannot work, alone or together.
 */
#ifndef WF_CONFIG_CONFIG_CHECK_H
#define WF_CONFIG_CONFIG_CHECK_H

#include "config/config_table.h"

/*
 * Check what the range of a key can't express, such as a power of two or an order of two values.
 * Return: 0 if all values are valid; -EINVAL if not, with values and places in @ret_error; -ENOMEM.
 */
int wf_config_check(const struct wf_config *config, struct wf_config_error *ret_error);

#endif
