/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ieee80211.h - parses wireless frames (IEEE 802.11) up to the EtherType in their LLC header.
 *
 * Thread: any; nothing is kept between calls.
 */
#ifndef WF_DECODE_IEEE80211_H
#define WF_DECODE_IEEE80211_H

#include "decode/layers_internal.h"

/* Parse an 802.11 frame. */
enum wf_next wf_ieee80211(struct wf_layers *layers);

/*
 * Parse an 802.11 frame carried in CAPWAP. The two bytes of its frame control field may be swapped,
 * as some access points send them.
 */
enum wf_next wf_ieee80211_swapped(struct wf_layers *layers);

/* Parse a radiotap header and the 802.11 frame that follows. */
enum wf_next wf_ieee80211_radiotap(struct wf_layers *layers);

#endif
