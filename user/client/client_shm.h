/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client_shm.h - the client's end of the memory that an agent shares; client/shm.h has the layout.
 *
 * Thread: the one that uses the client. Memory: mappings of the agent's memory, and one record.
 */
#ifndef WF_CLIENT_CLIENT_SHM_H
#define WF_CLIENT_CLIENT_SHM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "client/client_files.h"
#include "client/client_frame.h"
#include "client/shm.h"

/* maximum number of slots that are copied and passed at once */
enum { WF_CLIENT_BATCH_SLOTS = 32 };

struct wf_client_shm {
	const uint8_t *arena; /* owned mapping; NULL: not mapped */
	uint64_t arena_bytes;
	const struct wf_shm_head *head; /* borrowed from the arena, followed by the slots */
	uint32_t slots;
	struct wf_shm_client *client; /* owned mapping */
	uint64_t position; /* value of client->position that this process last read or wrote */
	uint32_t held;	   /* length in slots of the record whose data is in use; 0: none */
	uint64_t asked;	   /* value of head->wanted for which a byte was sent to the agent */
	int fd;		   /* borrowed: the connection, on which files arrive */
	struct wf_client_files files;
	/* number of slots after which no more records are added to a batch */
	uint32_t batch_max;
	uint64_t batch_ns; /* time at which the last batch began */
	/*
	 * Copies of records, from the slot batch_at on; the copies up to batch_end were passed, and
	 * are not read yet. If there is none, the first copy is the record that is held.
	 */
	uint32_t batch_at;
	uint32_t batch_end;
	_Alignas(struct wf_shm_record) uint8_t batch[WF_CLIENT_BATCH_SLOTS][WF_SHM_SLOT_BYTES];
};

/*
 * Map what the agent shares. @fd: the connection, borrowed. @fds: WF_SHM_FDS descriptors, which the
 * caller closes afterwards. Return: 0 on success; -EPROTONOSUPPORT if the agent uses another
 * version of shm.h; -EPROTO if this is not what an agent shares; other negative errno.
 */
int wf_client_shm_open(struct wf_client_shm *shm, int fd, const int *fds);
void wf_client_shm_close(struct wf_client_shm *shm);

/*
 * Read the next frame. Its data is in use until wf_client_shm_release(), which must be called
 * before the next read. Return: 1 on success; 0 if there is none; -EPROTO if the ring or a frame is
 * not valid, or its data can't be read: then *@ret_why is the reason, a static text.
 */
int wf_client_shm_read(struct wf_client_shm *shm, struct wf_client_frame *ret_frame,
		       const char **ret_why);

/*
 * End the use of the last frame's data. Return: true if the data was intact until now; false if the
 * agent has taken it back, so that the data may have changed while it was read.
 */
bool wf_client_shm_release(struct wf_client_shm *shm);

/*
 * Receive bytes that wake the client, and files. Return: the number of bytes; 0 at the end of the
 * stream; -EAGAIN at the deadline or if a signal arrived first; other negative errno, also if a
 * file can't be used.
 */
ssize_t wf_client_shm_receive(struct wf_client_shm *shm, uint64_t deadline_ns);

/* Return true, once, when the client has reached the position for which the agent waits. */
bool wf_client_shm_is_wanted(struct wf_client_shm *shm);

/*
 * Announce that the client is about to sleep: the agent then sends a byte when it has published
 * records. Return: false if records are already published.
 */
bool wf_client_shm_sleep(struct wf_client_shm *shm);

#endif
