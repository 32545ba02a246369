/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shm.h - the shared memory between an agent and one client, for the writer in serve/ and the
 * reader in the library. Both run on the same machine, so numbers have its byte order, except those
 * in frames, which are big endian.
 *
 *   arena     read-only for the client   the memory of the agent, which contains the payload
 *     ring                               │ struct wf_shm_head │ slot 0 │ slot 1 │ ... │
 *   position  writable for the client    struct wf_shm_client
 *
 *   file      read-only for the client   a capture file that the agent has mapped
 *
 * The descriptors of the arena and of the position arrive with the response to the request, in this
 * order. The ring is a part of the arena, so it counts against the agent's memory limit, and the
 * client cannot write to it. Positions count slots from 0 and never wrap; a position modulo the
 * number of slots is an index of a slot. A record is struct wf_shm_record and a frame as on a
 * socket (weft/client.h), and fills one or more slots. The payload of a frame follows its fields,
 * or lies in the arena or in a file.
 *
 * The files are not known when a replay answers the request, because it opens them when all clients
 * have come. So each arrives with a byte on the socket before the first record with data in it is
 * published. The n-th one is file n. A file can't be sealed: if it is truncated, a client that
 * reads a removed part gets SIGBUS, as the agent does (capture/file/pcap_map.c), unless it notices
 * the truncation before (client_files.c).
 *
 *   ring:  │ free │ released by the client │ record in use │ waiting ... │ free │
 *                                          position                      published
 *
 * Both sides move the position by compare-and-swap: the client to the next record when it has
 * finished with one, the agent to the end of the published records when it takes all records back.
 * So each record is either passed by the client or taken back, never both. The client notices that
 * a record was taken back, because its own compare-and-swap fails. The agent then writes LOSS
 * frames in place of the data in the arena. Records without such data may be passed as soon as they
 * are copied, several at once. When the agent ends the subscription, the position becomes
 * WF_SHM_CLOSED, and the ring is not valid any more.
 *
 * A side that waits sets a word, and the other side sends one byte on the socket: the agent if
 * `is_asleep` is set, the client if the position reaches `wanted`. The socket also reports the end
 * of either process. An eventfd is not used, because both sides would share its flags: a client
 * could make the agent's write block.
 */
#ifndef WF_CLIENT_SHM_H
#define WF_CLIENT_SHM_H

#include <stdatomic.h>
#include <stdint.h>

#include <weft/limits.h>

#include "client/wire.h"

enum wf_shm_fd { WF_SHM_ARENA = 0, WF_SHM_POSITION };

enum {
	WF_SHM_VERSION = 2,
	WF_SHM_FDS = 2, /* descriptors of the response */
	WF_SHM_FILES_MAX = WEFT_SHARED_FILES_MAX,
	WF_SHM_HEAD_BYTES = 4096,
	WF_SHM_SLOT_BYTES = 64,
	/*
	 * number of slots in a ring of an agent; a client accepts a power of two from
	 * WF_SHM_RECORD_SLOTS to WF_SHM_SLOTS_MAX
	 */
	WF_SHM_SLOTS = 8192,
	WF_SHM_SLOTS_MAX = 1 << 20,
	WF_SHM_RECORD_SLOTS = 8, /* maximum length of a record in slots */
	WF_SHM_RECORD_BYTES = WF_SHM_RECORD_SLOTS * WF_SHM_SLOT_BYTES,
};

#define WF_SHM_NOT_WANTED UINT64_MAX
#define WF_SHM_CLOSED	  UINT64_MAX

/* The beginning of the ring; the agent writes it. */
struct wf_shm_head {
	uint32_t version;
	uint32_t slots;				 /* a power of two */
	_Alignas(64) _Atomic uint64_t published; /* end of the last record */
	/* position at which the agent is to be woken; WF_SHM_NOT_WANTED: none */
	_Alignas(64) _Atomic uint64_t wanted;
};

/* The page that the client may write. */
struct wf_shm_client {
	_Atomic uint64_t position;
	uint64_t ring_off; /* offset of the ring in the arena; the agent does not read it */
	_Alignas(64) _Atomic uint32_t is_asleep;
};

/* The header of a record; the frame follows. */
struct wf_shm_record {
	uint32_t slots;
	/*
	 * length of the frame, without payload that lies outside the record; 0: the record is empty
	 * and fills the end of the ring
	 */
	uint32_t frame_bytes;
	uint64_t data_off; /* offset of the payload in the arena, or in the file */
	/* length of the payload in the arena or the file; 0: the payload is in the frame */
	uint32_t data_bytes;
	uint32_t file; /* number of the file, from 1; 0: the payload is in the arena */
};
_Static_assert(sizeof(struct wf_shm_record) + sizeof(struct wf_wire_header) +
			       sizeof(struct wf_wire_data) <=
		       WF_SHM_SLOT_BYTES,
	       "data needs one slot");
_Static_assert(sizeof(struct wf_shm_record) + sizeof(struct wf_wire_frame) + 192 <=
		       WF_SHM_RECORD_BYTES,
	       "each frame fits with its payload outside the arena");

#endif
