// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_host_ring_kernel.c - wrap-around and wake-ups of the kernel's own ring buffers, of which a
 * program fills the first: root only.
 */
#include "unit/support/test.h"
#include "unit/support/read_ring.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "bpf/shared.h"

enum { STOCK_BYTES = 4096, LATE_MS = 20000 };

/* The record that the program copies into the ring. */
struct stock {
	uint64_t len; /* length of the record, including its head */
	struct weft_host_record record;
	uint8_t bytes[STOCK_BYTES];
};

static int ring_fd, overflow_fd, stock_fd, program_fd;
static struct stock stock;

/*
 * Loads a program that calls bpf_ringbuf_output(ring, &stock->record, stock->len, 0) and returns
 * its result. Return: descriptor of the program.
 */
static int load_program(void)
{
	const struct bpf_insn insns[] = {
		{BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -4, 0},
		{BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, stock_fd},
		{0, 0, 0, 0, 0},
		{BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_10, 0, 0},
		{BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -4},
		{BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem},
		{BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 9, 0},
		{BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_3, BPF_REG_0, 0, 0},
		{BPF_JMP | BPF_JGT | BPF_K, BPF_REG_3, 0, 7,
		 sizeof(struct weft_host_record) + STOCK_BYTES},
		{BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_2, BPF_REG_0, 0, 0},
		{BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, offsetof(struct stock, record)},
		{BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, ring_fd},
		{0, 0, 0, 0, 0},
		{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_4, 0, 0, 0},
		{BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ringbuf_output},
		{BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
		{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 1},
		{BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
	};

	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "fill", "Dual BSD/GPL", insns,
			     sizeof(insns) / sizeof(insns[0]), NULL);
}

/* Has the program write @len bytes of value @fill. Return: 0; or negative if the ring is full. */
static int output(uint32_t len, uint8_t fill)
{
	uint8_t packet[64] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet));
	uint32_t key = 0;

	stock.len = sizeof(stock.record) + len;
	stock.record = (struct weft_host_record){
		.time_ns = wf_clock_monotonic_ns(), .cap_bytes = len, .wire_bytes = len};
	memset(stock.bytes, fill, len);
	assert_int_equal(bpf_map_update_elem(stock_fd, &key, &stock, BPF_ANY), 0);
	assert_int_equal(bpf_prog_test_run_opts(program_fd, &run), 0);
	return (int)run.retval;
}

static int setup_kernel(void **state)
{
	if (geteuid())
		return 0;
	ring_fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, RING_BYTES, NULL);
	overflow_fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, RING_BYTES, NULL);
	stock_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "stock", sizeof(uint32_t),
				  sizeof(struct stock), 1, NULL);
	program_fd = load_program();
	assert_true(ring_fd >= 0 && overflow_fd >= 0 && stock_fd >= 0 && program_fd >= 0);
	assert_int_equal(open_ring(ring_fd, overflow_fd), 0);
	source = wf_host_ring_source(ring);
	return 0;
}

static int teardown_kernel(void **state)
{
	if (geteuid())
		return 0;
	source->ops->close(source);
	close(program_fd);
	close(stock_fd);
	close(ring_fd);
	close(overflow_fd);
	return 0;
}

static bool is_woken(void)
{
	struct pollfd pollfds[2] = {{.events = POLLIN}, {.events = POLLIN}};
	int fds[2];

	assert_int_equal(source->ops->fds(source, fds, 2), 2);
	pollfds[0].fd = fds[0];
	pollfds[1].fd = fds[1];
	return poll(pollfds, 2, 0) == 1;
}

static void assert_filled(const struct wf_frame *frame, uint32_t len, uint8_t fill)
{
	assert_int_equal(frame->cap_bytes, len);
	for (uint32_t i = 0; i < len; i++)
		assert_int_equal(frame->bytes[i], fill);
}

TEST_WITH(host_ring_of_the_kernel_wraps_around, setup_kernel, teardown_kernel)
{
	if (geteuid())
		skip();
	for (uint32_t i = 0; i < 200; i++) {
		uint32_t len = 1 + i * 37 % STOCK_BYTES;

		assert_int_equal(output(len, (uint8_t)i), 0);
		assert_int_equal(output(3, (uint8_t)~i), 0);
		assert_int_equal(take(), 2);
		assert_filled(&frames[0], len, (uint8_t)i);
		assert_filled(&frames[1], 3, (uint8_t)~i);
		source->ops->done(source);
	}
	assert_int_equal(counts().received_frames, 400);
	assert_int_equal(counts().invalid_frames, 0);
}

TEST_WITH(host_ring_of_the_kernel_keeps_lent_records_when_full, setup_kernel, teardown_kernel)
{
	if (geteuid())
		skip();
	for (uint8_t i = 0; i < 3; i++)
		assert_int_equal(output(4000, i), 0);
	assert_int_equal(take(), 3);
	assert_int_equal(output(4000, 3), 0);
	assert_true(output(4000, 4) < 0);
	for (uint8_t i = 0; i < 3; i++)
		assert_filled(&frames[i], 4000, i);
	source->ops->done(source);
	assert_int_equal(output(4000, 5), 0);
	assert_int_equal(take(), 2);
	assert_filled(&frames[0], 4000, 3);
	assert_filled(&frames[1], 4000, 5);
	assert_false(source->overran);
}

static _Atomic bool has_slept;

/* Waits as a worker does. *@arg: the time of waking. */
static void *wait_for_record(void *arg)
{
	struct pollfd pollfd = {.events = POLLIN};
	uint64_t *ret_ns = arg;
	int fds[2];

	source->ops->set_wake(source, true);
	if (!take() && source->ops->fds(source, fds, 2) == 2) {
		pollfd.fd = fds[0];
		has_slept = true;
		poll(&pollfd, 1, 2 * LATE_MS);
	}
	*ret_ns = wf_clock_monotonic_ns();
	return NULL;
}

TEST_WITH(host_ring_of_the_kernel_wakes_at_the_first_record, setup_kernel, teardown_kernel)
{
	if (geteuid())
		skip();
	source->ops->set_wake(source, true);
	assert_false(is_woken());
	assert_int_equal(output(10, 1), 0);
	assert_true(is_woken());
	assert_int_equal(take(), 1);
	source->ops->done(source);
	assert_false(is_woken());
}

/*
 * An edge-triggered epoll reports the wake-ups of the ring, not its state. Waits for a wake-up for
 * @timeout_ms.
 */
static int wakes_within(int epoll, int timeout_ms)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, timeout_ms);
}

TEST_WITH(host_ring_of_the_kernel_does_not_wake_a_busy_reader, setup_kernel, teardown_kernel)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	int epoll;

	if (geteuid())
		skip();
	epoll = epoll_create1(EPOLL_CLOEXEC);
	assert_int_equal(output(10, 1), 0);
	assert_int_equal(take(), 1);
	source->ops->done(source);
	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, ring_fd, &event), 0);
	(void)wakes_within(epoll, 20);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(output(10, 2), 0);
		assert_int_equal(wakes_within(epoll, 20), 0);
		assert_int_equal(take(), 1);
		source->ops->done(source);
	}
	source->ops->set_wake(source, true);
	assert_int_equal(output(10, 3), 0);
	assert_int_equal(wakes_within(epoll, LATE_MS), 1);
	close(epoll);
}

TEST_WITH(host_ring_of_the_kernel_ends_a_sleep, setup_kernel, teardown_kernel)
{
	uint64_t woken_ns = 0, sent_ns;
	pthread_t thread;

	if (geteuid())
		skip();
	has_slept = false;
	assert_int_equal(output(10, 1), 0);
	assert_int_equal(take(), 1);
	source->ops->done(source);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_record, &woken_ns), 0);
	while (!has_slept)
		usleep(1000);
	usleep(20000);
	sent_ns = wf_clock_monotonic_ns();
	assert_int_equal(output(10, 2), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_in_range(woken_ns, sent_ns, sent_ns + LATE_MS * WF_NS_PER_MS);
	assert_int_equal(take(), 1);
	assert_filled(&frames[0], 10, 2);
}
