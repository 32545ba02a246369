/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_check.h - rejects values that cannot work, alone or together.
 */
#ifndef WF_CONFIG_CONFIG_CHECK_H
#define WF_CONFIG_CONFIG_CHECK_H

#include "config/config_table.h"

/*
 * Check the values for which their range is not enough. Return: 0 if they are valid; -EINVAL if
 * not, with the values and their places in @ret_error; -ENOMEM.
 */
int wf_config_check(const struct wf_config *config, struct wf_config_error *ret_error);

#endif
