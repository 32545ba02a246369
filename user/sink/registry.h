/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * registry.h - the kinds of sinks, by name and by number.
 */
#ifndef WF_SINK_REGISTRY_H
#define WF_SINK_REGISTRY_H

#include <stddef.h>

struct wf_sink_class;

/* Return: NULL: there is no kind of that name. */
const struct wf_sink_class *wf_sink_class_find(const char *name);

/* Return: the kind number @index, from 0; NULL: there are fewer. */
const struct wf_sink_class *wf_sink_class_at(size_t index);

#endif
