// SPDX-License-Identifier: BSD-2-Clause
/*
 * ieee80211.c - parses IEEE 802.11 data frames and radiotap headers.
 *
 * A frame counts as not TCP if it carries no data, is encrypted, is a fragment of a larger frame,
 * or aggregates several packets (A-MSDU), because decoding returns at most one packet for a frame.
 */
#include "decode/ieee80211.h"

#include "decode/ethertype.h"

enum {
	HEADER_BYTES = 24,
	ADDRESS4_BYTES = 6,
	QOS_BYTES = 2,
	HT_CONTROL_BYTES = 4,

	/* first byte of frame control */
	VERSION_TYPE_MASK = 0x0f,
	TYPE_DATA = 0x08,
	SUBTYPE_NO_DATA = 0x40,
	SUBTYPE_QOS = 0x80,

	/* second byte of frame control */
	BOTH_DISTRIBUTION = 0x03, /* both direction bits are set: the header has four addresses */
	MORE_FRAGMENTS = 0x04,
	PROTECTED = 0x40,
	ORDER = 0x80, /* in QoS frames: an HT control field follows */

	SEQUENCE_OFF = 22,
	FRAGMENT_NUMBER_MASK = 0x0f,
	QOS_AGGREGATE = 0x80,
};

enum {
	RADIOTAP_BYTES = 8,
	RADIOTAP_PRESENT_MAX = 32, /* maximum number of 32-bit bitmaps that list the fields */
	RADIOTAP_PRESENT_OFF = 4,
	RADIOTAP_HAS_TSFT = 1 << 0,
	RADIOTAP_HAS_FLAGS = 1 << 1,
	RADIOTAP_TSFT_BYTES = 8,
	RADIOTAP_FLAG_PADDED = 0x20, /* the 802.11 header is padded to a multiple of 4 bytes */
};
#define RADIOTAP_HAS_MORE 0x80000000u

/* Parse a data frame. @control: frame control field. @padded: see RADIOTAP_FLAG_PADDED. */
static enum wf_next data_frame(struct wf_layers *layers, const uint8_t control[2], bool padded)
{
	const uint8_t *at = layers->pos;
	uint32_t bytes = HEADER_BYTES, qos_off;

	if ((control[0] & VERSION_TYPE_MASK) != TYPE_DATA || control[0] & SUBTYPE_NO_DATA ||
	    control[1] & (PROTECTED | MORE_FRAGMENTS))
		return WF_NEXT_NOT_TCP;
	if ((control[1] & BOTH_DISTRIBUTION) == BOTH_DISTRIBUTION)
		bytes += ADDRESS4_BYTES;
	qos_off = bytes;
	if (control[0] & SUBTYPE_QOS)
		bytes += QOS_BYTES + (control[1] & ORDER ? HT_CONTROL_BYTES : 0);
	if (padded)
		bytes = (bytes + 3) & ~3u;
	if (!wf_layers_skip(layers, bytes))
		return WF_NEXT_MALFORMED;
	if (at[SEQUENCE_OFF] & FRAGMENT_NUMBER_MASK ||
	    (control[0] & SUBTYPE_QOS && at[qos_off] & QOS_AGGREGATE))
		return WF_NEXT_NOT_TCP;
	return wf_ethertype_snap(layers);
}

enum wf_next wf_ieee80211(struct wf_layers *layers)
{
	if (layers->cap_bytes < HEADER_BYTES)
		return WF_NEXT_MALFORMED;
	return data_frame(layers, layers->pos, false);
}

enum wf_next wf_ieee80211_swapped(struct wf_layers *layers)
{
	uint8_t control[2];

	if (layers->cap_bytes < HEADER_BYTES)
		return WF_NEXT_MALFORMED;
	/*
	 * If the bytes are swapped, the first byte holds the flags, whose bits "to" and "from the
	 * distribution system" are where the version, 0, would be.
	 */
	if ((layers->pos[0] & VERSION_TYPE_MASK) == TYPE_DATA)
		return data_frame(layers, layers->pos, false);
	control[0] = layers->pos[1];
	control[1] = layers->pos[0];
	return data_frame(layers, control, false);
}

/*
 * Return the offset of the flags field; 0 if there is none. The header begins with bitmaps that
 * list the fields; then the fields follow, each aligned to its size.
 */
static uint32_t radiotap_flags_off(const uint8_t *at, uint32_t header_bytes)
{
	uint32_t present = wf_load_le32(at + RADIOTAP_PRESENT_OFF);
	uint32_t off = RADIOTAP_PRESENT_OFF + 4, word = present;

	for (int i = 1; word & RADIOTAP_HAS_MORE; i++, off += 4) {
		if (i == RADIOTAP_PRESENT_MAX || off + 4 > header_bytes)
			return 0;
		word = wf_load_le32(at + off);
	}
	if (present & RADIOTAP_HAS_TSFT)
		off = ((off + 7) & ~7u) + RADIOTAP_TSFT_BYTES;
	return present & RADIOTAP_HAS_FLAGS && off < header_bytes ? off : 0;
}

enum wf_next wf_ieee80211_radiotap(struct wf_layers *layers)
{
	const uint8_t *at = layers->pos;
	uint32_t bytes, flags_off;

	if (layers->cap_bytes < RADIOTAP_BYTES)
		return WF_NEXT_MALFORMED;
	bytes = wf_load_le16(at + 2);
	if (at[0] || bytes < RADIOTAP_BYTES || !wf_layers_skip(layers, bytes) ||
	    layers->cap_bytes < HEADER_BYTES)
		return WF_NEXT_MALFORMED;
	flags_off = radiotap_flags_off(at, bytes);
	return data_frame(layers, layers->pos, flags_off && at[flags_off] & RADIOTAP_FLAG_PADDED);
}
