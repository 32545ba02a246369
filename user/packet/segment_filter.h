/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * segment_filter.h - applies the options filter.ports, filter.allow, filter.deny and filter.sample
 * in user space: to capture files and submitted packets, which no kernel program filters, to
 * datagrams rebuilt from fragments, whose ports the kernel program could not read, and to frames
 * that a kernel program tested with an earlier policy. The rules are those of bpf/filter.h.
 *
 * A segment is wanted if one of its ports is listed, one of its addresses is allowed, none of its
 * addresses is denied, and the sample contains its flow. A list that is empty excludes nothing.
 * Addresses and ports are those of the innermost IP and TCP headers, inside tags and tunnels.
 *
 * Thread: any; a filter does not change.
 */
#ifndef WF_PACKET_SEGMENT_FILTER_H
#define WF_PACKET_SEGMENT_FILTER_H

#include <stdbool.h>

#include <weft/filter.h>

struct wf_packet;
struct wf_segment_filter;

/*
 * Make a filter of the ports, prefixes and sample of @opts, which are copied. *@ret_filter is NULL
 * if they exclude nothing. Return: 0; -ENOMEM.
 */
int wf_segment_filter_new(const struct weft_filter_opts *opts,
			  struct wf_segment_filter **ret_filter);
void wf_segment_filter_free(struct wf_segment_filter *filter);

/*
 * Return a filter that wants each segment that @a or @b wants. Takes @a and @b. NULL, as argument
 * or result, is a filter that wants every segment.
 */
struct wf_segment_filter *wf_segment_filter_join(struct wf_segment_filter *a,
						 struct wf_segment_filter *b);

/*
 * Return true if the segment @packet is wanted. @filter: not NULL. @flow_hash: weft_hash_flow() of
 * the packet's flow, which is not packet->hash if the hash of the NIC chooses the worker.
 */
bool wf_segment_filter_wants(const struct wf_segment_filter *filter, const struct wf_packet *packet,
			     uint32_t flow_hash);

#endif
