// SPDX-License-Identifier: BSD-2-Clause
/*
 * pcap_conn.c - the segments of one connection.
 *
 *   sequence number = ISN + 1 + stream offset, modulo 2^32
 *
 * The ISN is the captured one, or is derived from the flow id if it is not known. A segment's time
 * stamp is never earlier than that of the connection's segment before it: data that was held is
 * delivered after later data of the other direction, and gets the time stamp of the segment before
 * it.
 *
 * If a connection ends during the capture, it also ends in the file: an RST with a comment is
 * written, unless both sides sent a FIN or one sent an RST. If the addresses and ports are used
 * again, the new connection begins with a handshake in the file, even if none was captured. Readers
 * of the file therefore keep the two connections apart.
 */
#include "pcap/pcap_conn.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pcap/pcap_buffer.h"
#include "pcap/pcap_table.h"
#include "sink/format/tcp_frame.h"

enum {
	COMMENT_BYTES = WF_PCAPNG_OUT_TEXT_MAX_BYTES,
	TEXT_BYTES = 192,
	/* room for a handshake with comments */
	HANDSHAKE_BYTES = 4096,
	/*
	 * one acknowledgement covers at most this many missing bytes: half of the window, so that
	 * readers accept it
	 */
	STEP_BYTES = 512 << 20,
};

/* Sequence numbers wrap after this many bytes. */
#define WRAP_BYTES	  (1ull << 32)
/* A longer missing range is shortened by a multiple of WRAP_BYTES, which limits its packets. */
#define MISSING_MAX_BYTES (1ull << 40)

/* ---- segments ---- */

struct segment {
	enum weft_dir dir;
	uint8_t flags;
	const uint8_t *payload;
	size_t payload_bytes;
	const char *text; /* NULL: no comment */
};

/* Return the sequence number of the next byte of @dir. */
static uint32_t next_seq(const struct wf_pcap_conn *conn, enum weft_dir dir)
{
	uint32_t fin = conn->flags & WF_PCAP_FIN(dir) ? 1 : 0;

	return conn->isn[dir] + 1 + (uint32_t)conn->next_off[dir] + fin;
}

static bool has_handshake(const struct wf_pcap_conn *conn)
{
	return !(conn->flags & (WF_PCAP_MIDSTREAM | WF_PCAP_JOINED)) || conn->flow.use > 1 ||
	       conn->flags & WF_PCAP_SPLIT;
}

#define JOINED_TEXT ", earlier bytes are older than this output, or its queue was full"

/* Return the part about the handshake for the comment of the first segment of @conn. */
static const char *handshake_text(const struct wf_pcap_conn *conn)
{
	if (conn->flags & WF_PCAP_SPLIT)
		return ", split because too many connections were open, handshake made up";
	if (conn->flags & WF_PCAP_JOINED)
		return has_handshake(conn) ? JOINED_TEXT ", handshake made up" : JOINED_TEXT;
	if (!(conn->flags & WF_PCAP_MIDSTREAM))
		return "";
	return has_handshake(conn) ? ", handshake not captured and made up"
				   : ", handshake not captured";
}

/* Describe the beginning of @conn in @text: its id, its handshake, the origin of its ISNs. */
static void introduce(const struct wf_pcap_conn *conn, char *text, size_t text_bytes)
{
	bool has_made_up_isns = conn->flags & WF_PCAP_MADE_UP_ISNS;
	char vni[24] = "";

	if (conn->flow.vni)
		snprintf(vni, sizeof(vni), ", vni %" PRIu32, conn->flow.vni);
	snprintf(text, text_bytes, "flow_id %" PRIu64 "%s%s%s", conn->flow.id, vni,
		 handshake_text(conn),
		 has_made_up_isns ? ", sequence numbers derived from flow_id" : "");
}

/* Write the comment of a segment to @comment. Return: false if it has none. */
static bool make_comment(const struct wf_pcap_conn *conn, uint32_t section, const char *text,
			 char *comment, size_t comment_bytes)
{
	char intro[TEXT_BYTES] = "";

	if (!(conn->flags & WF_PCAP_WRITTEN))
		introduce(conn, intro, sizeof(intro));
	else if (conn->section != section)
		snprintf(intro, sizeof(intro),
			 "flow_id %" PRIu64 ", continued from an earlier section", conn->flow.id);
	if (!intro[0] && !text)
		return false;
	snprintf(comment, comment_bytes, "weft: %s%s%s", intro, intro[0] && text ? "; " : "",
		 text ? text : "");
	return true;
}

/* Write the next segment of @conn. Return: false if there is no room for it. */
static bool put(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn,
		const struct segment *segment)
{
	const struct wf_tcp_frame frame = {
		.flow = &conn->flow,
		.dir = segment->dir,
		.seq = next_seq(conn, segment->dir) - (segment->flags & WF_TCP_FRAME_SYN ? 1 : 0),
		.ack = segment->flags & WF_TCP_FRAME_ACK ? next_seq(conn, !segment->dir) : 0,
		.flags = segment->flags,
		.payload = segment->payload,
		.payload_bytes = segment->payload_bytes,
	};
	uint64_t time_ns = writer->time_ns > conn->last_ns ? writer->time_ns : conn->last_ns;
	uint8_t headers[WF_TCP_FRAME_HEADERS_MAX_BYTES];
	char comment[COMMENT_BYTES];
	bool has_comment = make_comment(conn, writer->buffer->section, segment->text, comment,
					sizeof(comment));
	const struct wf_pcapng_packet packet = {
		.interface = conn->flow.interface ? conn->flow.interface - 1u : 0,
		.time_ns = time_ns,
		.header = headers,
		.header_bytes = wf_tcp_frame_headers(&frame, headers),
		.payload = segment->payload,
		.payload_bytes = segment->payload_bytes,
		.comment = has_comment ? comment : NULL,
	};

	if (!wf_pcap_buffer_packet(writer->buffer, &packet))
		return false;
	conn->next_off[segment->dir] += segment->payload_bytes;
	if (segment->flags & WF_TCP_FRAME_FIN)
		conn->flags |= WF_PCAP_FIN(segment->dir);
	conn->flags |= WF_PCAP_WRITTEN;
	conn->section = writer->buffer->section;
	conn->last_ns = time_ns;
	return true;
}

/* Write a segment without payload. */
static bool put_flags(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn,
		      enum weft_dir dir, uint8_t flags, const char *text)
{
	const struct segment segment = {.dir = dir, .flags = flags, .text = text};

	return put(writer, conn, &segment);
}

/* ---- missing bytes ---- */

static const char *dir_name(enum weft_dir dir)
{
	return dir == WEFT_TO_SERVER ? "toserver" : "toclient";
}

/*
 * Leave out the bytes of @dir up to stream offset @end_off, and write the acknowledgement of them,
 * with @cause in its comment.
 */
static void miss(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn, enum weft_dir dir,
		 uint64_t end_off, const char *cause)
{
	char text[TEXT_BYTES];

	snprintf(text, sizeof(text), "%" PRIu64 " bytes %s from offset %" PRIu64 " are missing: %s",
		 end_off - conn->next_off[dir], dir_name(dir), conn->next_off[dir], cause);
	if (end_off > conn->next_off[dir] && end_off - conn->next_off[dir] > MISSING_MAX_BYTES)
		conn->next_off[dir] =
			end_off - MISSING_MAX_BYTES - (end_off - conn->next_off[dir]) % WRAP_BYTES;
	while (conn->next_off[dir] < end_off) {
		uint64_t before_off = conn->next_off[dir];
		uint64_t step = end_off - before_off;

		conn->next_off[dir] += step < STEP_BYTES ? step : STEP_BYTES;
		if (put_flags(writer, conn, !dir, WF_TCP_FRAME_ACK, text))
			continue;
		conn->next_off[dir] = before_off;
		conn->flags |= WF_PCAP_UNWRITTEN;
		return;
	}
}

/* ---- the beginning ---- */

/* Derive an ISN for @dir from the id of @conn. The two directions get different ISNs. */
static uint32_t made_up_isn(const struct wf_pcap_conn *conn, int dir)
{
	return (uint32_t)(conn->flow.id * 0x9e3779b97f4a7c15ull >> (dir ? 32 : 24));
}

/*
 * Write the handshake of @conn, if it has one that was not written yet. Return: false if there is
 * no room for it.
 */
static bool begin(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn)
{
	if (conn->flags & WF_PCAP_BEGUN)
		return true;
	if (!wf_pcap_buffer_has_room(writer->buffer, HANDSHAKE_BYTES))
		return false;
	conn->flags |= WF_PCAP_BEGUN;
	if (!has_handshake(conn))
		return true;
	return put_flags(writer, conn, WEFT_TO_SERVER, WF_TCP_FRAME_SYN, NULL) &&
	       put_flags(writer, conn, WEFT_TO_CLIENT, WF_TCP_FRAME_SYN | WF_TCP_FRAME_ACK, NULL) &&
	       put_flags(writer, conn, WEFT_TO_SERVER, WF_TCP_FRAME_ACK, NULL);
}

void wf_pcap_conn_open(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn,
		       const struct weft_open *open)
{
	conn->flags |= WF_PCAP_STARTED(0) | WF_PCAP_STARTED(1);
	conn->flags |= open->midstream ? WF_PCAP_MIDSTREAM : 0;
	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++) {
		if (!open->has_isn[dir])
			conn->flags |= WF_PCAP_MADE_UP_ISNS;
		conn->isn[dir] = open->has_isn[dir] ? open->isn[dir] : made_up_isn(conn, dir);
	}
	if (writer->buffer->owner->begins_late && (open->off[0] || open->off[1])) {
		conn->flags |= WF_PCAP_JOINED;
		memcpy(conn->next_off, open->off, sizeof(conn->next_off));
		return;
	}
	if (has_handshake(conn))
		begin(writer, conn);
	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++)
		if (open->off[dir])
			miss(writer, conn, (enum weft_dir)dir, open->off[dir],
			     "dropped, because the queue to this output was full");
}

void wf_pcap_conn_resume(struct wf_pcap_conn *conn)
{
	conn->flags |= WF_PCAP_SPLIT | WF_PCAP_MADE_UP_ISNS;
	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++)
		conn->isn[dir] = made_up_isn(conn, dir);
}

/*
 * Prepare the next segment of @dir, which begins at @off: write the handshake, and report bytes
 * that are missing before @off. Return: false if there is no room.
 */
static bool reach(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn, enum weft_dir dir,
		  uint64_t off)
{
	if (!(conn->flags & WF_PCAP_STARTED(dir))) {
		/* In the file, the first byte follows the SYN, even if its offset is not 0. */
		conn->flags |= WF_PCAP_STARTED(dir);
		conn->isn[dir] -= (uint32_t)off;
		conn->next_off[dir] = off;
	}
	if (!begin(writer, conn)) {
		conn->flags |= WF_PCAP_UNWRITTEN;
		return false;
	}
	if (off > conn->next_off[dir])
		miss(writer, conn, dir, off,
		     conn->flags & WF_PCAP_UNWRITTEN
			     ? "not written, because this output had no room"
			     : "dropped, because the queue to this output was full");
	return off <= conn->next_off[dir];
}

/* ---- events ---- */

static void fail_data(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn,
		      uint64_t len_bytes)
{
	writer->buffer->owner->fail(writer->buffer->ctx, len_bytes);
	conn->flags |= WF_PCAP_UNWRITTEN;
}

void wf_pcap_conn_data(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn,
		       const struct weft_event *event)
{
	size_t mss = wf_tcp_frame_mss(&conn->flow);
	size_t left = event->data.len_bytes;
	struct segment segment = {.dir = event->dir, .payload = event->data.bytes};

	if (!reach(writer, conn, event->dir, event->data.off)) {
		fail_data(writer, conn, left);
		return;
	}
	while (left) {
		segment.payload_bytes = left < mss ? left : mss;
		segment.flags = WF_TCP_FRAME_ACK | (left > mss ? 0 : WF_TCP_FRAME_PSH);
		if (!put(writer, conn, &segment)) {
			fail_data(writer, conn, left);
			return;
		}
		segment.payload += segment.payload_bytes;
		left -= segment.payload_bytes;
	}
	put_flags(writer, conn, !event->dir, WF_TCP_FRAME_ACK, NULL);
}

void wf_pcap_conn_gap(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn,
		      const struct weft_event *event)
{
	if (reach(writer, conn, event->dir, event->gap.off))
		miss(writer, conn, event->dir, event->gap.off + event->gap.len_bytes,
		     weft_gap_cause_name(event->gap.cause));
}

void wf_pcap_conn_drop(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn,
		       const struct weft_event *event)
{
	if (reach(writer, conn, event->dir, event->drop.off))
		miss(writer, conn, event->dir, event->drop.off + event->drop.len_bytes,
		     "dropped, because the queue to this output was full");
}

/* ---- the end ---- */

/* Write an RST that no side has sent, with @why in its comment. */
static void end_made_up(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn,
			const char *why)
{
	char text[TEXT_BYTES];

	snprintf(text, sizeof(text), "made up by weft, because the connection ended here: %s", why);
	put_flags(writer, conn, WEFT_TO_SERVER, WF_TCP_FRAME_RST | WF_TCP_FRAME_ACK, text);
}

/* Return true if the sender of @dir has ended its direction with a FIN. */
static bool has_fin(const struct weft_flow_record *record, enum weft_dir dir)
{
	switch (record->tcp_state) {
	case WEFT_TCP_FIN_WAIT1:
	case WEFT_TCP_FIN_WAIT2:
		return dir == WEFT_TO_CLIENT;
	case WEFT_TCP_CLOSE_WAIT:
		return dir == WEFT_TO_SERVER;
	case WEFT_TCP_CLOSING:
	case WEFT_TCP_TIME_WAIT:
	case WEFT_TCP_LAST_ACK:
		return true;
	case WEFT_TCP_CLOSED:
		return record->reason != WEFT_CLOSE_RST;
	case WEFT_TCP_SYN_SENT:
	case WEFT_TCP_SYN_RECV:
	case WEFT_TCP_ESTABLISHED:
		break;
	}
	return false;
}

static void put_fin(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn,
		    enum weft_dir dir)
{
	if (put_flags(writer, conn, dir, WF_TCP_FRAME_FIN | WF_TCP_FRAME_ACK, NULL))
		put_flags(writer, conn, !dir, WF_TCP_FRAME_ACK, NULL);
}

void wf_pcap_conn_close(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn,
			const struct weft_flow_record *record)
{
	bool server_reset = !(record->counts[WEFT_TO_SERVER].tcp_flags & WF_TCP_FRAME_RST);

	if (!(conn->flags & WF_PCAP_WRITTEN))
		return;
	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++)
		if (has_fin(record, (enum weft_dir)dir))
			put_fin(writer, conn, (enum weft_dir)dir);
	if (record->reason == WEFT_CLOSE_RST)
		put_flags(writer, conn, server_reset ? WEFT_TO_CLIENT : WEFT_TO_SERVER,
			  WF_TCP_FRAME_RST | WF_TCP_FRAME_ACK, NULL);
	else if (record->reason != WEFT_CLOSE_END &&
		 !(conn->flags & WF_PCAP_FIN(0) && conn->flags & WF_PCAP_FIN(1)))
		end_made_up(writer, conn, weft_close_reason_name(record->reason));
}

void wf_pcap_conn_split(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn)
{
	if (conn->flags & WF_PCAP_WRITTEN)
		end_made_up(writer, conn,
			    "too many connections were open; it continues as another one");
}
