// SPDX-License-Identifier: BSD-2-Clause
/*
 * registry.c - the kinds of sinks: one row each, in the order in which the agent opens them.
 *
 * A row KIND(x) stands for `const struct wf_sink_class wf_sink_x`.
 */
#include "sink/registry.h"

#include <string.h>

#include "sink/sink_class.h"

#define KINDS        \
	KIND(null)   \
	KIND(files)  \
	KIND(events) \
	KIND(pcap)   \
	KIND(nats)

#define KIND(kind) extern const struct wf_sink_class wf_sink_##kind;
KINDS
#undef KIND

#define KIND(kind) &wf_sink_##kind,
static const struct wf_sink_class *const classes[] = {KINDS};
#undef KIND

const struct wf_sink_class *wf_sink_class_find(const char *name)
{
	const struct wf_sink_class *class;

	for (size_t i = 0; (class = wf_sink_class_at(i)) != NULL; i++)
		if (!strcmp(class->name, name))
			return class;
	return NULL;
}

const struct wf_sink_class *wf_sink_class_at(size_t index)
{
	return index < sizeof(classes) / sizeof(classes[0]) ? classes[index] : NULL;
}
