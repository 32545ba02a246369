// SPDX-License-Identifier: BSD-2-Clause
/*
 * shm_sender.c - frames in a shared ring, with their data in the arena or in a capture file.
 *
 *   queue → events (lent) → frames in the ring; data is kept ─ position of the client ─► given back
 *                                                           └─ taken back ─► LOSS frames
 *
 * The agent finds the data that it keeps by the records of the ring, which it can trust because the
 * client can't write to the ring. The kept pages are in an array beside the ring, indexed by the
 * first slot of their record.
 *
 * Bound: data that is kept counts as lent by its queue, which lends at most half of its limit, or a
 * single event that is larger.
 */
#include "serve/shm_sender.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve/frame_write.h"
#include "serve/send_fds.h"
#include "serve/shm_copies.h"
#include "serve/shm_files.h"
#include "serve/shm_ring.h"

/*
 * A client that keeps moving its position while the agent takes records back is disconnected after
 * this number of moves.
 */
enum { MOVES_MAX = 1024 };

struct wf_shm_sender {
	struct weft_sub *sub; /* borrowed */
	int fd;		      /* borrowed */
	/* number of wake-up bytes that the client may still send */
	uint32_t bytes_due;
	uint32_t kept_count; /* records with data that the client has not read */
	uint64_t read_slots; /* number of slots that the client has read */
	struct weft_memory memory;
	struct wf_shm_ring ring;
	struct wf_shm_copies copies;
	struct wf_shm_files files;
	/*
	 * while records are taken back: position of the last record that was written again if it is
	 * a LOSS frame; otherwise UINT64_MAX
	 */
	uint64_t loss_pos;
	/*
	 * kept data, indexed by the first slot of its record; page NULL: the record has no data, or
	 * a copy
	 */
	struct weft_kept kept[WF_SHM_SLOTS];
};

/* Return the offset of @bytes in the arena. */
static uint64_t arena_off_of(const struct wf_shm_sender *sender, const uint8_t *bytes)
{
	return (uint64_t)(bytes - (const uint8_t *)sender->memory.base);
}

int wf_shm_sender_new(struct weft *weft, struct weft_sub *sub, int fd, uint64_t copies_bytes,
		      struct wf_shm_sender **ret_sender)
{
	struct wf_shm_sender *sender = calloc(1, sizeof(*sender));
	uint8_t *memory = weft_sub_memory(sub);
	int err;

	if (!sender)
		return -ENOMEM;
	sender->sub = sub;
	sender->fd = fd;
	sender->loss_pos = UINT64_MAX;
	err = weft_share_memory(weft, &sender->memory);
	if (err)
		goto free_sender;
	err = wf_shm_ring_init(&sender->ring, memory, arena_off_of(sender, memory));
	if (err)
		goto close_memory;
	wf_shm_copies_init(&sender->copies, memory + wf_shm_ring_bytes(), copies_bytes);
	*ret_sender = sender;
	return 0;

close_memory:
	close(sender->memory.fd);
free_sender:
	free(sender);
	return err;
}

/* ---- giving back ---- */

/* Return true if the record has data in the arena, which is kept for the client. */
static bool has_kept(const struct wf_shm_record *record)
{
	return record->data_bytes && !record->file;
}

/* Give back the page, or free the copy, with the data of the record at @pos, the oldest one. */
static void give_back(struct wf_shm_sender *sender, uint64_t pos, bool is_unread)
{
	const struct wf_shm_record *record = wf_shm_ring_at(&sender->ring, pos);
	struct weft_kept *kept = &sender->kept[pos % WF_SHM_SLOTS];

	if (!has_kept(record))
		return;
	sender->kept_count--;
	if (kept->page)
		weft_sub_give_back(sender->sub, kept, is_unread);
	else
		wf_shm_copies_free(&sender->copies,
				   (const uint8_t *)sender->memory.base + record->data_off,
				   record->data_bytes);
	kept->page = NULL;
}

/* Give back the data of the records before @end. Return: 0; -EPROTO if no record ends at @end. */
static int release(struct wf_shm_sender *sender, uint64_t end)
{
	struct wf_shm_ring *ring = &sender->ring;

	while (ring->released < end) {
		uint64_t next = ring->released + wf_shm_ring_at(ring, ring->released)->slots;

		if (next > end)
			return -EPROTO;
		give_back(sender, ring->released, false);
		sender->read_slots += next - ring->released;
		ring->released = next;
	}
	return 0;
}

int wf_shm_sender_follow(struct wf_shm_sender *sender)
{
	uint64_t pos;
	int err = wf_shm_ring_position(&sender->ring, &pos);

	return err ? err : release(sender, pos);
}

static int receive_bytes(struct wf_shm_sender *sender)
{
	char bytes[16];
	ssize_t got = recv(sender->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!got)
		return -ECONNRESET;
	if ((uint32_t)got > sender->bytes_due)
		return -EPROTO;
	sender->bytes_due -= (uint32_t)got;
	return 0;
}

int wf_shm_sender_reclaim(struct wf_shm_sender *sender)
{
	int err = receive_bytes(sender);

	return err ? err : wf_shm_sender_follow(sender);
}

/* ---- taking back ---- */

/*
 * Add @loss to the last record if that is a LOSS frame of the same flow and direction, and its
 * range ends where that of @loss begins. Return: true if @loss was added.
 */
static bool extend_loss(struct wf_shm_sender *sender, const struct wf_wire_frame *loss)
{
	struct wf_wire_frame *last;

	if (sender->loss_pos == UINT64_MAX)
		return false;
	last = (struct wf_wire_frame *)(wf_shm_ring_at(&sender->ring, sender->loss_pos) + 1);
	if (last->header.flow_be != loss->header.flow_be || last->header.dir != loss->header.dir ||
	    be64toh(last->loss.off_be) + be64toh(last->loss.len_be) != be64toh(loss->loss.off_be))
		return false;
	last->loss.events_be = htobe64(be64toh(last->loss.events_be) + 1);
	last->loss.data_bytes_be =
		htobe64(be64toh(last->loss.data_bytes_be) + be64toh(loss->loss.data_bytes_be));
	last->loss.len_be = htobe64(be64toh(last->loss.len_be) + be64toh(loss->loss.len_be));
	return true;
}

/*
 * Half of the ring may be full of DATA records, which have one slot each. Two slots for each LOSS
 * record then fit in the whole ring (wf_shm_ring_has_room()).
 */
_Static_assert(sizeof(struct wf_shm_record) + sizeof(struct wf_wire_header) +
			       sizeof(struct wf_wire_loss) <=
		       2 * WF_SHM_SLOT_BYTES,
	       "a loss needs at most twice the room of data");

/* Write a LOSS frame in place of @data, a DATA frame whose payload has @bytes bytes. */
static void write_loss(struct wf_shm_sender *sender, const struct wf_wire_frame *data,
		       uint64_t bytes)
{
	enum { LOSS_BYTES = sizeof(struct wf_wire_header) + sizeof(struct wf_wire_loss) };
	struct wf_wire_frame loss = {.header = data->header};
	uint64_t pos;

	loss.header.type = WEFT_CLIENT_LOSS;
	loss.header.len_be = htobe32(LOSS_BYTES);
	loss.header.head_be = htobe16(LOSS_BYTES);
	loss.loss = (struct wf_wire_loss){
		.events_be = htobe64(1),
		.data_bytes_be = htobe64(bytes),
		.off_be = data->data.off_be,
		.len_be = htobe64(bytes),
	};
	if (extend_loss(sender, &loss))
		return;
	memcpy(wf_shm_ring_add(&sender->ring, LOSS_BYTES, &pos) + 1, &loss, LOSS_BYTES);
	sender->loss_pos = pos;
}

/*
 * Write a copy of the record at @pos after the last record. If the record has data in the arena,
 * give the data back, and write a LOSS frame or extend the last one instead; data in a file stays
 * there. If the record is padding, write nothing.
 * Return: the length of the record at @pos in slots.
 */
static uint32_t replace(struct wf_shm_sender *sender, uint64_t pos)
{
	union {
		struct wf_shm_record record;
		uint8_t bytes[WF_SHM_RECORD_BYTES];
	} old;
	const struct wf_wire_frame *frame = (const struct wf_wire_frame *)(&old.record + 1);
	struct wf_shm_record *copy;
	uint64_t new_pos;

	/* Copy the record first, because a new record may be written where the old one is. */
	old.record = *wf_shm_ring_at(&sender->ring, pos);
	if (!old.record.frame_bytes)
		return old.record.slots;
	memcpy(old.bytes, wf_shm_ring_at(&sender->ring, pos),
	       (size_t)old.record.slots * WF_SHM_SLOT_BYTES);
	give_back(sender, pos, true);
	if (has_kept(&old.record)) {
		write_loss(sender, frame, old.record.data_bytes);
		return old.record.slots;
	}
	copy = wf_shm_ring_add(&sender->ring, old.record.frame_bytes, &new_pos);
	memcpy(copy, &old, sizeof(old.record) + old.record.frame_bytes);
	sender->loss_pos = UINT64_MAX;
	return old.record.slots;
}

/*
 * Move the position of the client to the end of the published records, so that it reads none of
 * them any more. Return: 0 on success; -EPROTO if the position is not valid, or changes all the
 * time.
 */
static int stop_client(struct wf_shm_sender *sender)
{
	for (int i = 0; i < MOVES_MAX; i++) {
		int err = wf_shm_sender_follow(sender);

		if (err)
			return err;
		if (wf_shm_ring_move(&sender->ring, sender->ring.released))
			return 0;
	}
	return -EPROTO;
}

int wf_shm_sender_take_back(struct wf_shm_sender *sender)
{
	struct wf_shm_ring *ring = &sender->ring;
	uint64_t pos, end = ring->written;
	int err;

	wf_shm_sender_publish(sender);
	err = stop_client(sender);
	if (err)
		return err;
	pos = ring->released;
	ring->released = end;
	sender->loss_pos = UINT64_MAX;
	while (pos < end)
		pos += replace(sender, pos);
	wf_shm_sender_publish(sender);
	return 0;
}

void wf_shm_sender_free(struct wf_shm_sender *sender)
{
	if (!sender)
		return;
	/* First close the ring, so that a client that is reading finds its data to be invalid. */
	wf_shm_ring_fini(&sender->ring);
	for (uint32_t slot = 0; slot < WF_SHM_SLOTS; slot++)
		if (sender->kept[slot].page)
			weft_sub_give_back(sender->sub, &sender->kept[slot], true);
	close(sender->memory.fd);
	free(sender);
}

/* ---- sending ---- */

int wf_shm_sender_greet(struct wf_shm_sender *sender, const char *response)
{
	const int fds[WF_SHM_FDS] = {
		[WF_SHM_ARENA] = sender->memory.fd,
		[WF_SHM_POSITION] = sender->ring.position_fd,
	};

	return wf_send_fds(sender->fd, response, strlen(response), fds, WF_SHM_FDS);
}

bool wf_shm_sender_has_room(const struct wf_shm_sender *sender, uint32_t records)
{
	return wf_shm_ring_has_room(&sender->ring, records);
}

/* Return the file that contains the data of @event; NULL if the client has no such file. */
static const struct wf_shm_file *file_of(struct wf_shm_sender *sender,
					 const struct weft_event *event)
{
	return wf_shm_files_find(&sender->files, sender->fd, event->data.bytes);
}

/*
 * Find the place of the data of @event: in the arena, where it is kept in *@ret_kept or as a copy,
 * or in a file. *@ret_file: NULL if it is in the arena, at *@ret_bytes.
 * Return: 0; -EAGAIN if there is no room for a copy; other negative errno.
 */
static int place_data(struct wf_shm_sender *sender, const struct weft_event *event,
		      struct weft_kept *ret_kept, const uint8_t **ret_bytes,
		      const struct wf_shm_file **ret_file)
{
	int err = weft_sub_keep(sender->sub, event, ret_kept);

	*ret_bytes = event->data.bytes;
	*ret_file = NULL;
	if (err != -ENOTSUP)
		return err;
	ret_kept->page = NULL;
	*ret_file = file_of(sender, event);
	if (*ret_file)
		return 0;
	if (!sender->copies.bytes)
		return err;
	*ret_bytes = wf_shm_copies_add(&sender->copies, event->data.bytes, event->data.len_bytes);
	return *ret_bytes ? 0 : -EAGAIN;
}

/* Write the record of a DATA event whose data is at @off of the arena, or of a file. */
static void write_data(struct wf_shm_sender *sender, const struct weft_event *event, uint64_t off,
		       uint32_t file, uint64_t *ret_pos)
{
	struct wf_shm_record *record = wf_shm_ring_add(&sender->ring, WF_FRAME_DATA_BYTES, ret_pos);

	record->data_off = off;
	record->data_bytes = event->data.len_bytes;
	record->file = file;
	wf_frame_write_data(event, (struct wf_wire_frame *)(record + 1));
}

/* Write a DATA event whose data lies in the file that was found last. */
static void write_in_file(struct wf_shm_sender *sender, const struct weft_event *event)
{
	const struct wf_shm_file *file = &sender->files.list[sender->files.last];
	uint64_t pos;

	write_data(sender, event, (uint64_t)(event->data.bytes - file->base), file->number, &pos);
}

int wf_shm_sender_write_data(struct wf_shm_sender *sender, const struct weft_event *event)
{
	const struct wf_shm_file *file;
	struct weft_kept kept;
	const uint8_t *bytes;
	uint64_t pos;
	int err;

	if (wf_shm_files_is_last(&sender->files, event->data.bytes)) {
		write_in_file(sender, event);
		return 0;
	}
	err = place_data(sender, event, &kept, &bytes, &file);
	if (err)
		return err;
	if (file) {
		write_in_file(sender, event);
		return 0;
	}
	write_data(sender, event, arena_off_of(sender, bytes), 0, &pos);
	sender->kept[pos % WF_SHM_SLOTS] = kept;
	sender->kept_count++;
	return 0;
}

void wf_shm_sender_write(struct wf_shm_sender *sender, const struct iovec *parts, int parts_count)
{
	size_t bytes = 0;
	uint64_t pos;
	uint8_t *to;

	for (int i = 0; i < parts_count; i++)
		bytes += parts[i].iov_len;
	to = (uint8_t *)(wf_shm_ring_add(&sender->ring, (uint32_t)bytes, &pos) + 1);
	for (int i = 0; i < parts_count; i++) {
		memcpy(to, parts[i].iov_base, parts[i].iov_len);
		to += parts[i].iov_len;
	}
}

void wf_shm_sender_publish(struct wf_shm_sender *sender)
{
	/* If the byte does not fit in the socket, the bytes that wait there wake the client. */
	if (wf_shm_ring_publish(&sender->ring))
		(void)!send(sender->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool wf_shm_sender_is_passed(const struct wf_shm_sender *sender)
{
	return sender->ring.released == sender->ring.written;
}

bool wf_shm_sender_wait(struct wf_shm_sender *sender)
{
	/*
	 * Count the byte as due even if the request is withdrawn below: the client may have seen
	 * the request before, and have sent the byte.
	 */
	sender->bytes_due++;
	if (wf_shm_ring_want(&sender->ring))
		return true;
	wf_shm_ring_want_nothing(&sender->ring);
	return false;
}

bool wf_shm_sender_keeps(const struct wf_shm_sender *sender)
{
	return sender->kept_count;
}

uint64_t wf_shm_sender_released(const struct wf_shm_sender *sender)
{
	return sender->ring.released;
}

uint64_t wf_shm_sender_read(const struct wf_shm_sender *sender)
{
	return sender->read_slots;
}
