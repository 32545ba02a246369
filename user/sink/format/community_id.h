/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * community_id.h - Community ID version 1: an identifier of a flow that is the same in every tool.
 *
 * "1:" + base64(SHA-1(seed, smaller endpoint, larger endpoint, protocol, ports)). Source:
 * github.com/corelight/community-id-spec.
 *
 * Thread: the one that created the object.
 */
#ifndef WF_SINK_FORMAT_COMMUNITY_ID_H
#define WF_SINK_FORMAT_COMMUNITY_ID_H

#include <stdint.h>

#include <weft/flow.h>

#define WF_COMMUNITY_ID_BYTES 32 /* "1:", 28 digits and the terminating NUL, rounded up */

struct wf_community_id;

/*
 * Create the state of the hash. Return: 0 on success; -ENOMEM; -ENOTSUP if the crypto library
 * offers no SHA-1.
 */
int wf_community_id_new(uint16_t seed, struct wf_community_id **ret_maker);
void wf_community_id_free(struct wf_community_id *maker);

/* Write the Community ID of @flow to @ret_text, which has WF_COMMUNITY_ID_BYTES bytes. */
void wf_community_id_text(struct wf_community_id *maker, const struct weft_flow *flow,
			  char *ret_text);

#endif
