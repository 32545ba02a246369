/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * age_list.h - a list of slab objects in order of their age, linked by slab ids.
 *
 * The oldest object is removed first, when it is too old or when a limit is reached. The links are
 * a member of each object, at offset links_at in bytes.
 */
#ifndef WF_FLOW_AGE_LIST_H
#define WF_FLOW_AGE_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "memory/slab.h"

struct wf_age_links {
	uint32_t older; /* slab id of the next older object; 0: this object is the oldest */
	uint32_t newer; /* slab id of the next newer object; 0: this object is the newest */
};

struct wf_age_list {
	struct wf_slab *slab; /* borrowed */
	size_t links_at;
	uint32_t oldest; /* slab id of the oldest object; 0 if the list is empty */
	uint32_t newest;
};

static inline struct wf_age_links *wf_age_links(const struct wf_age_list *list, uint32_t id)
{
	return (void *)((uint8_t *)wf_slab_at(list->slab, id) + list->links_at);
}

/* Add object @id to the list as the newest one. */
static inline void wf_age_list_push(struct wf_age_list *list, uint32_t id)
{
	struct wf_age_links *links = wf_age_links(list, id);

	links->older = list->newest;
	links->newer = 0;
	if (list->newest)
		wf_age_links(list, list->newest)->newer = id;
	else
		list->oldest = id;
	list->newest = id;
}

static inline void wf_age_list_remove(struct wf_age_list *list, uint32_t id)
{
	const struct wf_age_links *links = wf_age_links(list, id);

	if (links->older)
		wf_age_links(list, links->older)->newer = links->newer;
	else
		list->oldest = links->newer;
	if (links->newer)
		wf_age_links(list, links->newer)->older = links->older;
	else
		list->newest = links->older;
}

#endif
