/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_internal.h - between config.c (table), config_value.c (one value, from text),
 * config_print.c (to text) and config_yaml.c (file).
 */
#ifndef WF_AGENT_CONFIG_INTERNAL_H
#define WF_AGENT_CONFIG_INTERNAL_H

#include "agent/config.h"

/* Formats @ret_error; returns -EINVAL, so that a caller can return it. */
int wf_config_refuse(struct wf_config_error *ret_error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* NULL: there is none; then @ret_error says so and names a likely one. LATER keys are refused too.
 */
const struct wf_config_key *wf_config_key_find(const char *place, const char *name,
					       struct wf_config_error *ret_error);

bool wf_config_type_is_list(enum wf_config_type type);

/* Of one element of a list. */
size_t wf_config_element_bytes(enum wf_config_type type);

/* "a whole number", "one of first, last, ..." - for messages, in @buf, which is returned. */
const char *wf_config_expects(const struct wf_config_key *key, char *buf, size_t buf_bytes);

/**
 * wf_config_assign() - replace the value of @key
 * @items: as text; exactly one unless a list
 *
 * Return: 0; -EINVAL: @ret_error tells, the old value stays; -ENOMEM.
 */
int wf_config_assign(struct wf_config *config, const struct wf_config_key *key, const char *place,
		     const char *const *items, size_t items_count,
		     struct wf_config_error *ret_error);

/* Frees what @key's field owns and leaves it empty. */
void wf_config_clear(struct wf_config *config, const struct wf_config_key *key);

/* Writes the value as YAML, without newline. */
void wf_config_value_print(const struct wf_config *config, const struct wf_config_key *key,
			   FILE *out);

#endif
