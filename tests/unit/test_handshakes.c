// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_handshakes.c - the slots of handshakes: which handshake keeps its slot, verdicts of a
 * handshake, and several CPUs that count in the same slots. Needs root to load the program; skipped
 * otherwise.
 */
#include "unit/support/test.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <weft/limits.h>

#include "bpf/hash.h"
#include "capture/maps/maps.h"
#include "packet/packet.h"
#include "skel/steer.skel.h"
#include "unit/support/decode_kinds.h"
#include "unit/support/xdp_rig.h"

#define A   "10.0.0.1"
#define B   "10.0.0.2"
#define SYN WF_TCP_SYN
#define ACK WF_TCP_ACK

enum { SLOTS = 256, PORT = 1000, MATES = 3 };

static struct xdp_rig rig;

static int teardown(void **state)
{
	xdp_rig_close(&rig);
	return 0;
}

static const struct wf_xdp_opts few_slots = {
	.maps = {.flows = WEFT_FLOW_MAP_MIN_ENTRIES,
		 .handshakes = SLOTS,
		 .hot_slots = WEFT_HOT_SLOTS_MIN},
};

#define OPEN_OR_SKIP()                                  \
	do {                                            \
		if (!xdp_rig_open(&rig, 1, &few_slots)) \
			skip();                         \
	} while (0)

static int slots_fd(void)
{
	return bpf_map__fd(rig.xdp.skel->maps.weft_handshakes);
}

static struct weft_flow_key key_of(uint16_t port, unsigned int *ret_src)
{
	struct weft_flow_key key;

	*ret_src = decode_expected_key(A, port, B, 80, &key);
	return key;
}

static bool syn(uint16_t port)
{
	return xdp_rig_segment(&rig, A, port, B, 80, SYN, 0);
}

static bool ack(uint16_t port)
{
	return xdp_rig_segment(&rig, A, port, B, 80, ACK, 0);
}

/* Return the number of the source's segments in the entry of the flow map. */
static uint64_t packets_of(uint16_t port)
{
	struct weft_flow_value value;
	unsigned int src;
	struct weft_flow_key key = key_of(port, &src);

	assert_true(xdp_rig_flow(&rig, &key, &value));
	return value.packets[src];
}

/* Return the index of the slot of the flow's handshake; SLOTS if it has none. */
static uint32_t slot_of(uint16_t port, struct weft_handshake *ret_slot)
{
	unsigned int src;
	struct weft_flow_key key = key_of(port, &src);
	uint32_t at;

	for (at = 0; at < SLOTS; at++) {
		assert_int_equal(bpf_map_lookup_elem(slots_fd(), &at, ret_slot), 0);
		assert_int_equal(ret_slot->lock, 0);
		if (ret_slot->tag && !memcmp(&ret_slot->key, &key, sizeof(key)))
			break;
	}
	return at;
}

static void empty_slots(void)
{
	const struct weft_handshake none = {0};

	for (uint32_t at = 0; at < SLOTS; at++)
		assert_int_equal(bpf_map_update_elem(slots_fd(), &at, &none, 0), 0);
}

/* Find ports of flows that use the same two slots. */
static void find_mates(uint16_t ports[MATES])
{
	struct weft_handshake slot;
	unsigned int found = 0;
	uint32_t pair = SLOTS;

	for (uint16_t port = PORT; found < MATES; port++) {
		uint32_t at;

		empty_slots();
		assert_true(syn(port));
		at = slot_of(port, &slot);
		assert_in_range(at, 0, SLOTS - 1);
		if (pair == SLOTS)
			pair = at / 2;
		if (at / 2 == pair)
			ports[found++] = port;
	}
	empty_slots();
}

/* ---- slots ---- */

TEST_WITH(handshakes_with_the_same_two_slots_keep_their_counts, NULL, teardown)
{
	uint16_t ports[MATES];

	OPEN_OR_SKIP();
	find_mates(ports);
	for (int i = 0; i < 2; i++)
		for (int mate = 0; mate < 2; mate++)
			assert_true(syn(ports[mate]));
	for (int mate = 0; mate < 2; mate++) {
		assert_true(ack(ports[mate]));
		assert_int_equal(packets_of(ports[mate]), 3);
	}
}

TEST_WITH(handshakes_replace_the_one_that_has_been_idle_longer, NULL, teardown)
{
	struct weft_handshake slot;
	uint16_t ports[MATES];
	uint32_t at;

	OPEN_OR_SKIP();
	find_mates(ports);
	assert_true(syn(ports[0]));
	assert_true(syn(ports[1]));
	at = slot_of(ports[1], &slot);
	slot.value.last_ns = 1;
	assert_int_equal(bpf_map_update_elem(slots_fd(), &at, &slot, 0), 0);
	assert_true(syn(ports[2]));
	assert_int_equal(slot_of(ports[1], &slot), SLOTS);
	assert_int_equal(slot_of(ports[2], &slot), at);
	for (int mate = 0; mate < MATES; mate++) {
		assert_true(ack(ports[mate]));
		assert_int_equal(packets_of(ports[mate]), mate == 1 ? 1 : 2);
	}
}

TEST_WITH(handshakes_leave_their_slot_with_the_first_ack, NULL, teardown)
{
	struct weft_handshake slot;

	OPEN_OR_SKIP();
	assert_true(syn(PORT));
	assert_in_range(slot_of(PORT, &slot), 0, SLOTS - 1);
	assert_int_equal(slot.value.packets[0] + slot.value.packets[1], 1);
	assert_true(ack(PORT));
	assert_int_equal(slot_of(PORT, &slot), SLOTS);
	assert_true(ack(PORT));
	assert_int_equal(packets_of(PORT), 3);
}

/* A SYN with the ports of a connection in the flow map is counted there. */
TEST_WITH(handshakes_of_a_known_flow_take_no_slot, NULL, teardown)
{
	struct weft_handshake slot;

	OPEN_OR_SKIP();
	assert_true(ack(PORT));
	assert_true(syn(PORT));
	assert_int_equal(slot_of(PORT, &slot), SLOTS);
	assert_int_equal(packets_of(PORT), 2);
}

/* ---- verdicts ---- */

TEST_WITH(handshakes_pass_their_verdict_to_the_flow, NULL, teardown)
{
	struct weft_verdict_request request;
	struct weft_flow_value value;
	unsigned int src;

	OPEN_OR_SKIP();
	request.key = key_of(PORT, &src);
	request.verdict[0] = request.verdict[1] = WEFT_VERDICT_PASS;
	assert_int_equal(wf_kernel_maps_set_verdict(&rig.xdp.maps, &request), -ENOENT);
	assert_true(syn(PORT));
	assert_int_equal(wf_kernel_maps_set_verdict(&rig.xdp.maps, &request), 0);
	assert_int_equal(request.verdict[src], WEFT_VERDICT_STEER);
	assert_int_equal(request.kept_packets[src], 0);
	assert_false(syn(PORT));
	request.verdict[0] = request.verdict[1] = WEFT_VERDICT_KEEP;
	assert_int_equal(wf_kernel_maps_set_verdict(&rig.xdp.maps, &request), 0);
	assert_int_equal(request.verdict[src], WEFT_VERDICT_PASS);
	assert_int_equal(request.kept_packets[src], 1);
	assert_false(ack(PORT));
	assert_true(xdp_rig_flow(&rig, &request.key, &value));
	assert_int_equal(value.verdict[src], WEFT_VERDICT_PASS);
	assert_int_equal(value.packets[src], 3);
	assert_int_equal(value.kept_packets[src], 2);
}

/* ---- several CPUs ---- */

enum { REPEATS = 5000 };

struct sender {
	pthread_t thread;
	struct packet_builder frame;
};

static void *send_frames(void *arg)
{
	const struct sender *sender = arg;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = sender->frame.bytes,
		    .data_size_in = (uint32_t)sender->frame.len_bytes, .repeat = REPEATS);

	assert_int_equal(
		bpf_prog_test_run_opts(bpf_program__fd(rig.xdp.skel->progs.weft_steer), &opts), 0);
	return NULL;
}

/* Return the length of the data in each SYN of sender @i, which tells flows apart. */
static uint32_t data_bytes(unsigned int i)
{
	return 7 * i;
}

/* Send REPEATS SYNs of each of @count flows, all flows at the same time. */
static void send_at_once(struct sender *senders, const uint16_t *ports, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		const struct pb_tcp tcp = {.src_port = ports[i], .dst_port = 80, .flags = SYN};

		pb_segment(&senders[i].frame, A, B, &tcp, NULL, data_bytes(i));
		assert_int_equal(pthread_create(&senders[i].thread, NULL, send_frames, &senders[i]),
				 0);
	}
	for (unsigned int i = 0; i < count; i++)
		pthread_join(senders[i].thread, NULL);
	/* The rig compares the counters before and after each segment that it sends. */
	assert_int_equal(wf_maps_sum_percpu(bpf_map__fd(rig.xdp.skel->maps.weft_counts),
					    sizeof(struct weft_cpu), (uint64_t *)&rig.counts,
					    sizeof(rig.counts) / 8),
			 0);
}

/*
 * The limit of attempts to lock a slot is reached only if the CPU that holds the lock is
 * interrupted for long, as a virtual one may be. A few segments may so be left out.
 */
TEST_WITH(handshakes_count_the_segments_of_several_cpus, NULL, teardown)
{
	static const uint16_t ports[] = {PORT, PORT};
	static struct sender senders[2];

	OPEN_OR_SKIP();
	assert_true(syn(PORT));
	send_at_once(senders, ports, 2);
	assert_true(ack(PORT));
	assert_in_range(packets_of(PORT), 2 * REPEATS + 2 - REPEATS / 100, 2 * REPEATS + 2);
}

/* Three flows replace each other in two slots; no segment of one flow may be counted for another.
 */
TEST_WITH(handshakes_that_replace_each_other_do_not_mix_counts, NULL, teardown)
{
	static struct sender senders[MATES];
	uint16_t ports[MATES];

	OPEN_OR_SKIP();
	find_mates(ports);
	for (int round = 0; round < 100; round++) {
		unsigned int found = 0;

		empty_slots();
		send_at_once(senders, ports, MATES);
		for (unsigned int mate = 0; mate < MATES; mate++) {
			const uint64_t syn_bytes = 40 + data_bytes(mate);
			struct weft_handshake slot;
			unsigned int src;

			key_of(ports[mate], &src);
			if (slot_of(ports[mate], &slot) == SLOTS)
				continue;
			found++;
			assert_in_range(slot.value.packets[src], 1, REPEATS);
			assert_int_equal(slot.value.bytes[src],
					 slot.value.packets[src] * syn_bytes);
			assert_int_equal(slot.value.packets[!src], 0);
		}
		assert_int_equal(found, 2);
	}
}
