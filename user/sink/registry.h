/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * registry.h - finds a kind of sink by its name: "null", "streams", "events".
 */
#ifndef WF_SINK_REGISTRY_H
#define WF_SINK_REGISTRY_H

struct wf_sink_class;

/* Return: NULL: there is none. */
const struct wf_sink_class *wf_sink_class_find(const char *name);

#endif
