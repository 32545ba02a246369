/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_conn.h - writes the events of one connection as TCP segments.
 *
 * The segments are those of a connection without loss: handshake, data in order, an acknowledgement
 * after the data of each event, the end. Missing bytes are a range of sequence numbers that no
 * segment carries. The range is acknowledged by a segment whose comment names the cause, so that
 * readers that wait for acknowledgements continue at once.
 *
 * If there is no room for a segment (the disk is full), the segment is not written; its range is
 * reported as missing when there is room again.
 */
#ifndef WF_PCAP_PCAP_CONN_H
#define WF_PCAP_PCAP_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/event.h>

struct wf_pcap_buffer;
struct wf_pcap_conn;

/*
 * The buffer to which segments are written, and their time: that of the event; if a timeout may
 * have caused the event, at most that of the newest packet so far. A timeout can be an hour after
 * the last packet; with the time of the timeout, readers would take the connection for an idle one.
 */
struct wf_pcap_writer {
	struct wf_pcap_buffer *buffer;
	uint64_t time_ns;
};

/*
 * Set the ISNs and offsets of the new @conn from its OPEN event. Write its handshake if the file is
 * to contain one, and report the bytes before the offsets of @open as missing. If these offsets are
 * not 0 and wf_pcap_owner.begins_late is set, the handshake is written with the first data instead,
 * and no bytes are reported.
 */
void wf_pcap_conn_open(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn,
		       const struct weft_open *open);

/* Set the ISNs of the new @conn, which continues a connection ended by wf_pcap_conn_split(). */
void wf_pcap_conn_resume(struct wf_pcap_conn *conn);

void wf_pcap_conn_data(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn,
		       const struct weft_event *event);
void wf_pcap_conn_gap(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn,
		      const struct weft_event *event);
/* Report the bytes of a DROP event as missing. @event: has a connection and a range of bytes. */
void wf_pcap_conn_drop(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn,
		       const struct weft_event *event);
void wf_pcap_conn_close(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn,
			const struct weft_flow_record *record);

/* End @conn, because the table of connections is full. */
void wf_pcap_conn_split(const struct wf_pcap_writer *writer, struct wf_pcap_conn *conn);

#endif
