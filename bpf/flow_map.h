/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * flow_map.h - the kernel's flow map: counters and verdicts of each connection.
 *
 * A full map evicts its least recently used entries. The segments of a handshake that have the SYN
 * flag are counted elsewhere (handshake.h); a SYN makes no entry here.
 */
#ifndef WEFT_BPF_FLOW_MAP_H
#define WEFT_BPF_FLOW_MAP_H

#include <bpf/bpf_helpers.h>

#include "bpf/hash.h"
#include "bpf/parse.h"
#include "bpf/shared.h"

#define TCP_FIN 0x01u
#define TCP_SYN 0x02u
#define TCP_RST 0x04u
#define TCP_ACK 0x10u

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct weft_flow_key);
	__type(value, struct weft_flow_value);
} weft_flows SEC(".maps");

/*
 * Return 1 if the packet's source is the greater one of its endpoints, compared by address bytes,
 * then by port.
 */
static __always_inline int source_is_greater(const struct packet *packet)
{
	const __u64 *a = packet->addr[0];
	const __u64 *b = packet->addr[1];

	if (a[0] != b[0])
		return bpf_be64_to_cpu(a[0]) > bpf_be64_to_cpu(b[0]);
	if (a[1] != b[1])
		return bpf_be64_to_cpu(a[1]) > bpf_be64_to_cpu(b[1]);
	return packet->port[0] > packet->port[1];
}

/*
 * Write the packet's flow key. Return the index of the packet's direction in the arrays of struct
 * weft_flow_value.
 */
static __always_inline __u32 flow_key(const struct packet *packet, struct weft_flow_key *ret_key)
{
	__u32 src = source_is_greater(packet);

	if (src) {
		__builtin_memcpy(ret_key->addr[0], packet->addr[1], 16);
		__builtin_memcpy(ret_key->addr[1], packet->addr[0], 16);
		ret_key->port[0] = packet->port[1];
		ret_key->port[1] = packet->port[0];
	} else {
		__builtin_memcpy(ret_key->addr[0], packet->addr[0], 16);
		__builtin_memcpy(ret_key->addr[1], packet->addr[1], 16);
		ret_key->port[0] = packet->port[0];
		ret_key->port[1] = packet->port[1];
	}
	ret_key->vlan[0] = packet->vlan[0];
	ret_key->vlan[1] = packet->vlan[1];
	ret_key->vni = packet->vni;
	return src;
}

/*
 * A new flow is shed if its hash, multiplied as in first_verdict(), is below this value; 0: no flow
 * is shed. User space changes the value at run time.
 */
volatile __u32 weft_shed_below;

static __always_inline int is_lone_syn(const struct packet *packet)
{
	return (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/*
 * Return the verdict of a new flow. The hash is multiplied by a constant that only this function
 * uses, so that the choice depends neither on the flow's worker nor on the sample.
 */
static __always_inline __u32 first_verdict(__u32 hash)
{
	return hash * 0x85ebca6bu < weft_shed_below ? WEFT_VERDICT_SHED : WEFT_VERDICT_STEER;
}

/*
 * Count the segment in @value. Packets and bytes are added atomically, because several CPUs may
 * count the same direction at once.
 */
static __always_inline void flow_count(struct weft_flow_value *value, __u32 src,
				       const struct packet *packet)
{
	if (src) {
		__sync_fetch_and_add(&value->packets[1], 1);
		__sync_fetch_and_add(&value->bytes[1], packet->ip_bytes);
		value->tcp_flags[1] |= packet->tcp_flags;
	} else {
		__sync_fetch_and_add(&value->packets[0], 1);
		__sync_fetch_and_add(&value->bytes[0], packet->ip_bytes);
		value->tcp_flags[0] |= packet->tcp_flags;
	}
}

/* Count a segment that the verdict keeps from user space, in addition to flow_count(). */
static __always_inline void flow_count_kept(struct weft_flow_value *value, __u32 src,
					    const struct packet *packet)
{
	if (src) {
		__sync_fetch_and_add(&value->kept_packets[1], 1);
		__sync_fetch_and_add(&value->kept_bytes[1], packet->ip_bytes);
	} else {
		__sync_fetch_and_add(&value->kept_packets[0], 1);
		__sync_fetch_and_add(&value->kept_bytes[0], packet->ip_bytes);
	}
}

static __always_inline struct weft_flow_value fresh_value(__u64 now_ns, __u32 hash, __u32 worker)
{
	return (struct weft_flow_value){
		.worker = worker,
		.first_ns = now_ns,
		.verdict = {first_verdict(hash), first_verdict(hash)},
	};
}

/*
 * A new connection begins with the four-tuple of an earlier one: replace the verdicts of the
 * earlier one, except PASS.
 */
static __always_inline void flow_begin_again(struct weft_flow_value *value, __u32 hash)
{
	__u32 first = first_verdict(hash);

	if (value->verdict[0] != WEFT_VERDICT_PASS)
		value->verdict[0] = first;
	if (value->verdict[1] != WEFT_VERDICT_PASS)
		value->verdict[1] = first;
}

/*
 * Return the verdict on a segment that flow_count() has counted. For a SYN, FIN or RST, it is STEER
 * instead of SHUNT. A SYN without ACK first replaces the verdicts of an earlier connection. If the
 * verdict is not STEER, the segment is also counted as kept from user space.
 */
static __always_inline __u32 flow_judge(struct weft_flow_value *value, __u32 src,
					const struct packet *packet, __u32 hash)
{
	__u32 verdict;

	if (is_lone_syn(packet))
		flow_begin_again(value, hash);
	verdict = src ? value->verdict[1] : value->verdict[0];
	if (verdict == WEFT_VERDICT_SHUNT && packet->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST))
		return WEFT_VERDICT_STEER;
	if (verdict != WEFT_VERDICT_STEER)
		flow_count_kept(value, src, packet);
	return verdict;
}

/* Count the segment in its entry. Return the segment's verdict. */
static __always_inline __u32 flow_account(struct weft_flow_value *value, __u32 src,
					  const struct packet *packet, __u64 now_ns, __u32 hash)
{
	flow_count(value, src, packet);
	if (now_ns > value->last_ns)
		value->last_ns = now_ns;
	return flow_judge(value, src, packet, hash);
}

#endif
