// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_host_ring.c - records of a ring buffer become lent frames.
 *
 * The corner cases use a ring in a file, which the test writes as the kernel would. Wrap-around and
 * wake-ups are tested with the kernel's own ring buffer, which a program fills: root only.
 */
#include "unit/support/test.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "bpf/shared.h"
#include "capture/ring/host_ring.h"
#include "capture/source.h"

enum { RING_BYTES = 16384, MAX_FRAMES = 64, HEADER_BYTES = 8 };

static struct wf_host_ring *ring;
static struct wf_source *source;
static struct wf_frame frames[MAX_FRAMES];

static int take(void)
{
	return source->ops->recv(source, frames, MAX_FRAMES);
}

static struct wf_host_ring_counts counts(void)
{
	struct wf_host_ring_counts now;

	wf_host_ring_counts(ring, &now);
	return now;
}

/* ---- a ring that the test writes ---- */

static int file;
static uint8_t *mapped; /* consumer page, producer page, data, data again */
static long page_bytes;
static uint64_t produced;

static _Atomic unsigned long *position(bool of_producer)
{
	return (_Atomic unsigned long *)(mapped + (of_producer ? page_bytes : 0));
}

static void put_bytes(uint64_t pos, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t at = (pos + i) % RING_BYTES;

		mapped[2 * page_bytes + at] = ((const uint8_t *)bytes)[i];
		mapped[2 * page_bytes + RING_BYTES + at] = ((const uint8_t *)bytes)[i];
	}
}

static void publish(void)
{
	atomic_store(position(true), produced);
}

/* Appends a record with these header bits. Return: its position. */
static uint64_t put_record(uint32_t bits, const struct weft_host_record *record, const void *bytes,
			   uint32_t len)
{
	const uint32_t header[2] = {(uint32_t)(sizeof(*record) + len) | bits, 0};
	uint64_t pos = produced;

	put_bytes(pos + HEADER_BYTES, record, sizeof(*record));
	put_bytes(pos + HEADER_BYTES + sizeof(*record), bytes, len);
	put_bytes(pos, header, sizeof(header));
	produced += (HEADER_BYTES + sizeof(*record) + len + 7) / 8 * 8;
	publish();
	return pos;
}

static uint64_t put_text(uint32_t bits, const char *text)
{
	uint32_t len = (uint32_t)strlen(text);
	const struct weft_host_record record = {
		.time_ns = wf_clock_monotonic_ns(), .cap_bytes = len, .wire_bytes = len};

	return put_record(bits, &record, text, len);
}

static void assert_text(const struct wf_frame *frame, const char *text)
{
	assert_int_equal(frame->cap_bytes, strlen(text));
	assert_memory_equal(frame->bytes, text, frame->cap_bytes);
	assert_true(frame->flags & WF_FRAME_LENT);
	assert_null(frame->page);
}

static int setup(void **state)
{
	size_t bytes;

	page_bytes = sysconf(_SC_PAGESIZE);
	bytes = 2 * (size_t)page_bytes + 2 * RING_BYTES;
	file = memfd_create("ring", MFD_CLOEXEC);
	assert_true(file >= 0);
	assert_int_equal(ftruncate(file, (off_t)bytes), 0);
	mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	assert_ptr_not_equal(mapped, MAP_FAILED);
	produced = 0;
	assert_int_equal(wf_host_ring_open(file, RING_BYTES, 0, &ring), 0);
	source = wf_host_ring_source(ring);
	return 0;
}

static int teardown(void **state)
{
	source->ops->close(source);
	munmap(mapped, 2 * (size_t)page_bytes + 2 * RING_BYTES);
	close(file);
	return 0;
}

TEST_WITH(host_ring_record_becomes_a_lent_frame, setup, teardown)
{
	const struct weft_host_record record = {
		.time_ns = wf_clock_monotonic_ns(),
		.hash = 0x12345678,
		.cap_bytes = 5,
		.wire_bytes = 70000,
		.flags = WEFT_HOST_EGRESS | WEFT_HOST_HASHED | WEFT_HOST_GSO,
		.link = WEFT_LINK_RAW,
		.vlan = {7, 9},
	};
	uint64_t before_ns = wf_clock_realtime_ns();

	assert_int_equal(take(), 0);
	put_record(0, &record, "hello", 5);
	assert_int_equal(take(), 1);
	assert_text(&frames[0], "hello");
	assert_int_equal(frames[0].wire_bytes, 70000);
	assert_int_equal(frames[0].hash, 0x12345678);
	assert_int_equal(frames[0].link, WEFT_LINK_RAW);
	assert_int_equal(frames[0].vlan[0], 7);
	assert_int_equal(frames[0].vlan[1], 9);
	assert_int_equal(frames[0].flags,
			 WF_FRAME_LENT | WF_FRAME_HASHED | WF_FRAME_TX_OFFLOAD | WF_FRAME_GSO);
	assert_in_range(frames[0].time_ns, before_ns - WF_NS_PER_SEC, wf_clock_realtime_ns());
	source->ops->done(source);
	assert_int_equal(take(), 0);
	assert_int_equal(counts().received_frames, 1);
}

TEST_WITH(host_ring_lent_records_stay_until_done, setup, teardown)
{
	put_text(0, "one");
	put_text(0, "two");
	assert_int_equal(take(), 2);
	assert_int_equal(atomic_load(position(false)), 0);
	source->ops->done(source);
	/* The last record stays in the ring, so that the next commit causes no wake-up. */
	assert_int_equal(atomic_load(position(false)), produced / 2);
	source->ops->set_wake(source, true);
	assert_int_equal(atomic_load(position(false)), produced);
	put_text(0, "six");
	assert_int_equal(take(), 1);
	source->ops->done(source);
	assert_int_equal(atomic_load(position(false)), produced);
}

TEST_WITH(host_ring_busy_record_holds_back_the_later_ones, setup, teardown)
{
	uint32_t ready = (uint32_t)sizeof(struct weft_host_record) + 4;
	uint64_t busy;

	put_text(0, "first");
	busy = put_text(BPF_RINGBUF_BUSY_BIT, "busy");
	put_text(0, "last");
	assert_int_equal(take(), 1);
	source->ops->done(source);
	assert_int_equal(take(), 0);
	put_bytes(busy, &ready, sizeof(ready));
	assert_int_equal(take(), 2);
	assert_text(&frames[0], "busy");
	assert_text(&frames[1], "last");
}

TEST_WITH(host_ring_discarded_record_is_skipped, setup, teardown)
{
	put_text(BPF_RINGBUF_DISCARD_BIT, "gone");
	put_text(0, "kept");
	put_text(BPF_RINGBUF_DISCARD_BIT, "gone");
	assert_int_equal(take(), 1);
	assert_text(&frames[0], "kept");
	source->ops->done(source);
	source->ops->set_wake(source, true);
	assert_int_equal(atomic_load(position(false)), produced);
	assert_int_equal(counts().invalid_frames, 0);
}

TEST_WITH(host_ring_batch_is_limited, setup, teardown)
{
	for (int i = 0; i < MAX_FRAMES + 3; i++)
		put_text(0, "x");
	assert_int_equal(take(), MAX_FRAMES);
	source->ops->done(source);
	assert_int_equal(take(), 3);
}

TEST_WITH(host_ring_record_whose_sizes_lie_is_dropped, setup, teardown)
{
	const struct weft_host_record lies[] = {
		{.cap_bytes = 9, .wire_bytes = 9},
		{.cap_bytes = UINT32_MAX, .wire_bytes = UINT32_MAX},
		{.cap_bytes = 8, .wire_bytes = 7},
		{.cap_bytes = 0, .wire_bytes = 8},
		{.cap_bytes = 8, .wire_bytes = 8, .link = WEFT_LINK_COUNT},
	};
	uint32_t too_short = sizeof(struct weft_host_record) - 1;

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		put_record(0, &lies[i], "12345678", 8);
	put_bytes(put_text(0, ""), &too_short, sizeof(too_short));
	put_text(0, "true");
	assert_int_equal(take(), 1);
	assert_text(&frames[0], "true");
	assert_int_equal(counts().invalid_frames, 6);
	assert_int_equal(counts().received_frames, 1);
}

TEST_WITH(host_ring_record_beyond_the_producer_ends_the_batch, setup, teardown)
{
	uint32_t huge = 0x3ffffff8;

	put_text(0, "good");
	put_bytes(put_text(0, "bad"), &huge, sizeof(huge));
	put_text(0, "lost");
	assert_int_equal(take(), 1);
	assert_int_equal(counts().invalid_frames, 1);
	source->ops->done(source);
	assert_int_equal(take(), 0);
	put_text(0, "next");
	assert_int_equal(take(), 1);
	assert_text(&frames[0], "next");
}

TEST_WITH(host_ring_file_descriptor_is_polled_only_to_be_woken, setup, teardown)
{
	int fd;

	put_text(0, "one");
	assert_int_equal(take(), 1);
	source->ops->done(source);
	assert_int_equal(source->ops->fds(source, &fd, 1), 0);
	source->ops->set_wake(source, true);
	assert_int_equal(source->ops->fds(source, &fd, 0), 0);
	assert_int_equal(source->ops->fds(source, &fd, 1), 1);
}

TEST_WITH(host_ring_almost_full_is_an_overrun, setup, teardown)
{
	static const char text[1000];
	const struct weft_host_record record = {.cap_bytes = 1000, .wire_bytes = 1000};
	int fd;

	while (produced < RING_BYTES * 3 / 4)
		put_record(0, &record, text, sizeof(text));
	assert_int_equal(wf_host_ring_fill_percent(ring), produced * 100 / RING_BYTES);
	assert_true(take() > 0);
	assert_false(source->overran);
	/* The ring is too full for waiting until more frames have collected. */
	assert_int_equal(source->ops->fds(source, &fd, 1), 1);
	while (produced < RING_BYTES * 15 / 16)
		put_record(0, &record, text, sizeof(text));
	assert_true(take() > 0);
	assert_true(source->overran);
	source->ops->done(source);
	put_text(0, "one");
	assert_int_equal(take(), 1);
	assert_int_equal(source->ops->fds(source, &fd, 1), 0);
}

TEST(host_ring_that_cannot_be_mapped_is_an_error)
{
	assert_int_equal(wf_host_ring_open(-1, RING_BYTES, 0, &ring), -EBADF);
}

/* ---- the kernel's ring ---- */

enum { STOCK_BYTES = 4096 };

/* The record that the program copies into the ring. */
struct stock {
	uint64_t len; /* length of the record, including its head */
	struct weft_host_record record;
	uint8_t bytes[STOCK_BYTES];
};

static int ring_fd, stock_fd, program_fd;
static struct stock stock;

/* bpf_ringbuf_output(ring, &stock->record, stock->len, 0) */
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
	stock_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "stock", sizeof(uint32_t),
				  sizeof(struct stock), 1, NULL);
	program_fd = load_program();
	assert_true(ring_fd >= 0 && stock_fd >= 0 && program_fd >= 0);
	assert_int_equal(wf_host_ring_open(ring_fd, RING_BYTES, 0, &ring), 0);
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
	return 0;
}

static bool is_woken(void)
{
	struct pollfd pollfd = {.events = POLLIN};

	assert_int_equal(source->ops->fds(source, &pollfd.fd, 1), 1);
	return poll(&pollfd, 1, 0) == 1;
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

/* Waits as a worker does, and writes the time of waking. */
static void *wait_for_record(void *arg)
{
	struct pollfd pollfd = {.events = POLLIN};
	uint64_t *ret_ns = arg;

	source->ops->set_wake(source, true);
	if (!take() && source->ops->fds(source, &pollfd.fd, 1) == 1) {
		has_slept = true;
		poll(&pollfd, 1, 2000);
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

/* An edge-triggered epoll reports the wake-ups of the ring, not its state. */
static int wakes_since(int epoll)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, 20);
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
	(void)wakes_since(epoll);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(output(10, 2), 0);
		assert_int_equal(wakes_since(epoll), 0);
		assert_int_equal(take(), 1);
		source->ops->done(source);
	}
	source->ops->set_wake(source, true);
	assert_int_equal(output(10, 3), 0);
	assert_int_equal(wakes_since(epoll), 1);
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
	assert_in_range(woken_ns, sent_ns, sent_ns + WF_NS_PER_SEC);
	assert_int_equal(take(), 1);
	assert_filled(&frames[0], 10, 2);
}
