// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of bpf/hash.h: all endpoints have different hashes, and flows with regular addresses are
 * distributed evenly.
 */
#include "unit/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "bpf/hash.h"

enum {
	ADDRS = 64, /* consecutive addresses, like the hosts of a network */
	PORTS = 4096,
	FLOWS = ADDRS * PORTS,
	BUCKETS = 256,
};

struct addr {
	uint64_t words[2]; /* address in memory order */
};

static const struct weft_hash_secret secret = {
	{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89}};
static const struct weft_hash_secret other_secret = {
	{0x452821e638d01377, 0xbe5466cf34e90c6c, 0xc0ac29b7c97c50dd, 0x3f84d5b5b5470917}};

/*
 * The next three functions return the @n-th address of a network: IPv4-mapped; IPv6; IPv6 whose
 * high half is zero.
 */
static struct addr ipv4(uint32_t n)
{
	uint8_t bytes[16] = {[10] = 0xff, [11] = 0xff, 10, 0, (uint8_t)(n >> 8), (uint8_t)n};
	struct addr addr;

	memcpy(&addr, bytes, sizeof(addr));
	return addr;
}

static struct addr ipv6(uint32_t n)
{
	uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, [14] = (uint8_t)(n >> 8), (uint8_t)n};
	struct addr addr;

	memcpy(&addr, bytes, sizeof(addr));
	return addr;
}

static struct addr ipv6_low(uint32_t n)
{
	uint8_t bytes[16] = {[14] = (uint8_t)(n >> 8), (uint8_t)n};
	struct addr addr;

	memcpy(&addr, bytes, sizeof(addr));
	return addr;
}

static struct addr (*const networks[])(uint32_t) = {ipv4, ipv6, ipv6_low};

enum { NETWORKS = sizeof(networks) / sizeof(networks[0]) };

static uint64_t end_hash(const struct weft_hash_secret *key, struct addr addr, uint16_t port)
{
	return weft_hash_endpoint(key, addr.words[0], addr.words[1], port);
}

static uint64_t flow_hash(struct addr src, uint16_t src_port, struct addr dst, uint16_t dst_port)
{
	return weft_hash_flow_long(&secret, end_hash(&secret, src, src_port),
				   end_hash(&secret, dst, dst_port), 0);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void assert_all_differ(uint64_t *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	for (size_t i = 1; i < count; i++)
		assert_true(values[i - 1] != values[i]);
}

TEST(hash_every_address_and_port_has_its_own_value)
{
	uint64_t *values = malloc(NETWORKS * FLOWS * sizeof(*values));
	size_t count = 0;

	assert_non_null(values);
	for (int net = 0; net < NETWORKS; net++)
		for (uint32_t n = 0; n < ADDRS; n++)
			for (uint32_t port = 0; port < PORTS; port++)
				values[count++] =
					end_hash(&secret, networks[net](n), (uint16_t)port);
	assert_all_differ(values, count);
	free(values);
}

/* Hosts and ports are consecutive at both ends, so their differences could cancel each other. */
TEST(hash_every_flow_has_its_own_value)
{
	enum { HOSTS = 256, FEW = 4 };
	uint64_t *values = malloc(HOSTS * HOSTS * FEW * FEW * sizeof(*values));

	assert_non_null(values);
	for (int net = 0; net < NETWORKS; net++) {
		size_t count = 0;

		for (uint32_t n = 0; n < HOSTS; n++)
			for (uint32_t m = 0; m < HOSTS; m++)
				for (uint16_t a = 0; a < FEW; a++)
					for (uint16_t b = 0; b < FEW; b++)
						values[count++] =
							flow_hash(networks[net](n), a,
								  networks[net](HOSTS + m), b);
		assert_all_differ(values, count);
	}
	free(values);
}

/* Repeats the same flows in each VLAN. */
TEST(hash_every_tenant_has_its_own_values)
{
	enum { VLANS = 4096, HOSTS = 64 };
	uint64_t *values = malloc(VLANS * HOSTS * sizeof(*values));
	uint64_t server = end_hash(&secret, ipv4(999), 443);
	size_t count = 0;

	assert_non_null(values);
	for (uint16_t vlan = 0; vlan < VLANS; vlan++)
		for (uint32_t n = 0; n < HOSTS; n++)
			values[count++] =
				weft_hash_flow_long(&secret, end_hash(&secret, ipv4(n), 80), server,
						    weft_hash_tenant(vlan, 0, 0));
	assert_all_differ(values, count);
	free(values);
}

TEST(hash_both_directions_have_one_value)
{
	for (int net = 0; net < NETWORKS; net++)
		for (uint16_t port = 0; port < 1000; port++)
			assert_true(flow_hash(networks[net](1), port, networks[net](2), 80) ==
				    flow_hash(networks[net](2), 80, networks[net](1), port));
}

/* Returns the chi-squared statistic of @buckets, which all have the same expected count. */
static double unevenness(const uint32_t *buckets, uint32_t flows)
{
	double expected = (double)flows / BUCKETS;
	double sum = 0;

	for (int i = 0; i < BUCKETS; i++)
		sum += (buckets[i] - expected) * (buckets[i] - expected) / expected;
	return sum;
}

/* The high bits of the folded hash choose the worker, the low bits the bucket. */
TEST(hash_flows_spread_evenly_over_workers_and_buckets)
{
	/* With 255 degrees of freedom, chi-squared exceeds 400 with a probability of 10^-8. */
	const double most = 400;

	for (int net = 0; net < NETWORKS; net++) {
		uint32_t high[BUCKETS] = {0}, low[BUCKETS] = {0};

		for (uint32_t n = 0; n < ADDRS; n++) {
			for (uint32_t port = 0; port < PORTS; port++) {
				uint32_t hash = weft_hash_fold(flow_hash(
					networks[net](n), (uint16_t)port, networks[net](999), 443));

				high[weft_hash_worker(hash, BUCKETS)]++;
				low[hash % BUCKETS]++;
			}
		}
		assert_true(unevenness(high, FLOWS) < most);
		assert_true(unevenness(low, FLOWS) < most);
	}
}

/* Flips one bit of the port: on average, about half of the bits of the hash must change. */
TEST(hash_every_bit_of_the_port_changes_half_of_the_value)
{
	enum { TRIALS = 4096 };

	for (int net = 0; net < NETWORKS; net++) {
		for (int bit = 0; bit < 16; bit++) {
			uint64_t changed = 0;

			for (uint32_t i = 0; i < TRIALS; i++) {
				uint16_t port = (uint16_t)(i * 40503);
				struct addr src = networks[net](i), dst = networks[net](i * 7);

				changed += (uint64_t)__builtin_popcountll(
					flow_hash(src, port, dst, 80) ^
					flow_hash(src, port ^ (uint16_t)(1 << bit), dst, 80));
			}
			assert_in_range(changed, 31 * TRIALS, 33 * TRIALS);
		}
	}
}

TEST(hash_another_secret_gives_other_values)
{
	for (int net = 0; net < NETWORKS; net++)
		for (uint16_t port = 0; port < 1000; port++)
			assert_true(end_hash(&secret, networks[net](1), port) !=
				    end_hash(&other_secret, networks[net](1), port));
}
