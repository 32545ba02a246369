// SPDX-License-Identifier: BSD-2-Clause
/*
 * registry.c - the kinds of sinks there are: one row each.
 */
#include <stddef.h>
#include <string.h>

#include "sink/registry.h"
#include "sink/sink_internal.h"

static const struct wf_sink_class *const classes[] = {
	&wf_sink_null,
	&wf_sink_files,
	&wf_sink_events,
};

const struct wf_sink_class *wf_sink_class_find(const char *name)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (!strcmp(classes[i]->name, name))
			return classes[i];
	return NULL;
}
