/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_unit.h - the suffixes of numbers: 64K, 1MB, 10GiB; 500ms, 30s, 2h.
 */
#ifndef WF_CONFIG_CONFIG_UNIT_H
#define WF_CONFIG_CONFIG_UNIT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Convert @value with the suffix @suffix to @unit, the unit of a key. Return: false if the suffix
 * is unknown or of another kind, if the result is no whole number, or if it does not fit.
 */
bool wf_config_unit_convert(const char *unit, const char *suffix, uint64_t *value);

/*
 * Return examples of the suffixes that a key with @unit accepts; "" if it accepts none. The string
 * is static.
 */
const char *wf_config_unit_examples(const char *unit);

#endif
