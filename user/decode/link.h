/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link.h - parses link layers.
 *
 * Thread: any; nothing is kept between calls.
 */
#ifndef WF_DECODE_LINK_H
#define WF_DECODE_LINK_H

#include "packet/frame.h"
#include "decode/layers_internal.h"

/*
 * Parse the outermost header of a frame with link type @link. For Ethernet, raw IP and PPP, only
 * return the kind of that header, which is parsed in the next step.
 */
enum wf_next wf_link_outer(struct wf_layers *layers, enum weft_link link);

/* Parse PPP, with or without its address and control bytes. */
enum wf_next wf_link_ppp(struct wf_layers *layers);

static inline enum wf_next wf_link_ethernet(struct wf_layers *layers)
{
	const uint8_t *eth = layers->pos;

	if (!wf_layers_skip(layers, 14))
		return WF_NEXT_MALFORMED;
	layers->ethertype = wf_load_be16(eth + 12);
	return WF_NEXT_ETHERTYPE;
}

#endif
