/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * filter.h - selects wanted segments by ports, prefixes and sampling.
 *
 * A segment is wanted if one of its ports is listed, one of its addresses is allowed, none of its
 * addresses is denied, and the sample contains its flow. A list that is not configured excludes
 * nothing and costs one bit test. filter_now() reads one word, which selects the complete filter: a
 * segment that is tested with one such word is tested by either the old filter or the new one.
 */
#ifndef WEFT_BPF_FILTER_H
#define WEFT_BPF_FILTER_H

#include <bpf/bpf_helpers.h>

#include "bpf/hash.h"
#include "bpf/parse.h"
#include "bpf/shared.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE); /* user space switches the filter with one store */
	__type(key, __u32);
	__type(value, struct weft_filter);
} weft_filter SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * WEFT_PORT_WORDS);
	__type(key, __u32);
	__type(value, __u64);
} weft_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 2 * 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct weft_prefix_key);
	__type(value, __u32);
} weft_allow SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 2 * 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct weft_prefix_key);
	__type(value, __u32);
} weft_deny SEC(".maps");

/*
 * Number of the policy whose filter is in use, written to each frame. User space sets it when no
 * program run uses the previous filter any more. Until then, frames have the number of the previous
 * policy, and user space filters these frames again.
 */
volatile __u32 weft_policy;

/* Return the word of struct weft_filter, which describes the filter in use. */
static __always_inline __u64 filter_now(void)
{
	__u32 zero = 0;
	struct weft_filter *filter = bpf_map_lookup_elem(&weft_filter, &zero);

	return filter ? *(volatile __u64 *)&filter->word : 0;
}

static __always_inline int port_is_listed(__u32 set, __u16 port)
{
	__u32 word = set * WEFT_PORT_WORDS + (port >> 6);
	__u64 *bits = bpf_map_lookup_elem(&weft_ports, &word);

	return bits && *bits >> (port & 63) & 1;
}

/* Return 1 if set @set of the trie contains the source or the destination address. */
static __always_inline int either_is_inside(void *trie, __u32 set, const struct packet *packet)
{
	struct weft_prefix_key key = {.bits = 32 + 128, .set = set};

	__builtin_memcpy(key.addr, packet->addr[0], 16);
	if (bpf_map_lookup_elem(trie, &key))
		return 1;
	__builtin_memcpy(key.addr, packet->addr[1], 16);
	return bpf_map_lookup_elem(trie, &key) != 0;
}

/*
 * Return 1 if the filter lists no ports, or one of the segment's ports. @filter: result of
 * filter_now().
 */
static __always_inline int is_port_wanted(const struct packet *packet, __u64 filter)
{
	__u32 set = filter & WEFT_FILTER_SET ? 1 : 0;

	return !(filter & WEFT_FILTER_PORTS) || port_is_listed(set, packet->port[0]) ||
	       port_is_listed(set, packet->port[1]);
}

static __always_inline int is_prefix_wanted(const struct packet *packet, __u64 filter)
{
	__u32 set = filter & WEFT_FILTER_SET ? 1 : 0;

	if (filter & WEFT_FILTER_DENY && either_is_inside(&weft_deny, set, packet))
		return 0;
	return !(filter & WEFT_FILTER_ALLOW) || either_is_inside(&weft_allow, set, packet);
}

/*
 * Return 1 if ports and addresses are wanted. The ports of a fragment are not tested, because they
 * are unknown until user space has rebuilt the datagram.
 */
static __always_inline int is_wanted(const struct packet *packet, int is_fragment, __u64 filter)
{
	return (is_fragment || is_port_wanted(packet, filter)) && is_prefix_wanted(packet, filter);
}

/* Return 1 if the sample contains the flow with @hash. */
static __always_inline int is_sampled(__u32 hash, __u64 filter)
{
	return weft_hash_is_sampled(hash, (__u32)filter);
}

#endif
