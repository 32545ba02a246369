// SPDX-License-Identifier: BSD-2-Clause
/*
 * Tests of capture/host/probe_judge.c: each problem is reported, with the command that solves it.
 */
#include "unit/support/test.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <stdio.h>
#include <string.h>

#include "capture/host/probe_internal.h"
#include "capture/host/xdp_features.h"

static struct {
	enum weft_probe_status status;
	char found[256];
	char advice[384];
	const char *since;
	const char *without;
	unsigned int count;
	const char *wanted;
} reported;

static void take(const struct weft_probe *probe, void *ctx)
{
	assert_int_equal(*probe->advice != '\0', probe->status != WEFT_PROBE_OK);
	if (strcmp(probe->name, reported.wanted) != 0)
		return;
	reported.count++;
	reported.status = probe->status;
	reported.since = probe->since;
	reported.without = probe->without;
	snprintf(reported.found, sizeof(reported.found), "%s", probe->found);
	snprintf(reported.advice, sizeof(reported.advice), "%s", probe->advice);
}

static struct wf_probe begin(const char *wanted)
{
	memset(&reported, 0, sizeof(reported));
	reported.wanted = wanted;
	return (struct wf_probe){.fn = take};
}

/* A NIC with all wanted properties; each test changes some. */
static struct wf_probe_nic_facts good_nic(void)
{
	return (struct wf_probe_nic_facts){
		.name = "eth9",
		.driver = "ice",
		.is_up = true,
		.mtu = 1500,
		.has_long_sockets = true,
		.xdp_is_known = true,
		.xdp_features = WF_XDP_BASIC | WF_XDP_REDIRECT | WF_XDP_ZEROCOPY | WF_XDP_MULTI_BUF,
		.other_is_known = true,
		.filters_are_known = true,
		.cpus = 8,
		.queues = 8,
		.queues_max = 16,
		.queues_combined = true,
		.ring = 4096,
		.ring_max = 4096,
		.lro = WF_FEATURE_OFF,
		.gro_hw = WF_FEATURE_OFF,
		.vlan = WF_FEATURE_OFF,
		.hash_is_known = true,
		.hash = {.queues = 8,
			 .function = 1,
			 .key_bytes = 40, /* a key of zeros repeats every 16 bits */
			 .entries_count = 1,
			 .fields_known = true,
			 .fields = {RXH_IP_SRC | RXH_IP_DST, RXH_IP_SRC | RXH_IP_DST}},
	};
}

static void assert_nic(const struct wf_probe_nic_facts *facts, const char *name,
		       enum weft_probe_status status, const char *advice)
{
	struct wf_probe probe = begin(name);

	wf_probe_judge_nic(&probe, facts);
	assert_int_equal(reported.count, 1);
	assert_int_equal(reported.status, status);
	assert_string_equal(reported.advice, advice);
}

static struct wf_probe_host_facts good_host(void)
{
	return (struct wf_probe_host_facts){
		.release = "6.8.0-31-generic",
		.machine = "x86_64",
		.has_bpffs = true,
		.jit = 1,
		.is_root = true,
		.memlock_bytes = UINT64_MAX,
		.huge_pages = 256,
		.cpus = 8,
		.memory_bytes = 1ull << 34,
	};
}

static void assert_host(const struct wf_probe_host_facts *facts, const char *name,
			enum weft_probe_status status, const char *advice)
{
	struct wf_probe probe = begin(name);

	wf_probe_judge_kernel(&probe, facts);
	wf_probe_judge_host(&probe, facts);
	assert_int_equal(reported.count, 1);
	assert_int_equal(reported.status, status);
	assert_non_null(strstr(reported.advice, advice));
}

/* ---- interface ---- */

TEST(judge_nic_that_has_all_is_well)
{
	static const char *const names[] = {"link",	   "native_xdp", "zero_copy", "mtu",
					    "xdp_program", "tc_filters", "queues",    "rx_ring",
					    "lro",	   "gro_hw",	 "vlan_tags", "rss"};
	struct wf_probe_nic_facts facts = good_nic();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_nic(&facts, names[i], WEFT_PROBE_OK, "");
}

TEST(judge_nic_that_reports_nothing_has_no_findings)
{
	static const char *const names[] = {"xdp_program", "tc_filters", "queues",    "rx_ring",
					    "lro",	   "gro_hw",	 "vlan_tags", "rss"};
	const struct wf_probe_nic_facts facts = {.name = "eth9", .driver = "unknown", .mtu = 1500};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct wf_probe probe = begin(names[i]);

		wf_probe_judge_nic(&probe, &facts);
		assert_int_equal(reported.count, 0);
	}
}

TEST(judge_merging_offloads_are_turned_off)
{
	struct wf_probe_nic_facts facts = good_nic();

	facts.lro = facts.gro_hw = WF_FEATURE_ON;
	assert_nic(&facts, "lro", WEFT_PROBE_WARN, "ethtool -K eth9 rx-lro off");
	assert_nic(&facts, "gro_hw", WEFT_PROBE_WARN, "ethtool -K eth9 rx-gro-hw off");
}

TEST(judge_fixed_merging_offload_is_the_hypervisors)
{
	struct wf_probe_nic_facts facts = good_nic();

	facts.gro_hw = WF_FEATURE_ON_FIXED;
	assert_nic(&facts, "gro_hw", WEFT_PROBE_WARN,
		   "only the hypervisor can turn it off; qemu's virtio-net-pci needs "
		   "ctrl_guest_offloads=on");
}

TEST(judge_removed_vlan_tags_can_be_left)
{
	struct wf_probe_nic_facts facts = good_nic();

	facts.vlan = WF_FEATURE_ON;
	assert_nic(&facts, "vlan_tags", WEFT_PROBE_WARN, "ethtool -K eth9 rxvlan off");
	facts.vlan = WF_FEATURE_ON_FIXED;
	assert_nic(&facts, "vlan_tags", WEFT_PROBE_WARN,
		   "use another NIC if several VLANs use the same addresses");
}

TEST(judge_asymmetric_hash_gets_a_symmetric_key)
{
	struct wf_probe_nic_facts facts = good_nic();

	char advice[384];

	facts.hash.key[3] = 1;
	wf_nic_hash_advise(&facts.hash, "eth9", advice, sizeof(advice));
	assert_nic(&facts, "rss", WEFT_PROBE_WARN, advice);
	assert_non_null(strstr(advice, "ethtool -X eth9 hkey 6d:5a:6d:5a:"));
}

TEST(judge_longest_hash_key_fits_into_the_advice)
{
	struct wf_probe_nic_facts facts = good_nic();
	struct wf_probe probe = begin("rss");

	facts.name = "enp129s0f0np00"; /* length IF_NAMESIZE - 1 */
	facts.hash.key_bytes = WF_NIC_KEY_BYTES_MAX;
	facts.hash.key[3] = 1;
	wf_probe_judge_nic(&probe, &facts);
	assert_int_equal(reported.status, WEFT_PROBE_WARN);
	assert_int_equal(strspn(strstr(reported.advice, "6d:"), "6d5a:"),
			 3 * WF_NIC_KEY_BYTES_MAX - 1);
	assert_int_equal(reported.advice[strlen(reported.advice) - 1], ')');
}

TEST(judge_hash_that_is_not_known_is_reported_as_such)
{
	struct wf_probe_nic_facts facts = good_nic();
	struct wf_probe probe = begin("rss");

	facts.hash.function = 0;
	wf_probe_judge_nic(&probe, &facts);
	assert_int_equal(reported.status, WEFT_PROBE_WARN);
	assert_non_null(strstr(reported.found, "unknown hash function"));
}

TEST(judge_rings_and_queues_are_raised)
{
	struct wf_probe_nic_facts facts = good_nic();

	facts.ring = 512;
	facts.queues = 1;
	assert_nic(&facts, "rx_ring", WEFT_PROBE_WARN, "ethtool -G eth9 rx 4096");
	assert_nic(&facts, "queues", WEFT_PROBE_WARN, "ethtool -L eth9 combined 8");
	facts.queues_combined = false;
	assert_nic(&facts, "queues", WEFT_PROBE_WARN, "ethtool -L eth9 rx 8");
	facts.queues = 1000;
	assert_nic(&facts, "queues", WEFT_PROBE_FAIL, "ethtool -L eth9 rx 64");
}

TEST(judge_jumbo_needs_driver_and_kernel)
{
	struct wf_probe_nic_facts facts = good_nic();

	facts.mtu = 9000;
	assert_nic(&facts, "mtu", WEFT_PROBE_OK, "");
	facts.xdp_features &= ~(uint64_t)WF_XDP_MULTI_BUF;
	assert_nic(&facts, "mtu", WEFT_PROBE_WARN, "ip link set dev eth9 mtu 3818");
	facts = good_nic();
	facts.mtu = 9000;
	facts.has_long_sockets = false;
	assert_nic(&facts, "mtu", WEFT_PROBE_WARN, "ip link set dev eth9 mtu 3818");
	assert_non_null(strstr(reported.found, "6.6"));
	facts.mtu = 3818;
	assert_nic(&facts, "mtu", WEFT_PROBE_OK, "");
}

TEST(judge_other_program_is_named_with_what_takes_it_away)
{
	struct wf_probe_nic_facts facts = good_nic();

	facts.other = (struct wf_xdp_other){.id = 7, .name = "xdp_filter"};
	assert_nic(&facts, "xdp_program", WEFT_PROBE_WARN,
		   "to use tap mode: ip link set dev eth9 xdp off; host mode works without that");
	assert_non_null(strstr(reported.found, "xdp_filter (id 7)"));
	facts.other.link_id = 3;
	assert_nic(&facts, "xdp_program", WEFT_PROBE_WARN,
		   "to use tap mode: stop the process that attached it, or: bpftool link detach "
		   "id 3; host mode works without that");
	strcpy(facts.other.name, "xdp_dispatcher");
	assert_nic(&facts, "xdp_program", WEFT_PROBE_WARN,
		   "to use tap mode: xdp-loader unload eth9 --all; host mode works without that");
}

/* ---- host ---- */

TEST(judge_stale_filters_are_named_with_what_removes_them)
{
	struct wf_probe_nic_facts facts = good_nic();

	facts.filters = (struct wf_tc_own){
		.count = 2, .is_stale = true, .program_id = 7, .program = "weft_host"};
	assert_nic(&facts, "tc_filters", WEFT_PROBE_WARN,
		   "weft doctor -i eth9 --remove-stale; the next weft run also removes them");
	assert_non_null(strstr(reported.found, "2 stale filters of a killed weft process on eth9"));
	assert_non_null(strstr(reported.found, "weft_host, id 7"));
	facts.filters.is_stale = false;
	assert_nic(&facts, "tc_filters", WEFT_PROBE_OK, "");
}

TEST(judge_kernel_by_its_number_not_its_text)
{
	struct wf_probe_host_facts facts = good_host();

	assert_host(&facts, "kernel", WEFT_PROBE_OK, "");
	facts.release = "6.1.0-13-amd64";
	assert_host(&facts, "kernel", WEFT_PROBE_OK, "");
	facts.release = "5.10.0-28-amd64";
	assert_host(&facts, "kernel", WEFT_PROBE_FAIL,
		    "Linux 6.1 or newer is needed (this is 5.10)");
	facts.release = "6.0.12";
	assert_host(&facts, "kernel", WEFT_PROBE_FAIL, "(this is 6.0)");
	facts.release = "10.0-rc1";
	assert_host(&facts, "kernel", WEFT_PROBE_OK, "");
}

static void assert_feature(const struct wf_kernel_feature_row *row, int err,
			   enum weft_probe_status status, const char *found, const char *advice)
{
	struct wf_probe probe = begin(row->name);

	wf_probe_judge_feature(&probe, row, err, "6.1.0-13-amd64");
	assert_int_equal(reported.count, 1);
	assert_int_equal(reported.status, status);
	assert_string_equal(reported.found, found);
	assert_string_equal(reported.advice, advice);
	assert_ptr_equal(reported.since, row->since);
	assert_ptr_equal(reported.without, row->without);
}

TEST(judge_missing_feature_names_the_kernel_that_has_it)
{
	const struct wf_kernel_feature_row newer = {"tcx", "6.6", false, "something else"};
	const struct wf_kernel_feature_row older = {"af_xdp", "4.18", true, "nothing"};

	assert_feature(&newer, 0, WEFT_PROBE_OK, "yes", "");
	assert_feature(&newer, -EINVAL, WEFT_PROBE_WARN, "no",
		       "Linux 6.6 or newer has this feature");
	assert_feature(&newer, -EPERM, WEFT_PROBE_WARN, "unknown",
		       "run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_NET_RAW");
	assert_feature(&older, -EAFNOSUPPORT, WEFT_PROBE_FAIL, "no",
		       "this kernel was built without the feature (Address family not supported "
		       "by protocol)");
}

TEST(judge_other_findings_are_about_no_feature)
{
	struct wf_probe_host_facts facts = good_host();

	assert_host(&facts, "memlock", WEFT_PROBE_OK, "");
	assert_null(reported.since);
	assert_null(reported.without);
}

TEST(judge_host_names_what_is_missing)
{
	struct wf_probe_host_facts facts = good_host();

	facts.has_bpffs = facts.is_root = false;
	facts.jit = 0;
	facts.memlock_bytes = 64 << 10;
	facts.huge_pages = 0;
	assert_host(&facts, "bpffs", WEFT_PROBE_WARN, "mount -t bpf bpf /sys/fs/bpf");
	assert_host(&facts, "bpf_jit", WEFT_PROBE_WARN, "sysctl -w net.core.bpf_jit_enable=1");
	assert_host(&facts, "memlock", WEFT_PROBE_WARN, "ulimit -l unlimited");
	assert_host(&facts, "huge_pages", WEFT_PROBE_WARN, "sysctl -w vm.nr_hugepages");
	facts.is_root = true;
	assert_host(&facts, "memlock", WEFT_PROBE_OK, "");
}
