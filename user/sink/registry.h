/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * registry.h - the kinds of sinks, by name and by number.
 */
#ifndef WF_SINK_REGISTRY_H
#define WF_SINK_REGISTRY_H

#include <stddef.h>

struct wf_sink_class;

/* Return the kind of sink called @name; NULL if there is none. */
const struct wf_sink_class *wf_sink_class_find(const char *name);

/* Return the kind of sink at @index, counted from 0; NULL if @index is past the last one. */
const struct wf_sink_class *wf_sink_class_at(size_t index);

#endif
