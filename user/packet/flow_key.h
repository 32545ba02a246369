/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow_key.h - the key of a connection: compared, and read from one side.
 *
 * The struct itself is bpf/shared.h's. Plain functions, any thread.
 */
#ifndef WF_PACKET_FLOW_KEY_H
#define WF_PACKET_FLOW_KEY_H

#include <stdbool.h>
#include <string.h>

#include <weft/flow.h>

#include "bpf/hash.h"
#include "packet/packet.h"

static inline bool wf_flow_key_is_equal(const struct weft_flow_key *a,
					const struct weft_flow_key *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* The same hash as that of the kernel and the decoder, see decode.h. */
uint32_t wf_flow_key_hash(const struct weft_hash_secret *secret, const struct weft_flow_key *key);

/*
 * The likelier client of a connection picked up midstream, as endpoint index: the one that sends to
 * a well-known port; else to the lower port; else the one that was seen first.
 */
uint8_t wf_flow_key_guess_client(const struct weft_flow_key *key, uint8_t first_sender);

/* Fill the addresses, ports and tenant of @ret_flow as seen from endpoint @client. */
void wf_flow_key_describe(const struct weft_flow_key *key, uint8_t client,
			  struct weft_flow *ret_flow);

#endif
