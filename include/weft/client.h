/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client.h - receives the events of a running agent (`weft run`) in another process, through the
 * agent's control socket. These calls are in libweft-client, which needs only the C library:
 * pkg-config --libs weft-client.
 *
 *   weft_client_open() → weft_client_next() until it fails → weft_client_close()
 *
 * A subscription through the socket is like one of weft_subscribe(): it has a filter, a bounded
 * queue in the agent and an overflow policy, and gets the same events. If the client does not read
 * fast enough, events are dropped in the agent, and the next event of the connection is preceded by
 * a DROP event with the range that is missing; on the socket, this event is the frame LOSS.
 *
 * Programs in other languages speak the protocol themselves:
 *
 * 1. Connect to the Unix stream socket /run/weft/IFACE.sock and send one line of JSON, at most
 *    262144 bytes:
 *
 *      {"command": "subscribe", "version": 1, "filter": "port 80"}
 *
 *    All other members are optional; a member that is not in this list is rejected:
 *
 *      name              text, at most 31 letters, digits, '.', '_' and '-': the name of the
 *                        subscription in metrics; default: client-PID
 *      filter            text: connections in tcpdump's syntax, by addresses and ports; default:
 *                        all connections
 *      events            array of "open", "data", "gap", "close", "anomaly"; default: all. LOSS and
 *                        END frames are always sent
 *      directions        array of "toserver", "toclient": directions of DATA, GAP and ANOMALY
 *                        frames; default: both
 *      shm               true: the frames are in shared memory, whose descriptors come with the
 *                        response. Its layout is private to libweft-client
 *      first_bytes       number: only bytes below this stream offset; default: 0, no limit
 *      queue_bytes       number: size of the queue of each worker; default: 8388608
 *      queue_bytes_max   number: maximum size with the policy resize; default: 4 * queue_bytes
 *      queue_events      number: maximum number of waiting events; default: 0, no limit
 *      overflow          "drop-oldest" (default), "drop-newest", "block-with-timeout", "resize";
 *                        "block" is rejected, because it would stop the capture
 *      block_timeout_ms  number: waiting time of block-with-timeout; default: 100
 *      idle_ttl_ms       number: the agent ends a subscription that takes no event for this time
 *                        while events wait in its queue, in the agent because the socket has no
 *                        room, or in shared memory, where an event waits until the client has
 *                        finished with it; default: 0, never. Events in the buffer of the socket
 *                        count as taken. END is sent only if there is room for it
 *
 * 2. Read one line of JSON. {"ok": true, "subscribe": {"version": 1}} begins the stream of frames;
 *    {"ok": false, "error": "what: why"} rejects the request, and the agent closes the connection.
 *
 * 3. Read frames until the end of the stream. Send nothing after the request: the agent does not
 *    read from the connection any more. Closing the connection ends the subscription.
 *
 * All numbers are unsigned and big endian. Each frame begins with this header:
 *
 *   offset  bytes
 *      0      4   length     of the frame with this header, at most WEFT_CLIENT_FRAME_MAX_BYTES
 *      4      1   type       enum weft_client_frame
 *      5      1   direction  enum weft_dir; 0 in OPEN, CLOSE and END
 *      6      2   head       offset of the payload; the fields end there
 *      8      8   flow id    weft_flow.id; 0: the frame is not about one connection
 *     16      8   time       of the packet or timer that caused the event, in ns since 1970; in END
 *                            the time of day when the agent made the frame
 *
 * The fields of the type follow at offset 24, and the payload is [head, length):
 *
 *   OPEN     24  8  stream offset of the first byte that follows toserver     (weft_event.open)
 *            32  8  stream offset of the first byte that follows toclient
 *            40 16  source address: the side that opened the connection; IPv4 as ::ffff:a.b.c.d
 *            56 16  destination address
 *            72  4  use: number of the connection with this four-tuple
 *            76  4  VNI; 0: none
 *            80  2  source port
 *            82  2  destination port
 *            84  2  outer VLAN id; 0: untagged
 *            86  2  inner VLAN id; 0: none
 *            88  1  IP version: 4 or 6
 *            89  1  worker
 *            90  1  number of the interface, from 1
 *            91  1  flags: 1 earlier bytes are not sent, because the connection began before the
 *                   subscription, or its OPEN had no room in the queue (midway); 2 the handshake
 *                   was not captured (midstream); 4 the ISN toserver is known, 8 toclient
 *            92  4  ISN toserver: sequence number of the SYN that the client has sent
 *            96  4  ISN toclient
 *           100  4  zero
 *            payload: name of the interface
 *   DATA     24  8  stream offset of the first byte
 *            payload: bytes of the stream, at least 1
 *   GAP      24  8  stream offset
 *            32  8  length: number of missing bytes
 *            40  4  cause: enum weft_gap_cause
 *            44  4  zero
 *            payload: name of the cause
 *   CLOSE    24  8  time of the first packet                           (struct weft_flow_record)
 *            32  8  time of the last packet
 *            40  1  reason: enum weft_close_reason
 *            41  1  enum weft_flow_state
 *            42  1  enum weft_tcp_state
 *            43  1  flags: 1 midstream; 2 wrong checksums toserver, 4 toclient;
 *                   8 bypassed toserver, 16 toclient
 *            44  4  zero
 *            48 80  counts toserver, 128 80 counts toclient; each:
 *                    0  8  packets              32  8  late bytes
 *                    8  8  bytes                40  8  bypassed packets
 *                   16  8  stream bytes         48  8  bypassed bytes
 *                   24  8  gap bytes            56  4  gaps
 *                   60  4  retransmitted segments
 *                   64  4  overlap segments
 *                   68  4  conflict segments
 *                   72  4  out of order segments
 *                   76  2  TCP flags
 *                   78  2  zero
 *            payload: name of the reason
 *   ANOMALY  24  8  stream offset
 *            32  8  length
 *            40  4  kind: enum weft_anomaly
 *            44  4  shown: length of each version of conflicting bytes; 0: none
 *            payload: the kept version, the other version, name of the kind
 *   LOSS     24  8  number of dropped events                                  (weft_event.drop)
 *            32  8  payload bytes of these events
 *            40  8  stream offset of the missing range
 *            48  8  length of the missing range; 0: none
 *            56  8  flow id 0: number of connections of which all events were dropped
 *            64  8  flow id 0: number of CLOSE events that were dropped although OPEN was sent
 *   END      24  4  reason: enum weft_client_end
 *            28  4  zero
 *            payload: text for people
 *            the last frame: the agent closes the connection
 *
 * Version 1 may get new types of frames, new fields before the payload and new values of enums, so
 * a reader skips types that it does not know, and finds the payload by the field head. Anything
 * else is a new version. If the events of the request contain "open" and "close", the first frame
 * of a connection is OPEN, and the last one is CLOSE, unless this CLOSE was dropped (LOSS). A
 * stream that ends without END was cut off, because the agent died or disconnected the client.
 */
#ifndef WEFT_CLIENT_H
#define WEFT_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include <weft/api.h>
#include <weft/event.h>
#include <weft/opts.h>
#include <weft/subscribe.h>

WEFT_BEGIN_DECLS

struct weft_client;

/** The way by which events arrive. */
enum weft_client_transport {
	WEFT_CLIENT_SOCKET = 0, /* the agent copies events to the socket */
	/*
	 * The client reads events in the memory of the agent, or in the files that the agent
	 * replays, without a copy for this client and
	 * with few system calls while data waits. Only on the same machine, for root, the user of
	 * the agent, and members of the group in the agent's option delivery.shm_group. The client
	 * can then read all that the agent holds, of all connections, but cannot write to it. In a
	 * replay, it can read the capture files, and must not expect them to be intact if they are
	 * truncated meanwhile: weft_client_next() then returns -EPROTO, or reading the bytes of an
	 * event raises SIGBUS.
	 */
	WEFT_CLIENT_SHM,
};

enum weft_client_limit {
	WEFT_CLIENT_VERSION = 1, /* version of the protocol */
	/* maximum length of a frame; a frame that claims more ends the connection */
	WEFT_CLIENT_FRAME_MAX_BYTES = 524288,
	WEFT_CLIENT_HEADER_BYTES = 24,
	/*
	 * default number of connections of which the library keeps the four-tuple; at the limit the
	 * one that had no event for longest is removed
	 */
	WEFT_CLIENT_FLOWS = 1048576,
	WEFT_CLIENT_TIMEOUT_MS = 5000, /* default time limit of weft_client_open() */
};

/** Types of frames, see above. */
enum weft_client_frame {
	WEFT_CLIENT_OPEN = 1,
	WEFT_CLIENT_DATA,
	WEFT_CLIENT_GAP,
	WEFT_CLIENT_CLOSE,
	WEFT_CLIENT_ANOMALY,
	WEFT_CLIENT_LOSS,
	WEFT_CLIENT_END,
};

/** Reasons of an END frame. */
enum weft_client_end {
	WEFT_CLIENT_END_CAPTURE = 0, /* the capture has ended, and all its events were sent */
	WEFT_CLIENT_END_IDLE = 1,    /* the client took no event for idle_ttl_ms, see above */
	WEFT_CLIENT_END_FAILED = 2,  /* the agent has ended the subscription for another reason */
};

/**
 * struct weft_client_opts - the agent, and the events that it sends
 *
 * The members from @name to @queue_events mean the same as in struct weft_sub_opts, and
 * @idle_ttl_ms the same as in the request, see above.
 */
struct weft_client_opts {
	size_t sz;
	const char *path;      /* the socket of the agent; NULL: that of @interface in @dir */
	const char *interface; /* an interface that the agent captures, or "replay"; needed if
				  @path is NULL */
	const char *dir;       /* directory of the sockets; NULL: /run/weft */
	uint32_t timeout_ms;   /* time limit of weft_client_open(); 0: WEFT_CLIENT_TIMEOUT_MS */
	/* maximum number of connections whose four-tuples are kept; 0: WEFT_CLIENT_FLOWS */
	uint32_t flows_max;
	const char *name;
	const char *filter;
	uint32_t events; /* mask of WEFT_EVENT_BIT() values; DROP events always arrive; 0: all */
	uint32_t directions;
	enum weft_overflow overflow;
	uint32_t block_timeout_ms;
	uint64_t first_bytes;
	uint64_t queue_bytes;
	uint64_t queue_bytes_max;
	uint64_t queue_events;
	uint32_t idle_ttl_ms;
	enum weft_client_transport transport;
};
#define weft_client_opts__last_field transport

/**
 * weft_client_open() - connect to an agent and subscribe
 * @opts:       borrowed for the call
 * @ret_client: owned by the caller, who frees it with weft_client_close()
 *
 * Return: 0 on success; -EINVAL if an option is invalid or the agent rejects it; -ENOENT or
 * -ECONNREFUSED if no agent listens; -EACCES if the user may not connect; -EPROTO if the agent
 * reports an error, such as too many subscribers, or does not know this protocol; -ETIMEDOUT;
 * -ENOMEM; other negative errno. weft_client_error(NULL) returns the reason. Thread: any. Memory:
 * 512 KiB, and 100 to 200 bytes for each connection of the highest number that was open at one
 * time, at most @flows_max; WEFT_CLIENT_SHM: also address space for the memory of the agent
 * and for the files that it replays, of which about 64 MiB each are resident.
 */
int weft_client_open(const struct weft_client_opts *opts, struct weft_client **ret_client);

/**
 * weft_client_next() - receive the next event
 * @ret_event:  filled in; the memory that it points to is lent until the next call on @client
 * @timeout_ms: maximum time to wait; 0: do not wait; -1: no limit
 *
 * weft_event.flow is NULL only for a DROP event that sums up several connections. If the
 * four-tuple of a connection is not known any more (WEFT_CLIENT_FLOWS), only the id of its flow is
 * set, and ip_version is 0.
 *
 * Return: 0 on success; -EAGAIN if no event arrived in time, or if a signal handler interrupted the
 * wait; -ESHUTDOWN if the agent has ended the stream, with all events sent; -ETIMEDOUT if it ended
 * this subscription by idle_ttl_ms; -ECONNABORTED if it ended this subscription for another reason;
 * -ECONNRESET if the connection was cut off, because the agent died or disconnected this client,
 * which may be by idle_ttl_ms if the client was so far behind that it could not be told;
 * -EPROTO if the agent sent something that is not a valid frame; other negative errno. After an
 * error other than -EAGAIN each call returns it again; weft_client_error() returns the reason.
 * Thread: one at a time for each client. Memory: see weft_client_open().
 */
int weft_client_next(struct weft_client *client, struct weft_event *ret_event, int timeout_ms);

/**
 * weft_client_done() - end the use of the bytes of the last event, and find out if they were intact
 *
 * With shared memory, the agent can take data back before the client has finished with it: if
 * memory is short, or if the overflow policy drops the oldest events and the client has stopped. A
 * DROP event then covers the data, and the bytes may have changed while they were read. So a
 * program that must not act on wrong bytes works on them or copies them, calls this function, and
 * uses the result only if it returns 0. An event is either intact, or covered by the next DROP
 * event of its direction, never both. Without this call, weft_client_next() ends the use, and the
 * DROP event is the only sign.
 *
 * Return: 0 if the bytes were intact until now; -ESTALE if they were taken back. Always 0 with
 * WEFT_CLIENT_SOCKET. The bytes must not be used afterwards. Thread: that of weft_client_next().
 * Memory: none; the agent may use the memory of the bytes for other data.
 */
int weft_client_done(struct weft_client *client);

/**
 * weft_client_fd() - return a descriptor that is readable when data has arrived
 *
 * For poll(2), select(2) and epoll(7), level-triggered. After it was readable, call
 * weft_client_next() with a timeout of 0 until it returns -EAGAIN, because one read may bring
 * several events. The caller must not read, write or close the descriptor. Return: the descriptor,
 * valid until weft_client_close(). Thread: any. Memory: none.
 */
int weft_client_fd(const struct weft_client *client);

/**
 * weft_client_interface() - return the name of the interface of the last event's connection
 *
 * Return: never NULL; "" if it is not known. Valid until the next call on @client. Thread: that of
 * weft_client_next(). Memory: none.
 */
const char *weft_client_interface(const struct weft_client *client);

/**
 * weft_client_error() - return the reason why weft_client_next() failed
 * @client: NULL: the reason why the last weft_client_open() of this thread that failed did so
 *
 * Return: one line without newline, never NULL; "" if there was no error other than -EAGAIN. Valid
 * until weft_client_close(), or with NULL until this thread's next weft_client_open(). Thread: that
 * of weft_client_next(); with NULL, any. Memory: none.
 */
const char *weft_client_error(const struct weft_client *client);

/**
 * weft_client_close() - end the subscription and free all that the client holds
 * @client: owned by the caller until now; may be NULL
 *
 * Thread: any; every other call on the client must have returned. Memory: frees all.
 */
void weft_client_close(struct weft_client *client);

WEFT_END_DECLS

#endif
