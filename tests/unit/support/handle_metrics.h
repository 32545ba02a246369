/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handle_metrics.h - reads a handle's metrics by name, through the public API.
 */
#ifndef TESTS_UNIT_SUPPORT_HANDLE_METRICS_H
#define TESTS_UNIT_SUPPORT_HANDLE_METRICS_H

#include <stdbool.h>
#include <stdint.h>

struct weft;

/* Return: the value of the metric @name; 0 if there is no such metric. */
uint64_t handle_metric(const struct weft *weft, const char *name);

/* Return: the name of a ledger that does not close; NULL if all close. */
const char *handle_open_ledger(const struct weft *weft);

#endif
