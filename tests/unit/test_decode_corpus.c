// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_decode_corpus.c - decodes every frame of every capture of the corpus, in all checksum modes.
 */
#include "unit/support/test.h"
#include "unit/support/corpus.h"

#include <ftw.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/support/decode_kinds.h"

struct totals {
	unsigned int files;
	unsigned int frames;
	unsigned int results[WF_DECODE_CHECKSUM + 1];
	uint32_t payload_max_bytes; /* longest payload of a segment */
};

static struct totals totals;
static const char *only; /* name of the only file to read; NULL: all files */

static int link_of(int dlt)
{
	switch (dlt) {
	case DLT_EN10MB:
		return WEFT_LINK_ETHERNET;
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
		return WEFT_LINK_RAW;
	case DLT_NULL:
		return WEFT_LINK_NULL;
	case DLT_LOOP:
		return WEFT_LINK_LOOP;
	case DLT_LINUX_SLL:
		return WEFT_LINK_SLL;
	case DLT_LINUX_SLL2:
		return WEFT_LINK_SLL2;
	case DLT_PPP:
		return WEFT_LINK_PPP;
	case DLT_PPP_SERIAL:
		return WEFT_LINK_PPP_HDLC;
	case DLT_PPP_ETHER:
		return WEFT_LINK_PPPOE;
	case DLT_C_HDLC:
		return WEFT_LINK_CISCO_HDLC;
	case DLT_NFLOG:
		return WEFT_LINK_NFLOG;
	case DLT_IEEE802_11:
		return WEFT_LINK_IEEE80211;
	case DLT_IEEE802_11_RADIO:
		return WEFT_LINK_RADIOTAP;
	default:
		return -1;
	}
}

static void decode_frame(const struct wf_frame *frame)
{
	static const enum weft_checksum modes[] = {WEFT_CHECKSUM_VERIFY, WEFT_CHECKSUM_AUTO,
						   WEFT_CHECKSUM_IGNORE};
	struct decoded decoded;

	for (int m = 0; m < 3; m++) {
		decoded_init(&decoded, frame, modes[m]);
		decoded_fini(&decoded);
	}
	if (decoded.result == WF_DECODE_TCP &&
	    decoded.packet.payload_bytes > totals.payload_max_bytes)
		totals.payload_max_bytes = decoded.packet.payload_bytes;
	totals.results[decoded.result]++;
	totals.frames++;
}

static int decode_file(const char *path, const struct stat *stat, int kind, struct FTW *ftw)
{
	char error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const uint8_t *bytes;
	pcap_t *pcap;

	if (kind != FTW_F || (only && strcmp(path + ftw->base, only)))
		return 0;
	pcap = pcap_open_offline(path, error);
	if (!pcap)
		return 0;
	totals.files++;
	while (pcap_next_ex(pcap, &header, &bytes) == 1) {
		struct wf_frame frame = {
			.bytes = bytes,
			.cap_bytes = header->caplen,
			.wire_bytes = header->len,
			.link = (uint16_t)link_of(pcap_datalink(pcap)),
		};

		if (link_of(pcap_datalink(pcap)) >= 0)
			decode_frame(&frame);
	}
	pcap_close(pcap);
	return 0;
}

/* @file: name of the file to read in all folders of captures; NULL: all files. */
static void decode_captures(const char *corpus, const char *file)
{
	char path[4096];

	memset(&totals, 0, sizeof(totals));
	only = file;
	snprintf(path, sizeof(path), "%s/captures", corpus);
	assert_int_equal(nftw(path, decode_file, 16, FTW_PHYS), 0);
	assert_int_not_equal(totals.files, 0);
}

TEST(corpus_every_frame_decodes_within_its_bounds)
{
	decode_captures(corpus_folder(), NULL);
	print_message("# %u files, %u frames: %u TCP, %u fragments, %u other, %u malformed\n",
		      totals.files, totals.frames, totals.results[WF_DECODE_TCP],
		      totals.results[WF_DECODE_FRAGMENT], totals.results[WF_DECODE_NOT_TCP],
		      totals.results[WF_DECODE_MALFORMED]);
	assert_int_not_equal(totals.results[WF_DECODE_TCP], 0);
}

/*
 * Asserts that every frame of @file, which has a segment of 4000 bytes with an IP length of 0, is
 * decoded as a segment.
 */
static void assert_offloaded_segment(const char *file)
{
	decode_captures(OWN_CORPUS, file);
	assert_int_equal(totals.results[WF_DECODE_TCP], totals.frames);
	assert_int_equal(totals.payload_max_bytes, 4000);
}

TEST(corpus_offloaded_ipv4_segment_is_read)
{
	assert_offloaded_segment("offloaded-ipv4.pcap");
}

TEST(corpus_offloaded_ipv6_segment_is_read)
{
	assert_offloaded_segment("offloaded-ipv6.pcap");
}
