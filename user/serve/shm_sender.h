/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shm_sender.h - writes the events of one subscription to a ring that a client shares, and keeps
 * their data until the client has passed it.
 *
 * Thread: the one that subscribers.c starts; any for wf_shm_sender_new(), and for
 * wf_shm_sender_free() of a client that this thread does not serve.
 */
#ifndef WF_SERVE_SHM_SENDER_H
#define WF_SERVE_SHM_SENDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include <weft/weft.h>

#include "client/shm.h"
#include "client/wire.h"

struct wf_shm_sender;

/*
 * Create a sender for @sub, a subscription of @weft that was made with consumer_bytes set to
 * wf_shm_ring_bytes() and, for copies of data in mapped files that the client can't map,
 * @copies_bytes, which may be 0 if there are no such files. @fd: the connection; borrowed. Return:
 * 0 on success; negative errno. Thread: any. Memory: 128 KiB, beside the ring.
 */
int wf_shm_sender_new(struct weft *weft, struct weft_sub *sub, int fd, uint64_t copies_bytes,
		      struct wf_shm_sender **ret_sender);

/*
 * Take back the data that the client has not read, and free @sender; the subscription must still
 * exist. NULL is allowed.
 */
void wf_shm_sender_free(struct wf_shm_sender *sender);

/*
 * Send the line @response with the descriptors of the memory. Return: 0 on success; -ECONNRESET if
 * the connection does not take the whole line at once.
 */
int wf_shm_sender_greet(struct wf_shm_sender *sender, const char *response);

/*
 * Return to the queue the data that the client has read, and receive the wake-up bytes that the
 * client has sent. Return: 0 on success; -EPROTO if the position is not valid, or the client sent
 * more bytes than were requested; -ECONNRESET if the client has closed its socket; other errors of
 * recv(2).
 */
int wf_shm_sender_reclaim(struct wf_shm_sender *sender);

/*
 * Return to the queue the data that the client has read, and leave its wake-up bytes in the socket.
 * Return: 0 on success; -EPROTO if the position is not valid.
 */
int wf_shm_sender_follow(struct wf_shm_sender *sender);

/* Return true if the ring has room for @records frames. */
bool wf_shm_sender_has_room(const struct wf_shm_sender *sender, uint32_t records);

/*
 * Write the frame of a DATA event. Return: 0 on success; -EAGAIN if there is no room for a copy of
 * the data until the client has read more; the error of weft_sub_keep().
 */
int wf_shm_sender_write_data(struct wf_shm_sender *sender, const struct weft_event *event);

/* Write a frame of another type, which frame_write.h has made. */
void wf_shm_sender_write(struct wf_shm_sender *sender, const struct iovec *parts, int parts_count);

/* Publish the frames, and wake the client if it sleeps. */
void wf_shm_sender_publish(struct wf_shm_sender *sender);

/* Return true if the client has read all frames. */
bool wf_shm_sender_is_passed(const struct wf_shm_sender *sender);

/*
 * Request a byte from the client when it has read half of the slots in use. Return: true if the
 * byte is awaited; false if the client has already read that half: call wf_shm_sender_reclaim().
 */
bool wf_shm_sender_wait(struct wf_shm_sender *sender);

/* Return true if data is kept for the client. */
bool wf_shm_sender_keeps(const struct wf_shm_sender *sender);

/* Return the number of slots that the client has read or that were taken back. */
uint64_t wf_shm_sender_released(const struct wf_shm_sender *sender);

/* Return the number of slots that the client has read. */
uint64_t wf_shm_sender_read(const struct wf_shm_sender *sender);

/*
 * Take back all data that the client has not read, and write LOSS frames in its place. Return: 0 on
 * success; -EPROTO if the position is not valid, or changes all the time.
 */
int wf_shm_sender_take_back(struct wf_shm_sender *sender);

#endif
