/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * hash.h - the keyed, symmetric flow hash. This file is compiled for the kernel programs and for
 * user space.
 *
 * Each endpoint (16 bytes of address, port) is mixed alone and the two results are multiplied, so
 * that both directions give the same value without sorting. Each step uses a secret of this run,
 * which is random except in replay: an attacker who does not know it cannot aim packets at one
 * worker or one bucket. (A replay derives the secret from its files, so that it can be repeated.) A
 * sum instead of the product would be weak, because the differences of adjacent addresses at both
 * ends would cancel each other. BPF gives only the low 64 bits of a product, in which a bit of a
 * factor affects only bits at its own position and above. Therefore the high bits of a value are
 * folded into its low bits before it is multiplied.
 *
 * The cost of the hash is mainly the latency of multiplications that depend on each other.
 * Therefore the port is multiplied by a secret odd number, independently of other multiplications,
 * and added to the address. An IPv4 address and a port fit in 48 bits and need neither that
 * multiplication nor the fold.
 */
#ifndef WEFT_BPF_HASH_H
#define WEFT_BPF_HASH_H

#include <linux/types.h>

/* The low word of an IPv4-mapped address: the ffff prefix, and the position of the IPv4 bits. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define WEFT_HASH_MAPPED_MASK 0x00000000ffffffffull
#define WEFT_HASH_MAPPED      0x00000000ffff0000ull
#define WEFT_HASH_IPV4_SHIFT  32
#else
#define WEFT_HASH_MAPPED_MASK 0xffffffff00000000ull
#define WEFT_HASH_MAPPED      0x0000ffff00000000ull
#define WEFT_HASH_IPV4_SHIFT  0
#endif

struct weft_hash_secret {
	__u64 key[4];
};

static inline __attribute__((always_inline)) __u64 weft_hash_finish(__u64 value, __u64 key)
{
	value ^= value >> 32;
	value = (value + key) * 0xd6e8feb86659fd93ull;
	return value ^ (value >> 29);
}

/* Mix a value whose high bits need not be folded into the low ones first. */
static inline __attribute__((always_inline)) __u64 weft_hash_mix_low(__u64 value, __u64 key)
{
	return weft_hash_finish((value ^ key) * 0x9e3779b97f4a7c15ull, key);
}

static inline __attribute__((always_inline)) __u64 weft_hash_mix(__u64 value, __u64 key)
{
	return weft_hash_mix_low(value ^ (value >> 32), key);
}

/*
 * Hash an endpoint. @addr_hi, @addr_lo: address as two words in memory order. @port: in host order.
 */
static inline __attribute__((always_inline)) __u64 weft_hash_endpoint(
	const struct weft_hash_secret *secret, __u64 addr_hi, __u64 addr_lo, __u16 port)
{
	__u64 value;

	if (!addr_hi && (addr_lo & WEFT_HASH_MAPPED_MASK) == WEFT_HASH_MAPPED) {
		value = (__u32)(addr_lo >> WEFT_HASH_IPV4_SHIFT) | (__u64)port << 32;
		return weft_hash_mix_low(value, secret->key[1]);
	}
	value = addr_lo + port * (secret->key[2] | 1);
	if (addr_hi)
		value += weft_hash_mix(addr_hi, secret->key[0]);
	return weft_hash_mix(value, secret->key[1]);
}

static inline __attribute__((always_inline)) __u64 weft_hash_tenant(__u16 outer_vlan,
								    __u16 inner_vlan, __u32 vni)
{
	return ((__u64)((__u32)outer_vlan << 16 | inner_vlan) << 32) | vni;
}

/*
 * Hash a flow. @a, @b: results of weft_hash_endpoint(), in either order. @tenant: result of
 * weft_hash_tenant(), 0 without VLAN and tunnel; of a fragment, XORed with the id of its datagram.
 */
static inline __attribute__((always_inline)) __u64 weft_hash_flow_long(
	const struct weft_hash_secret *secret, __u64 a, __u64 b, __u64 tenant)
{
	__u64 value = (a | 1) * (b | 1);

	if (tenant)
		value += weft_hash_mix(tenant, secret->key[0]);
	return weft_hash_finish(value, secret->key[3]);
}

static inline __attribute__((always_inline)) __u32 weft_hash_fold(__u64 value)
{
	return (__u32)(value ^ (value >> 32));
}

/* Return the flow's hash, folded to the 32 bits that choose its worker and its bucket. */
static inline __attribute__((always_inline)) __u32 weft_hash_flow(
	const struct weft_hash_secret *secret, __u64 a, __u64 b, __u64 tenant)
{
	return weft_hash_fold(weft_hash_flow_long(secret, a, b, tenant));
}

/*
 * Return the index of the worker that owns the flow. It depends on the high bits of @hash, so that
 * the tables of a worker can use the low bits.
 */
static inline __attribute__((always_inline)) __u32 weft_hash_worker(__u32 hash, __u32 workers)
{
	return (__u32)(((__u64)hash * workers) >> 32);
}

/*
 * Return 1 if the sample contains the flow. @limit: the share of flows in the sample, multiplied by
 * 2^32 - 1. The hash is multiplied, because its high bits alone choose the worker: without the
 * multiplication, all flows of a sample would belong to the first workers.
 */
static inline __attribute__((always_inline)) int weft_hash_is_sampled(__u32 hash, __u32 limit)
{
	return hash * 0x9e3779b1u <= limit;
}

#endif
