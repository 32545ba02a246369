// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_unread.c - counts of EtherTypes and ports, their sum over workers, and the metrics.
 */
#include "unit/support/test.h"

#include <string.h>

#include "metrics/metrics.h"
#include "unit/support/decode_kinds.h"
#include "unread/unread.h"

static struct packet_builder pb;
static struct wf_unread unread, other;
static struct wf_metrics metrics;
static const struct wf_decoder decoder = {.checksum = WEFT_CHECKSUM_IGNORE};

static int setup(void **state)
{
	memset(&unread, 0, sizeof(unread));
	memset(&other, 0, sizeof(other));
	memset(&metrics, 0, sizeof(metrics));
	return 0;
}

static void note_ethertype(struct wf_unread *to, uint16_t ethertype, int frames)
{
	struct wf_frame frame;

	pb_init(&pb);
	pb_ethernet(&pb);
	pb_tag(&pb, ethertype, "\0\1\2\3", 4, 0);
	pb_finish(&pb);
	pb_frame(&pb, 0, &frame);
	for (int i = 0; i < frames; i++)
		wf_unread_note(to, &decoder, &frame);
}

static void build_kind(const char *name, struct wf_frame *ret_frame)
{
	for (unsigned int i = 0; i < decode_kinds_count; i++)
		if (!strcmp(decode_kinds[i].name, name))
			decode_kind_build(&decode_kinds[i], &pb);
	pb_frame(&pb, 0, ret_frame);
}

TEST_WITH(unread_reports_the_most_frequent_ethertype, setup, NULL)
{
	note_ethertype(&unread, 0x0806, 3);
	note_ethertype(&unread, 0x88f7, 5);
	wf_unread_report(&unread, &metrics);
	assert_int_equal(wf_metric_get(&metrics, unread_examined_frames), 8);
	assert_int_equal(wf_metric_get(&metrics, unread_ethertype_frames), 5);
	assert_int_equal(wf_metric_get(&metrics, unread_ethertype_number), 0x88f7);
	assert_int_equal(wf_metric_get(&metrics, unread_vxlan_frames), 0);
}

TEST_WITH(unread_sums_workers, setup, NULL)
{
	note_ethertype(&unread, 0x0806, 3);
	note_ethertype(&other, 0x0806, 4);
	note_ethertype(&other, 0x88f7, 5);
	wf_unread_add(&unread, &other);
	wf_unread_report(&unread, &metrics);
	assert_int_equal(wf_metric_get(&metrics, unread_examined_frames), 12);
	assert_int_equal(wf_metric_get(&metrics, unread_ethertype_frames), 7);
	assert_int_equal(wf_metric_get(&metrics, unread_ethertype_number), 0x0806);
}

TEST_WITH(unread_reports_tunnels_with_their_ports, setup, NULL)
{
	struct wf_frame frame;

	build_kind("vxlan", &frame);
	pb_put16(pb_at(&pb, PB_UDP, 0) + 2, 10800);
	wf_unread_note(&unread, &decoder, &frame);
	build_kind("lisp", &frame);
	pb_put16(pb_at(&pb, PB_UDP, 0) + 2, 4342);
	wf_unread_note(&unread, &decoder, &frame);
	wf_unread_report(&unread, &metrics);
	assert_int_equal(wf_metric_get(&metrics, unread_vxlan_frames), 1);
	assert_int_equal(wf_metric_get(&metrics, unread_vxlan_port), 10800);
	assert_int_equal(wf_metric_get(&metrics, unread_tunnel_frames), 1);
	assert_int_equal(wf_metric_get(&metrics, unread_tunnel_port), 4342);
	assert_int_equal(wf_metric_get(&metrics, unread_tunnel_usual_port), 4341);
}

/* The kernel programs don't read LISP, and leave its frames to the host. */
TEST_WITH(unread_passed_frame_with_tcp_is_for_user_space, setup, NULL)
{
	struct wf_frame frame;

	build_kind("lisp", &frame);
	wf_unread_note_passed(&unread, &decoder, &frame);
	wf_unread_report(&unread, &metrics);
	assert_int_equal(wf_metric_get(&metrics, unread_user_frames), 1);
}

/*
 * More EtherTypes than slots: the frequent one keeps its slot, and its count does not exceed the
 * true number.
 */
TEST_WITH(unread_full_slots_keep_the_frequent, setup, NULL)
{
	for (uint16_t i = 0; i < 50; i++) {
		note_ethertype(&unread, 0x88f7, 10);
		note_ethertype(&unread, (uint16_t)(0x7000 + i), 1);
	}
	wf_unread_report(&unread, &metrics);
	assert_int_equal(wf_metric_get(&metrics, unread_ethertype_number), 0x88f7);
	assert_in_range(wf_metric_get(&metrics, unread_ethertype_frames), 450, 500);
}

TEST_WITH(unread_later_frames_are_a_sample, setup, NULL)
{
	note_ethertype(&unread, 0x88f7, WF_UNREAD_ALL_FRAMES + 100 * WF_UNREAD_EVERY);
	wf_unread_report(&unread, &metrics);
	assert_int_equal(wf_metric_get(&metrics, unread_examined_frames),
			 WF_UNREAD_ALL_FRAMES + 100);
}
