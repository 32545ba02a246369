// SPDX-License-Identifier: BSD-2-Clause
/* Tests of capture/host/nic_hash.c: interprets the answers of real adapters to ethtool. */
#include "unit/support/test.h"

#include <linux/ethtool.h>
#include <string.h>

#include "capture/host/nic_hash.h"

enum {
	SDFN = RXH_IP_SRC | RXH_IP_DST | RXH_L4_B_0_1 | RXH_L4_B_2_3,
	SD = RXH_IP_SRC | RXH_IP_DST,
};

static bool ports[2];

/*
 * Returns the answer of an E810 ("ice") after ethtool -X eth0 hkey 6d:5a:...: a key of 52 bytes,
 * 2048 entries.
 */
static struct wf_nic_hash symmetric_nic(void)
{
	struct wf_nic_hash hash = {
		.queues = 16,
		.function = 1,
		.key_bytes = 52,
		.entries_count = 2048,
		.fields_known = true,
		.fields = {SDFN, SDFN},
	};

	for (uint32_t i = 0; i < hash.key_bytes; i++)
		hash.key[i] = i % 2 ? 0x5a : 0x6d;
	for (uint32_t i = 0; i < hash.entries_count; i++)
		hash.entries[i] = i % 16;
	return hash;
}

/* Returns the default of most drivers: a random key. */
static struct wf_nic_hash fresh_nic(void)
{
	struct wf_nic_hash hash = symmetric_nic();

	for (uint32_t i = 0; i < hash.key_bytes; i++)
		hash.key[i] = (uint8_t)(i * 197 + 31);
	return hash;
}

TEST(nic_hash_symmetric_key_is_symmetric)
{
	struct wf_nic_hash hash = symmetric_nic();

	assert_int_equal(wf_nic_hash_judge(&hash, ports), WF_NIC_SYMMETRIC);
	assert_true(ports[0] && ports[1]);
}

TEST(nic_hash_random_key_is_asymmetric)
{
	struct wf_nic_hash hash = fresh_nic();

	assert_int_equal(wf_nic_hash_judge(&hash, ports), WF_NIC_ASYMMETRIC);
	hash = symmetric_nic();
	hash.key[51] ^= 1;
	assert_int_equal(wf_nic_hash_judge(&hash, ports), WF_NIC_ASYMMETRIC);
}

TEST(nic_hash_symmetric_input_makes_any_key_do)
{
	struct wf_nic_hash hash = fresh_nic();

	hash.xfrm = WF_NIC_XFRM_XOR;
	assert_int_equal(wf_nic_hash_judge(&hash, ports), WF_NIC_SYMMETRIC);
	hash.xfrm = WF_NIC_XFRM_OR_XOR;
	assert_int_equal(wf_nic_hash_judge(&hash, ports), WF_NIC_SYMMETRIC);
}

TEST(nic_hash_of_addresses_alone_is_symmetric_without_ports)
{
	struct wf_nic_hash hash = symmetric_nic();

	hash.fields[1] = SD;
	assert_int_equal(wf_nic_hash_judge(&hash, ports), WF_NIC_SYMMETRIC);
	assert_true(ports[0]);
	assert_false(ports[1]);
}

TEST(nic_hash_of_one_side_is_asymmetric)
{
	static const uint32_t one_sided[] = {0, RXH_IP_SRC, SDFN & ~(uint32_t)RXH_IP_SRC,
					     SD | RXH_L4_B_0_1, RXH_L4_B_0_1 | RXH_L4_B_2_3};

	for (size_t i = 0; i < sizeof(one_sided) / sizeof(one_sided[0]); i++)
		for (int version = 0; version < 2; version++) {
			struct wf_nic_hash hash = symmetric_nic();

			hash.fields[version] = one_sided[i];
			assert_int_equal(wf_nic_hash_judge(&hash, ports), WF_NIC_ASYMMETRIC);
		}
}

TEST(nic_hash_of_what_weft_does_not_know_is_not_trusted)
{
	struct wf_nic_hash hash = symmetric_nic();

	hash.function = 1 << 1; /* xor */
	assert_int_equal(wf_nic_hash_judge(&hash, ports), WF_NIC_UNKNOWN);
	hash.function = 0; /* the driver does not report it */
	assert_int_equal(wf_nic_hash_judge(&hash, ports), WF_NIC_UNKNOWN);
	hash = symmetric_nic();
	hash.xfrm = 1 << 2;
	assert_int_equal(wf_nic_hash_judge(&hash, ports), WF_NIC_UNKNOWN);
	hash = symmetric_nic();
	hash.fields[0] |= RXH_VLAN;
	assert_int_equal(wf_nic_hash_judge(&hash, ports), WF_NIC_UNKNOWN);
	hash = symmetric_nic();
	hash.fields_known = false;
	assert_int_equal(wf_nic_hash_judge(&hash, ports), WF_NIC_UNKNOWN);
	hash = symmetric_nic();
	hash.key_bytes = 16;
	assert_int_equal(wf_nic_hash_judge(&hash, ports), WF_NIC_UNKNOWN);
	hash = symmetric_nic();
	hash.entries_count = 0;
	assert_int_equal(wf_nic_hash_judge(&hash, ports), WF_NIC_UNKNOWN);
	hash = symmetric_nic();
	hash.entries[2047] = 16;
	assert_int_equal(wf_nic_hash_judge(&hash, ports), WF_NIC_UNKNOWN);
}

TEST(nic_hash_advice_is_the_command_that_mends)
{
	struct wf_nic_hash hash = fresh_nic();
	char text[384];

	wf_nic_hash_advise(&hash, "eth9", text, sizeof(text));
	assert_non_null(strstr(text, "ethtool -X eth9 hkey 6d:5a:6d:5a"));
	assert_non_null(strstr(text, "ethtool -X eth9 xfrm symmetric-xor"));
	hash.fields[1] = SD | RXH_L4_B_0_1;
	wf_nic_hash_advise(&hash, "eth9", text, sizeof(text));
	assert_non_null(strstr(text, "ethtool -N eth9 rx-flow-hash $type sdfn"));
}

TEST(nic_hash_of_loopback_is_unknown)
{
	static struct wf_nic_hash hash;

	assert_true(wf_nic_hash_read("lo", &hash) < 0);
	assert_int_equal(wf_nic_hash_judge(&hash, ports), WF_NIC_UNKNOWN);
}
