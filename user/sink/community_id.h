/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * community_id.h - Community ID version 1: one name for a flow in every tool that sees it.
 *
 * "1:" + base64(SHA-1(seed, smaller endpoint, larger endpoint, protocol, ports)).
 * Source: github.com/corelight/community-id-spec. Thread: that of the maker.
 */
#ifndef WF_SINK_COMMUNITY_ID_H
#define WF_SINK_COMMUNITY_ID_H

#include <stdint.h>

#include <weft/flow.h>

#define WF_COMMUNITY_ID_BYTES 32 /* "1:", 28 digits, end */

struct wf_community_id;

/* Return: 0; -ENOMEM; -ENOTSUP: the crypto library offers no SHA-1. */
int wf_community_id_new(uint16_t seed, struct wf_community_id **ret_maker);
void wf_community_id_free(struct wf_community_id *maker);

/* @ret_text: WF_COMMUNITY_ID_BYTES long. */
void wf_community_id_text(struct wf_community_id *maker, const struct weft_flow *flow,
			  char *ret_text);

#endif
