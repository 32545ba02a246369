/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_value.h - parses one value of a configuration, and describes the allowed values.
 */
#ifndef WF_CONFIG_CONFIG_VALUE_H
#define WF_CONFIG_CONFIG_VALUE_H

#include "config/config_table.h"

/* Describe the allowed values in @buf, such as "1 to 64 threads". Return: @buf. */
const char *wf_config_expects(const struct wf_config_key *key, char *buf, size_t buf_bytes);

/**
 * wf_config_assign() - replace the value of @key
 * @place: where the value was written; kept for later messages
 * @items: the value as text; exactly one item unless @key is a list
 *
 * Return: 0 on success; -EINVAL if the value is rejected, with the reason in @ret_error; -ENOMEM.
 * After -EINVAL, the old value stays; after -ENOMEM, the value may have been replaced.
 */
int wf_config_assign(struct wf_config *config, const struct wf_config_key *key, const char *place,
		     const char *const *items, size_t items_count,
		     struct wf_config_error *ret_error);

/*
 * Parse an address, or a prefix without bits beyond its length. Return: 0; -EINVAL.
 */
int wf_config_prefix(const char *text, struct weft_prefix *ret_prefix);

/* Free the text or list of @key and set it to empty. */
void wf_config_clear(struct wf_config *config, const struct wf_config_key *key);

#endif
