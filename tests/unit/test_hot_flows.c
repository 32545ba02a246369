// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_hot_flows.c - all counts of each CPU are moved to the flow map, and a verdict takes effect
 * at once. Needs root to load the program; skipped otherwise.
 */
#include "unit/support/test.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <weft/limits.h>

#include "bpf/hash.h"
#include "capture/maps/hot_flows.h"
#include "packet/packet.h"
#include "skel/steer.skel.h"
#include "unit/support/decode_kinds.h"
#include "unit/support/xdp_rig.h"

#define A     "10.0.0.1"
#define B     "10.0.0.2"
#define SYN   WF_TCP_SYN
#define ACK   WF_TCP_ACK
#define FIN   WF_TCP_FIN
#define IPTCP 40u

static struct xdp_rig rig;
static cpu_set_t allowed; /* the CPUs of the thread before a test pins it */

static int teardown(void **state)
{
	sched_setaffinity(0, sizeof(allowed), &allowed);
	xdp_rig_close(&rig);
	return 0;
}

/* As few slots as are allowed, so that a few flows need more. */
static const struct wf_xdp_opts few_slots = {
	.maps = {.flows = WEFT_FLOW_MAP_ENTRIES,
		 .handshakes = WEFT_HANDSHAKE_MAP_ENTRIES,
		 .hot_slots = WEFT_HOT_SLOTS_MIN},
};

static bool open_rig(void)
{
	struct wf_xdp_opts opts = few_slots;

	sched_getaffinity(0, sizeof(allowed), &allowed);
	opts.maps.hot_cpus = wf_hot_flows_cpus();
	return xdp_rig_open(&rig, 1, &opts);
}

#define OPEN_OR_SKIP()                                            \
	do {                                                      \
		if (!open_rig())                                  \
			skip();                                   \
		if (!rig.xdp.maps.hot.maps.cpus_count)            \
			skip(); /* not possible with nohz_full */ \
	} while (0)

static struct weft_flow_key key_of(uint16_t port, unsigned int *ret_src)
{
	struct weft_flow_key key;
	struct weft_flow_key kernel_key;

	*ret_src = decode_expected_key(A, port, B, 80, &key);
	memcpy(&kernel_key, &key, sizeof(kernel_key));
	return kernel_key;
}

static bool send_one(uint16_t port, uint16_t flags)
{
	return xdp_rig_segment(&rig, A, port, B, 80, flags, 10);
}

static bool answer_one(uint16_t port, uint16_t flags)
{
	return xdp_rig_segment(&rig, B, 80, A, port, flags, 10);
}

/*
 * Reads the flow's entry as bpftool does, without moving the CPUs' counts first. Return: false if
 * there is no entry.
 */
static bool look(uint16_t port, struct weft_flow_value *ret_value, unsigned int *ret_src)
{
	struct weft_flow_key key = key_of(port, ret_src);

	return !bpf_map_lookup_elem(bpf_map__fd(rig.xdp.skel->maps.weft_flows), &key, ret_value);
}

static uint64_t packets_in_map(uint16_t port)
{
	struct weft_flow_value value;
	unsigned int src;

	return look(port, &value, &src) ? value.packets[src] : 0;
}

static void forget(uint16_t port)
{
	unsigned int src;
	struct weft_flow_key key = key_of(port, &src);

	assert_int_equal(bpf_map_delete_elem(bpf_map__fd(rig.xdp.skel->maps.weft_flows), &key), 0);
}

static int set_verdict(uint16_t port, uint16_t of_source, struct weft_verdict_request *request)
{
	unsigned int src;

	request->key = key_of(port, &src);
	request->verdict[src] = of_source;
	request->verdict[!src] = WEFT_VERDICT_KEEP;
	return wf_kernel_maps_set_verdict(&rig.xdp.maps, request);
}

/* Pins the thread to the @nth allowed CPU. Return: false if there are fewer CPUs. */
static bool use_cpu(unsigned int nth)
{
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		cpu_set_t one;

		if (!CPU_ISSET(cpu, &allowed) || nth--)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		return !sched_setaffinity(0, sizeof(one), &one);
	}
	return false;
}

/* ---- counts ---- */

TEST_WITH(hot_counts_wait_until_they_are_moved, NULL, teardown)
{
	struct weft_flow_value value;
	unsigned int src;

	OPEN_OR_SKIP();
	use_cpu(0);
	for (int i = 0; i < 10; i++) {
		send_one(1000, ACK);
		answer_one(1000, ACK);
	}
	assert_true(packets_in_map(1000) < 10);
	assert_int_equal(wf_kernel_maps_move_hot(&rig.xdp.maps), 0);
	assert_true(look(1000, &value, &src));
	assert_int_equal(value.packets[src], 10);
	assert_int_equal(value.packets[!src], 10);
	assert_int_equal(value.bytes[src], 10 * (IPTCP + 10));
	assert_int_equal(value.tcp_flags[!src], ACK);
	assert_int_equal(value.last_ns, rig.meta.time_ns);
	assert_int_equal(wf_kernel_maps_move_hot(&rig.xdp.maps), 0);
	assert_int_equal(packets_in_map(1000), 10);
}

TEST_WITH(hot_counts_are_moved_after_256_segments, NULL, teardown)
{
	unsigned int sent = 0;

	OPEN_OR_SKIP();
	use_cpu(0);
	for (; sent < 1000; sent++) {
		send_one(1000, ACK);
		assert_in_range(sent + 1 - packets_in_map(1000), 0, 255);
	}
	assert_int_equal(wf_kernel_maps_move_hot(&rig.xdp.maps), 0);
	assert_int_equal(packets_in_map(1000), 1000);
}

/*
 * Sends segments of three times as many flows as each half of a CPU's slots has, one flow after the
 * other.
 */
TEST_WITH(hot_counts_are_exact_when_flows_take_each_others_slots, NULL, teardown)
{
	enum { FLOWS = 3 * WEFT_HOT_SLOTS_MIN };

	OPEN_OR_SKIP();
	for (int round = 0; round < 3; round++)
		for (uint16_t port = 1000; port < 1000 + FLOWS; port++)
			send_one(port, ACK);
	assert_int_equal(wf_kernel_maps_move_hot(&rig.xdp.maps), 0);
	for (uint16_t port = 1000; port < 1000 + FLOWS; port++)
		assert_int_equal(packets_in_map(port), 3);
}

enum { CROWD = WEFT_HOT_SLOTS_MIN / 2, CROWD_PORT = 1000 };

static void send_crowd(int rounds)
{
	for (int round = 0; round < rounds; round++)
		for (uint16_t port = CROWD_PORT; port < CROWD_PORT + CROWD; port++)
			send_one(port, ACK);
}

/*
 * There are half as many flows as slots: if each flow could use one slot only, a fifth of the flows
 * would find it in use.
 */
TEST_WITH(hot_slots_beside_serve_flows_whose_place_is_taken, NULL, teardown)
{
	int waiting = 0;

	OPEN_OR_SKIP();
	use_cpu(0);
	send_crowd(5);
	for (uint16_t port = CROWD_PORT; port < CROWD_PORT + CROWD; port++)
		waiting += packets_in_map(port) < 5;
	assert_in_range(waiting, CROWD * 85 / 100, CROWD);
	assert_int_equal(wf_kernel_maps_move_hot(&rig.xdp.maps), 0);
	for (uint16_t port = CROWD_PORT; port < CROWD_PORT + CROWD; port++)
		assert_int_equal(packets_in_map(port), 5);
}

TEST_WITH(hot_counts_of_several_cpus_add_up, NULL, teardown)
{
	OPEN_OR_SKIP();
	for (unsigned int i = 0; i < 60; i++) {
		use_cpu(i % (unsigned int)CPU_COUNT(&allowed));
		send_one(1000, ACK);
	}
	assert_int_equal(wf_kernel_maps_move_hot(&rig.xdp.maps), 0);
	assert_int_equal(packets_in_map(1000), 60);
}

/* The end of a connection costs no look-up in the flow map: all its segments are counted in the
 * slot. */
TEST_WITH(hot_slots_count_a_fin_and_the_segments_after_it, NULL, teardown)
{
	struct weft_flow_value value;
	unsigned int src;

	OPEN_OR_SKIP();
	use_cpu(0);
	send_one(1000, SYN);
	answer_one(1000, SYN | ACK);
	for (int i = 0; i < 3; i++)
		send_one(1000, ACK);
	assert_int_equal(packets_in_map(1000), 2);
	assert_true(send_one(1000, FIN | ACK));
	assert_true(answer_one(1000, FIN | ACK));
	assert_true(answer_one(1000, WF_TCP_RST));
	assert_int_equal(packets_in_map(1000), 2);
	assert_int_equal(wf_kernel_maps_move_hot(&rig.xdp.maps), 0);
	assert_true(look(1000, &value, &src));
	assert_int_equal(value.packets[src], 5);
	assert_int_equal(value.packets[!src], 3);
	assert_int_equal(value.tcp_flags[src], SYN | ACK | FIN);
	assert_int_equal(value.tcp_flags[!src], SYN | ACK | FIN | WF_TCP_RST);
}

/* The flow of a connection that has ended seldom takes a slot again. */
TEST_WITH(hot_slots_are_not_taken_again_after_a_fin, NULL, teardown)
{
	enum { CONNECTIONS = 64 };
	int waiting = 0;

	OPEN_OR_SKIP();
	use_cpu(0);
	for (uint16_t port = 1000; port < 1000 + CONNECTIONS; port++) {
		send_one(port, ACK);
		send_one(port, FIN | ACK);
	}
	assert_int_equal(wf_kernel_maps_move_hot(&rig.xdp.maps), 0);
	for (uint16_t port = 1000; port < 1000 + CONNECTIONS; port++) {
		send_one(port, ACK);
		send_one(port, ACK);
		waiting += packets_in_map(port) != 4;
	}
	assert_in_range(waiting, 0, CONNECTIONS / 2);
	assert_int_equal(wf_kernel_maps_move_hot(&rig.xdp.maps), 0);
	for (uint16_t port = 1000; port < 1000 + CONNECTIONS; port++)
		assert_int_equal(packets_in_map(port), 4);
}

/*
 * More connections than slots begin and end: each takes the slot of one that has ended, so only its
 * first segment without SYN is in the map.
 */
TEST_WITH(hot_slots_of_ended_connections_are_taken_at_once, NULL, teardown)
{
	enum { CONNECTIONS = 8 * WEFT_HOT_SLOTS_MIN };
	unsigned int waiting = 0;

	OPEN_OR_SKIP();
	use_cpu(0);
	for (uint16_t port = 1000; port < 1000 + CONNECTIONS; port++) {
		send_one(port, ACK);
		send_one(port, ACK);
		send_one(port, FIN | ACK);
		waiting += packets_in_map(port) == 1;
	}
	assert_int_equal(waiting, CONNECTIONS);
	assert_int_equal(wf_kernel_maps_move_hot(&rig.xdp.maps), 0);
	for (uint16_t port = 1000; port < 1000 + CONNECTIONS; port++)
		assert_int_equal(packets_in_map(port), 3);
}

/*
 * The flow map has evicted the entry of a flow with a slot; a FIN, and a SYN with the same ports,
 * then find the slot only.
 */
TEST_WITH(hot_counts_survive_an_eviction_before_a_fin_and_a_syn, NULL, teardown)
{
	struct weft_flow_value value;
	unsigned int src;

	OPEN_OR_SKIP();
	use_cpu(0);
	for (int i = 0; i < 4; i++)
		send_one(1000, ACK);
	forget(1000);
	send_one(1000, FIN | ACK);
	assert_int_equal(wf_kernel_maps_move_hot(&rig.xdp.maps), 0);
	assert_true(look(1000, &value, &src));
	assert_int_equal(value.packets[src], 4); /* the first one was counted in the lost entry */
	for (int i = 0; i < 4; i++)
		send_one(1001, ACK);
	forget(1001);
	send_one(1001, SYN);
	assert_true(look(1001, &value, &src));
	assert_int_equal(value.packets[src], 4);
	send_one(1001, ACK);
	assert_int_equal(wf_kernel_maps_move_hot(&rig.xdp.maps), 0);
	assert_true(look(1001, &value, &src));
	assert_int_equal(value.packets[src], 5);
	assert_int_equal(value.tcp_flags[src], SYN | ACK);
}

static atomic_bool is_over;

static void *move_on_and_on(void *arg)
{
	while (!atomic_load(&is_over))
		assert_int_equal(wf_kernel_maps_move_hot(&rig.xdp.maps), 0);
	return NULL;
}

/*
 * Moves counts all the time while segments are counted: no segment may be counted twice or not at
 * all.
 */
TEST_WITH(hot_counts_are_exact_while_they_are_moved, NULL, teardown)
{
	struct weft_verdict_request request;
	pthread_t thread;
	unsigned int src;
	uint64_t kept = 0;

	OPEN_OR_SKIP();
	key_of(1000, &src);
	send_one(1000, ACK);
	assert_int_equal(set_verdict(1000, WEFT_VERDICT_SHUNT, &request), 0);
	atomic_store(&is_over, false);
	assert_int_equal(pthread_create(&thread, NULL, move_on_and_on, NULL), 0);
	for (; kept < 20000; kept++) {
		assert_false(send_one(1000, ACK));
		if (kept % 8)
			continue;
		assert_int_equal(set_verdict(1000, WEFT_VERDICT_KEEP, &request), 0);
		assert_int_equal(request.kept_packets[src], kept + 1);
		assert_int_equal(request.kept_bytes[src], (kept + 1) * (IPTCP + 10));
	}
	atomic_store(&is_over, true);
	pthread_join(thread, NULL);
	assert_int_equal(wf_kernel_maps_move_hot(&rig.xdp.maps), 0);
	assert_int_equal(packets_in_map(1000), kept + 1);
}

/* ---- evicted ---- */

TEST_WITH(hot_entry_that_was_evicted_comes_back_with_verdict_and_counts, NULL, teardown)
{
	struct weft_flow_value value;
	unsigned int src;
	struct weft_verdict_request request;

	OPEN_OR_SKIP();
	use_cpu(0);
	send_one(1000, ACK);
	assert_int_equal(set_verdict(1000, WEFT_VERDICT_SHUNT, &request), 0);
	assert_false(send_one(1000, ACK));
	forget(1000);
	for (int i = 0; i < 100; i++)
		assert_false(send_one(1000, ACK));
	assert_int_equal(wf_kernel_maps_move_hot(&rig.xdp.maps), 0);
	assert_true(look(1000, &value, &src));
	assert_int_equal(value.packets[src], 100);
	assert_int_equal(value.kept_packets[src], 100);
	assert_int_equal(value.verdict[src], WEFT_VERDICT_SHUNT);
	assert_int_equal(value.verdict[!src], WEFT_VERDICT_STEER);
	assert_true(value.first_ns && value.first_ns <= value.last_ns);
	assert_false(send_one(1000, ACK));
}

/*
 * Other flows evict the entry of an idle flow and take its slot. They have two segments each,
 * because the map prefers to evict entries that were not used after they were added. The idle
 * flow's next data is steered as for a new flow: user space counts it and requests the bypass again
 * (test_shunt.c).
 */
TEST_WITH(hot_shunt_evicted_by_other_flows_is_seen_by_the_next_data, NULL, teardown)
{
	struct weft_verdict_request request;
	struct weft_flow_value value;
	unsigned int src;
	uint32_t others = 0;

	OPEN_OR_SKIP();
	use_cpu(0);
	send_one(1000, ACK);
	assert_int_equal(set_verdict(1000, WEFT_VERDICT_SHUNT, &request), 0);
	while (look(1000, &value, &src) && others < 4 * WEFT_FLOW_MAP_ENTRIES) {
		char source[16];

		snprintf(source, sizeof(source), "10.1.%u.1", others >> 14);
		for (int i = 0; i < 2; i++)
			xdp_rig_segment(&rig, source, (uint16_t)(1024 + (others & 0x3fff)), B, 80,
					ACK, 10);
		others++;
	}
	assert_in_range(others, WEFT_HOT_SLOTS_MIN, 4 * WEFT_FLOW_MAP_ENTRIES - 1);
	assert_true(send_one(1000, ACK));
	assert_int_equal(set_verdict(1000, WEFT_VERDICT_SHUNT, &request), 0);
	assert_false(send_one(1000, ACK));
}

/* ---- verdicts ---- */

TEST_WITH(hot_verdict_holds_for_the_next_segment_on_every_cpu, NULL, teardown)
{
	struct weft_verdict_request request;
	unsigned int cpus;

	OPEN_OR_SKIP();
	cpus = (unsigned int)CPU_COUNT(&allowed);
	for (int turn = 0; turn < 20; turn++) {
		for (unsigned int cpu = 0; cpu < 2 * cpus; cpu++) {
			use_cpu(cpu % cpus);
			assert_true(send_one(1000, ACK));
		}
		assert_int_equal(set_verdict(1000, WEFT_VERDICT_SHUNT, &request), 0);
		for (unsigned int cpu = 0; cpu < 2 * cpus; cpu++) {
			use_cpu(cpu % cpus);
			assert_false(send_one(1000, ACK));
			assert_true(answer_one(1000, ACK));
		}
		assert_int_equal(set_verdict(1000, WEFT_VERDICT_STEER, &request), 0);
	}
}

TEST_WITH(hot_verdict_holds_at_once_wherever_the_flow_has_its_slot, NULL, teardown)
{
	struct weft_verdict_request request;

	OPEN_OR_SKIP();
	use_cpu(0);
	send_crowd(3);
	for (uint16_t port = CROWD_PORT; port < CROWD_PORT + CROWD; port++) {
		assert_int_equal(set_verdict(port, WEFT_VERDICT_SHUNT, &request), 0);
		assert_false(send_one(port, ACK));
		assert_int_equal(set_verdict(port, WEFT_VERDICT_STEER, &request), 0);
		assert_int_equal(request.kept_packets[0] + request.kept_packets[1], 1);
		assert_true(send_one(port, ACK));
	}
}

TEST_WITH(hot_verdict_ends_on_every_cpu_with_the_next_connection, NULL, teardown)
{
	struct weft_verdict_request request;
	unsigned int cpus;

	OPEN_OR_SKIP();
	cpus = (unsigned int)CPU_COUNT(&allowed);
	send_one(1000, ACK);
	assert_int_equal(set_verdict(1000, WEFT_VERDICT_SHUNT, &request), 0);
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		use_cpu(cpu);
		assert_false(send_one(1000, ACK));
	}
	use_cpu(0);
	assert_true(send_one(1000, SYN));
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		use_cpu(cpu);
		assert_true(send_one(1000, ACK));
	}
}

/* ---- filter ---- */

static void use_filter(const struct weft_interface_opts *wanted)
{
	uint64_t word;

	assert_int_equal(wf_kernel_maps_prepare_filter(&rig.xdp.maps, wanted, &word), 0);
	wf_kernel_maps_switch_filter(&rig.xdp.maps, word, 1);
}

/*
 * The program checks the three kinds of filter (ports, addresses, sample) at three different
 * places.
 */
TEST_WITH(hot_flow_meets_a_new_filter_at_once_on_every_cpu, NULL, teardown)
{
	static const struct weft_prefix prefix = {.addr = {[10] = 0xff, 0xff, 10, 0, 0, 1},
						  .bits = 128};
	static const uint16_t port = 443;
	const struct weft_interface_opts all = {.sz = sizeof(all)};
	const struct weft_interface_opts filters[] = {
		{.sz = sizeof(all), .deny = &prefix, .deny_count = 1},
		{.sz = sizeof(all), .ports = &port, .ports_count = 1},
		{.sz = sizeof(all), .sample = 1e-9},
	};
	unsigned int cpus;

	OPEN_OR_SKIP();
	cpus = (unsigned int)CPU_COUNT(&allowed);
	for (unsigned int i = 0; i < 3 * cpus; i++) {
		use_cpu(i % cpus);
		assert_true(send_one(1000, ACK));
		assert_true(send_one(1000, ACK));
		use_filter(&filters[i / cpus]);
		for (unsigned int cpu = 0; cpu < cpus; cpu++) {
			use_cpu(cpu);
			assert_false(send_one(1000, ACK));
		}
		use_filter(&all);
	}
	assert_int_equal(rig.counts.filtered, 3 * cpus * cpus);
	assert_int_equal(wf_kernel_maps_move_hot(&rig.xdp.maps), 0);
	assert_int_equal(packets_in_map(1000), 6 * cpus);
}

/* ---- handshakes ---- */

/* If a handshake took a flow's slot, the flow's counts would be moved to the map too early. */
TEST_WITH(hot_slots_are_not_taken_by_handshakes, NULL, teardown)
{
	OPEN_OR_SKIP();
	use_cpu(0);
	send_one(1000, ACK);
	send_one(1000, ACK);
	assert_int_equal(packets_in_map(1000), 1);
	for (unsigned int i = 0; i < 20000; i++) {
		xdp_rig_segment(&rig, "10.0.1.1", (uint16_t)i, B, 80, SYN, 0);
		xdp_rig_segment(&rig, B, 80, "10.0.1.1", (uint16_t)i, SYN | ACK, 0);
	}
	assert_int_equal(packets_in_map(1000), 1);
	assert_int_equal(wf_kernel_maps_move_hot(&rig.xdp.maps), 0);
	assert_int_equal(packets_in_map(1000), 2);
}
