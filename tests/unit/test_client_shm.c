// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_client_shm.c - a client does not trust the memory that an agent shares: wrong descriptors,
 * sizes, lengths, offsets and positions end in an error, never in an access outside the memory.
 */
#include "unit/support/test.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/client_shm.h"
#include "client/client_socket.h"
#include "serve/send_fds.h"

enum { SLOTS = 64, ARENA_BYTES = 1 << 16, RING_OFF = 4096, DATA_OFF = 40000, DATA_BYTES = 100 };

/* The agent's end. */
static int fds[WF_SHM_FDS];
static int sockets[2]; /* of the client, of the agent */
static uint8_t *arena;
static struct wf_shm_head *head;
static struct wf_shm_client *page;
static struct wf_client_shm shm;
static struct wf_client_frame frame;
static const char *why;

static int make_fd(size_t bytes, int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static int setup(void **state)
{
	fds[WF_SHM_ARENA] = make_fd(ARENA_BYTES, F_SEAL_SHRINK);
	fds[WF_SHM_POSITION] = make_fd(4096, F_SEAL_SHRINK);
	arena = mmap(NULL, ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fds[WF_SHM_ARENA], 0);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fds[WF_SHM_POSITION], 0);
	assert_true(arena != MAP_FAILED && page != MAP_FAILED);
	head = (struct wf_shm_head *)(arena + RING_OFF);
	head->version = WF_SHM_VERSION;
	head->slots = SLOTS;
	atomic_store(&head->wanted, WF_SHM_NOT_WANTED);
	page->ring_off = RING_OFF;
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets);
}

static int teardown(void **state)
{
	wf_client_shm_close(&shm);
	munmap(arena, ARENA_BYTES);
	munmap(page, 4096);
	for (int i = 0; i < WF_SHM_FDS; i++)
		close(fds[i]);
	close(sockets[0]);
	close(sockets[1]);
	return 0;
}

static void open_shm(void)
{
	assert_int_equal(wf_client_shm_open(&shm, sockets[0], fds), 0);
}

static uint8_t *slot_at(uint64_t pos)
{
	return (uint8_t *)head + WF_SHM_HEAD_BYTES + pos % SLOTS * WF_SHM_SLOT_BYTES;
}

/* Write the record of a DATA frame at @pos, and publish it. */
static struct wf_shm_record *put_data(uint64_t pos)
{
	struct wf_shm_record *record = (struct wf_shm_record *)slot_at(pos);
	struct wf_wire_frame *fields = (struct wf_wire_frame *)(record + 1);
	uint16_t bytes = sizeof(fields->header) + sizeof(fields->data);

	*record = (struct wf_shm_record){
		.slots = 1, .frame_bytes = bytes, .data_off = DATA_OFF, .data_bytes = DATA_BYTES};
	fields->header = (struct wf_wire_header){.len_be = htobe32(bytes + DATA_BYTES),
						 .type = WEFT_CLIENT_DATA,
						 .head_be = htobe16(bytes),
						 .flow_be = htobe64(7)};
	fields->data.off_be = htobe64(pos);
	atomic_store(&head->published, pos + 1);
	return record;
}

/* Write a LOSS frame, which has two slots, at @pos, and publish it. */
static void put_loss(uint64_t pos)
{
	struct wf_shm_record *record = (struct wf_shm_record *)slot_at(pos);
	struct wf_wire_frame *fields = (struct wf_wire_frame *)(record + 1);
	uint16_t bytes = sizeof(fields->header) + sizeof(fields->loss);

	*record = (struct wf_shm_record){.slots = 2, .frame_bytes = bytes};
	memset(fields, 0, bytes);
	fields->header = (struct wf_wire_header){
		.len_be = htobe32(bytes), .type = WEFT_CLIENT_LOSS, .head_be = htobe16(bytes)};
	atomic_store(&head->published, pos + 2);
}

static int read_one(void)
{
	return wf_client_shm_read(&shm, &frame, &why);
}

TEST_WITH(client_shm_reads_data_where_it_lies, setup, teardown)
{
	open_shm();
	memset(arena + DATA_OFF, 'x', DATA_BYTES);
	assert_int_equal(read_one(), 0);
	put_data(0);
	assert_int_equal(read_one(), 1);
	assert_int_equal(frame.type, WEFT_CLIENT_DATA);
	assert_int_equal(frame.payload_bytes, DATA_BYTES);
	assert_ptr_equal(frame.payload, shm.arena + DATA_OFF);
	assert_int_equal(frame.payload[DATA_BYTES - 1], 'x');
	assert_int_equal(atomic_load(&page->position), 0);
	assert_true(wf_client_shm_release(&shm));
	assert_int_equal(atomic_load(&page->position), 1);
}

TEST_WITH(client_shm_frame_without_data_is_passed_at_once, setup, teardown)
{
	open_shm();
	put_loss(0);
	assert_int_equal(read_one(), 1);
	assert_int_equal(frame.type, WEFT_CLIENT_LOSS);
	assert_int_equal(atomic_load(&page->position), 2);
	assert_int_equal(read_one(), 0);
}

TEST_WITH(client_shm_data_that_is_taken_back_is_noticed, setup, teardown)
{
	open_shm();
	put_data(0);
	assert_int_equal(read_one(), 1);
	atomic_store(&page->position, 1);
	put_loss(1);
	assert_false(wf_client_shm_release(&shm));
	assert_int_equal(read_one(), 1);
	assert_int_equal(frame.type, WEFT_CLIENT_LOSS);
	assert_true(wf_client_shm_release(&shm));
}

TEST_WITH(client_shm_position_that_the_agent_moved_is_followed, setup, teardown)
{
	open_shm();
	put_data(0);
	put_data(1);
	atomic_store(&page->position, 1);
	assert_int_equal(read_one(), 1);
	assert_int_equal(be64toh(frame.fields.data.off_be), 1);
}

TEST_WITH(client_shm_closed_ring_is_not_read, setup, teardown)
{
	open_shm();
	put_data(0);
	atomic_store(&page->position, WF_SHM_CLOSED);
	assert_int_equal(read_one(), 0);
	assert_true(wf_client_shm_sleep(&shm));
	/* Bytes that are written to the memory later are not read. */
	memset(arena, 0xff, ARENA_BYTES);
	assert_int_equal(read_one(), 0);
}

TEST_WITH(client_shm_padding_up_to_the_end_is_skipped, setup, teardown)
{
	atomic_store(&page->position, SLOTS - 3);
	open_shm();
	*(struct wf_shm_record *)slot_at(SLOTS - 3) = (struct wf_shm_record){.slots = 3};
	put_data(SLOTS);
	assert_int_equal(read_one(), 1);
	assert_int_equal(be64toh(frame.fields.data.off_be), SLOTS);
}

TEST_WITH(client_shm_says_once_that_it_has_reached_what_the_agent_wants, setup, teardown)
{
	open_shm();
	assert_false(wf_client_shm_is_wanted(&shm));
	put_loss(0);
	atomic_store(&head->wanted, 2);
	assert_false(wf_client_shm_is_wanted(&shm));
	assert_int_equal(read_one(), 1);
	assert_true(wf_client_shm_is_wanted(&shm));
	assert_false(wf_client_shm_is_wanted(&shm));
}

TEST_WITH(client_shm_sleeps_only_if_nothing_waits, setup, teardown)
{
	open_shm();
	assert_true(wf_client_shm_sleep(&shm));
	assert_int_equal(atomic_load(&page->is_asleep), 1);
	put_data(0);
	assert_false(wf_client_shm_sleep(&shm));
}

/* ---- files ---- */

enum { FILE_BYTES = 10000 };

/* Send a file to the client, each byte of which is @fill. */
static void send_file(uint8_t fill)
{
	uint8_t bytes[FILE_BYTES];
	int file = make_fd(0, 0);

	memset(bytes, fill, sizeof(bytes));
	assert_int_equal(write(file, bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(wf_send_fds(sockets[1], "", 1, &file, 1), 0);
	close(file);
}

static void put_in_file(uint64_t pos, uint32_t file, uint64_t off)
{
	struct wf_shm_record *record = put_data(pos);

	record->file = file;
	record->data_off = off;
}

TEST_WITH(client_shm_reads_data_in_the_files_that_arrive, setup, teardown)
{
	open_shm();
	send_file('a');
	assert_int_equal(send(sockets[1], "", 1, 0), 1);
	send_file('b');
	put_in_file(0, 2, FILE_BYTES - DATA_BYTES);
	put_in_file(1, 1, 0);
	assert_int_equal(read_one(), 1);
	assert_int_equal(frame.payload_bytes, DATA_BYTES);
	assert_int_equal(frame.payload[DATA_BYTES - 1], 'b');
	assert_int_equal(read_one(), 1);
	assert_int_equal(frame.payload[0], 'a');
	assert_int_equal(shm.files.count, 2);
}

/* A client that sleeps receives the file with the byte that wakes it. */
TEST_WITH(client_shm_byte_that_wakes_may_bring_a_file, setup, teardown)
{
	open_shm();
	send_file('a');
	assert_int_equal(wf_client_shm_receive(&shm, wf_client_deadline_ns(1000)), 1);
	assert_int_equal(shm.files.count, 1);
	close(sockets[1]);
	sockets[1] = -1;
	assert_int_equal(wf_client_shm_receive(&shm, wf_client_deadline_ns(1000)), 0);
}

/* The agent takes back data in the arena only, so copies of other records may be passed at once. */
TEST_WITH(client_shm_records_without_lent_data_are_passed_together, setup, teardown)
{
	open_shm();
	send_file('a');
	put_in_file(0, 1, 0);
	put_loss(1);
	put_in_file(3, 1, 0);
	put_data(4);
	shm.batch_max = WF_CLIENT_BATCH_SLOTS;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(read_one(), 1);
		assert_int_equal(atomic_load(&page->position), 4);
		assert_true(wf_client_shm_release(&shm));
	}
	assert_int_equal(read_one(), 1);
	assert_ptr_equal(frame.payload, shm.arena + DATA_OFF);
	assert_int_equal(atomic_load(&page->position), 4);
	assert_true(wf_client_shm_release(&shm));
	assert_int_equal(atomic_load(&page->position), 5);
}

/*
 * An agent ends a client that does not move its position for some time, so one that takes long for
 * each event must not pass many at once.
 */
TEST_WITH(client_shm_slow_client_passes_records_one_by_one, setup, teardown)
{
	const uint64_t second_ns = 1000000000;

	open_shm();
	send_file('a');
	for (uint64_t pos = 0; pos < SLOTS; pos++)
		put_in_file(pos, 1, pos);
	for (uint64_t pos = 0; pos < 10; pos++) {
		assert_int_equal(read_one(), 1);
		assert_int_equal(atomic_load(&page->position), pos + 1);
		shm.batch_ns -= second_ns;
	}
	/* A client that becomes fast passes more and more. */
	for (uint64_t pos = 10; pos < 20; pos++) {
		shm.batch_ns = wf_client_deadline_ns(0);
		assert_int_equal(read_one(), 1);
	}
	assert_true(atomic_load(&page->position) > 20);
}

TEST_WITH(client_shm_passes_a_full_ring_in_order, setup, teardown)
{
	open_shm();
	send_file('a');
	for (uint64_t pos = 0; pos < SLOTS; pos++)
		put_in_file(pos, 1, pos);
	for (uint64_t pos = 0; pos < SLOTS; pos++) {
		assert_int_equal(read_one(), 1);
		assert_int_equal(be64toh(frame.fields.data.off_be), pos);
		assert_ptr_equal(frame.payload, shm.files.list[0].base + pos);
	}
	assert_int_equal(read_one(), 0);
}

/* ---- what is not trusted ---- */

static void assert_not_opened(void)
{
	assert_int_equal(wf_client_shm_open(&shm, sockets[0], fds), -EPROTO);
}

TEST_WITH(client_shm_descriptors_that_are_wrong_are_rejected, setup, teardown)
{
	int arena_fd = fds[WF_SHM_ARENA];

	fds[WF_SHM_ARENA] = -1;
	assert_not_opened();
	fds[WF_SHM_ARENA] = open("/dev/null", O_RDONLY);
	assert_not_opened();
	close(fds[WF_SHM_ARENA]);
	/* A file without F_SEAL_SHRINK could shrink. */
	fds[WF_SHM_ARENA] = make_fd(ARENA_BYTES, F_SEAL_GROW);
	assert_not_opened();
	close(fds[WF_SHM_ARENA]);
	fds[WF_SHM_ARENA] = arena_fd;
	open_shm();
}

TEST_WITH(client_shm_ring_that_is_not_in_the_arena_is_rejected, setup, teardown)
{
	static const uint64_t offs[] = {ARENA_BYTES, ARENA_BYTES - 64, UINT64_MAX - 63, 1,
					ARENA_BYTES - WF_SHM_HEAD_BYTES};
	static const uint32_t sizes[] = {0, 1, 3, SLOTS + 1, 1024, 1 << 31, UINT32_MAX};

	((struct wf_shm_head *)(arena + ARENA_BYTES - WF_SHM_HEAD_BYTES))->version = WF_SHM_VERSION;
	for (size_t i = 0; i < sizeof(offs) / sizeof(offs[0]); i++) {
		page->ring_off = offs[i];
		assert_not_opened();
	}
	page->ring_off = RING_OFF;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		head->slots = sizes[i];
		assert_not_opened();
	}
	head->slots = SLOTS;
	open_shm();
}

TEST_WITH(client_shm_other_version_is_distinguished, setup, teardown)
{
	head->version--;
	head->slots = 0;
	assert_int_equal(wf_client_shm_open(&shm, sockets[0], fds), -EPROTONOSUPPORT);
}

static void assert_refused(void)
{
	why = NULL;
	assert_int_equal(read_one(), -EPROTO);
	assert_non_null(why);
	shm.held = shm.batch_at = shm.batch_end = 0;
	shm.position = 0;
	atomic_store(&page->position, 0);
}

TEST_WITH(client_shm_lengths_that_are_wrong_are_rejected, setup, teardown)
{
	static const uint32_t lengths[] = {0, 2, 9, SLOTS, UINT32_MAX};

	open_shm();
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		put_data(0)->slots = lengths[i];
		assert_refused();
	}
	put_data(0)->frame_bytes = 1000;
	assert_refused();
	put_data(0)->frame_bytes = UINT32_MAX;
	assert_refused();
	put_data(0);
	atomic_store(&head->published, SLOTS + 1);
	assert_refused();
	atomic_store(&head->published, UINT64_MAX);
	assert_refused();
}

TEST_WITH(client_shm_data_outside_its_file_is_rejected, setup, teardown)
{
	open_shm();
	send_file('a');
	put_in_file(0, 2, 0);
	assert_refused();
	put_in_file(0, UINT32_MAX, 0);
	assert_refused();
	put_in_file(0, 1, FILE_BYTES - DATA_BYTES + 1);
	assert_refused();
	put_in_file(0, 1, UINT64_MAX);
	assert_refused();
	put_in_file(0, 1, 0);
	((struct wf_shm_record *)slot_at(0))->data_bytes--;
	assert_refused();
}

TEST_WITH(client_shm_data_outside_the_arena_is_rejected, setup, teardown)
{
	open_shm();
	put_data(0)->data_off = ARENA_BYTES - DATA_BYTES + 1;
	assert_refused();
	put_data(0)->data_off = UINT64_MAX;
	assert_refused();
	put_data(0)->data_bytes = UINT32_MAX;
	assert_refused();
	put_data(0)->data_bytes = DATA_BYTES - 1;
	assert_refused();
	put_data(0)->data_bytes = 0;
	assert_refused();
	/* The fields of a CLOSE frame would extend beyond the record. */
	((struct wf_wire_header *)(put_data(0) + 1))->type = WEFT_CLIENT_CLOSE;
	assert_refused();
}

/*
 * Reads every payload byte of every frame: whatever the ring contains, payload lies in readable
 * memory.
 */
static void read_all(uint64_t published)
{
	unsigned int sum = 0;

	atomic_store(&head->published, published);
	while (read_one() == 1) {
		struct weft_flow_record record;
		struct weft_event event;

		if (!wf_client_frame_event(&frame, &event, &record))
			continue;
		for (uint32_t i = 0; i < frame.payload_bytes; i++)
			sum += frame.payload[i];
		wf_client_shm_release(&shm);
	}
	assert_true(sum != 1);
}

TEST_WITH(client_shm_random_bytes_do_not_crash_it, setup, teardown)
{
	enum { ROUNDS = 20000 };

	srandom(1);
	open_shm();
	send_file('a');
	for (int round = 0; round < ROUNDS; round++) {
		for (uint32_t pos = 0; pos < SLOTS; pos++)
			put_data(pos)->file = round % 2;
		/* A few random bytes in valid records, or so many that most bytes are random. */
		for (int i = round % 8 ? round % 8 : SLOTS * WF_SHM_SLOT_BYTES; i; i--)
			slot_at(0)[random() % (SLOTS * WF_SHM_SLOT_BYTES)] = (uint8_t)random();
		shm.position = round % 16 ? 0 : (uint64_t)random();
		shm.held = shm.batch_at = shm.batch_end = 0;
		atomic_store(&page->position, round % 5 ? shm.position : (uint64_t)random());
		read_all(round % 3 ? shm.position + SLOTS : (uint64_t)random() % (2 * SLOTS));
	}
}
