/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * filter.h - which segments are wanted: ports, prefixes.
 *
 * A segment is wanted if either port is listed, either address is allowed and
 * neither is denied. What was not configured asks nothing and costs nothing: the
 * switches are constants that the verifier folds.
 */
#ifndef WEFT_BPF_FILTER_H
#define WEFT_BPF_FILTER_H

#include <bpf/bpf_helpers.h>

#include "bpf/parse.h"
#include "bpf/shared.h"

const volatile __u32 weft_has_ports;
const volatile __u32 weft_has_allow;
const volatile __u32 weft_has_deny;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WEFT_PORT_WORDS);
	__type(key, __u32);
	__type(value, __u64);
} weft_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct weft_prefix_key);
	__type(value, __u32);
} weft_allow SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct weft_prefix_key);
	__type(value, __u32);
} weft_deny SEC(".maps");

static __always_inline int port_is_listed(__u16 port)
{
	__u32 word = port >> 6;
	__u64 *bits = bpf_map_lookup_elem(&weft_ports, &word);

	return bits && *bits >> (port & 63) & 1;
}

static __always_inline int either_is_inside(void *trie, const struct packet *packet)
{
	struct weft_prefix_key key = {.bits = 128};

	__builtin_memcpy(key.addr, packet->addr[0], 16);
	if (bpf_map_lookup_elem(trie, &key))
		return 1;
	__builtin_memcpy(key.addr, packet->addr[1], 16);
	return bpf_map_lookup_elem(trie, &key) != 0;
}

/* A fragment's ports are not known before it is rebuilt: it is wanted whatever they are. */
static __always_inline int is_wanted(const struct packet *packet, int is_fragment)
{
	if (weft_has_ports && !is_fragment && !port_is_listed(packet->port[0]) &&
	    !port_is_listed(packet->port[1]))
		return 0;
	if (weft_has_deny && either_is_inside(&weft_deny, packet))
		return 0;
	return !weft_has_allow || either_is_inside(&weft_allow, packet);
}

#endif
