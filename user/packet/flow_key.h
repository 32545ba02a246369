/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow_key.h - the hash and the probable client of a connection's key, and its conversion to and
 * from struct weft_flow.
 *
 * struct weft_flow_key is defined in bpf/shared.h. Thread: any.
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

/* Return the hash of @key, which the kernel programs and the decoder compute too (decode.h). */
uint32_t wf_flow_key_hash(const struct weft_hash_secret *secret, const struct weft_flow_key *key);

/*
 * Return the index in @key of the probable client of a midstream connection: of the endpoint with
 * the higher port or, if the ports are equal, @first_sender. Servers have the lower ports: those
 * below 1024 are assigned to services, and most systems take the ports of clients from 32768 on.
 */
uint8_t wf_flow_key_guess_client(const struct weft_flow_key *key, uint8_t first_sender);

/*
 * Write the addresses, ports, VLANs and VNI of @key to @ret_flow. Endpoint @client becomes the
 * source.
 */
void wf_flow_key_describe(const struct weft_flow_key *key, uint8_t client,
			  struct weft_flow *ret_flow);

/*
 * Write the key of the connection that @flow describes to @ret_key. Return: the index in that key
 * of the source of @flow.
 */
uint8_t wf_flow_key_make(struct weft_flow_key *ret_key, const struct weft_flow *flow);

#endif
