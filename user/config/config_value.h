/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_value.h - one value of a configuration: from text, and which values are allowed.
 */
#ifndef WF_CONFIG_CONFIG_VALUE_H
#define WF_CONFIG_CONFIG_VALUE_H

#include "config/config_table.h"

/* Describes the allowed values, such as "1 to 64 threads", in @buf, which is returned. */
const char *wf_config_expects(const struct wf_config_key *key, char *buf, size_t buf_bytes);

/**
 * wf_config_assign() - replace the value of @key
 * @place: where the value was written, for this and later messages
 * @items: as text; exactly one unless @key is a list
 *
 * Return: 0; -EINVAL: @ret_error tells, the old value stays; -ENOMEM.
 */
int wf_config_assign(struct wf_config *config, const struct wf_config_key *key, const char *place,
		     const char *const *items, size_t items_count,
		     struct wf_config_error *ret_error);

/* Frees the text or list of @key and leaves it empty. */
void wf_config_clear(struct wf_config *config, const struct wf_config_key *key);

#endif
