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

#include "client/client_frame.h"
#include "client/shm.h"

struct wf_client_shm {
	const uint8_t *arena; /* owned mapping; NULL: not mapped */
	uint64_t arena_bytes;
	const struct wf_shm_head *head; /* borrowed from the arena, followed by the slots */
	uint32_t slots;
	struct wf_shm_client *client; /* owned mapping */
	uint64_t position; /* value of client->position that this process last read or wrote */
	uint32_t held;	   /* length in slots of the record whose data is in use; 0: none */
	uint64_t asked;	   /* value of head->wanted for which a byte was sent to the agent */
	union {
		struct wf_shm_record header;
		uint8_t bytes[WF_SHM_RECORD_BYTES];
	} record; /* a copy of the record that was read last */
};

/*
 * Map what the agent shares. @fds: WF_SHM_FDS descriptors, which the caller closes afterwards.
 * Return: 0 on success; -EPROTO if they are not what an agent shares; other negative errno.
 */
int wf_client_shm_open(struct wf_client_shm *shm, const int *fds);
void wf_client_shm_close(struct wf_client_shm *shm);

/*
 * Read the next frame. Its data is in use until wf_client_shm_release(), which must be called
 * before the next read. Return: 1 on success; 0 if there is none; -EPROTO if the ring or a frame is
 * not valid: then *@ret_why is the reason, a static text.
 */
int wf_client_shm_read(struct wf_client_shm *shm, struct wf_client_frame *ret_frame,
		       const char **ret_why);

/*
 * End the use of the last frame's data. Return: true if the data was intact until now; false if the
 * agent has taken it back, so that the data may have changed while it was read.
 */
bool wf_client_shm_release(struct wf_client_shm *shm);

/* Return true, once, when the client has reached the position for which the agent waits. */
bool wf_client_shm_is_wanted(struct wf_client_shm *shm);

/*
 * Announce that the client is about to sleep: the agent then sends a byte when it has published
 * records. Return: false if records are already published.
 */
bool wf_client_shm_sleep(struct wf_client_shm *shm);

#endif
