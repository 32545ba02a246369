// SPDX-License-Identifier: BSD-2-Clause
/*
 * test_nothing_found.c - the line with the reasons why no frame, or few frames, led to connections.
 */
#include "unit/support/test.h"

#include <string.h>

#include <weft/weft.h>

#include "agent/watch/nothing_found.h"

static char text[1024];

static bool has_line(const struct wf_nothing_counts *counts)
{
	text[0] = '\0';
	return wf_nothing_found_line(counts, text, sizeof(text));
}

/* A renamed metric would be read as 0, and no line would be written. */
TEST(nothing_found_reads_metrics_that_exist)
{
	struct wf_nothing_counts counts;
	struct weft *weft;

	assert_int_equal(weft_new(NULL, &weft), 0);
	assert_true(wf_nothing_found_read(weft, &counts));
	weft_free(weft);
}

TEST(nothing_found_says_nothing_about_nothing)
{
	assert_false(has_line(&(struct wf_nothing_counts){.frames = 0}));
	assert_false(has_line(
		&(struct wf_nothing_counts){.frames = 10, .processed = 10, .connections = 1}));
	/* Excluding most frames is the purpose of a filter, so no line is needed. */
	assert_false(has_line(&(struct wf_nothing_counts){
		.frames = 1000, .processed = 1, .filtered = 999, .connections = 1}));
}

TEST(nothing_found_names_each_number)
{
	assert_true(has_line(&(struct wf_nothing_counts){.frames = 15,
							 .filtered = 5,
							 .behind = 3,
							 .not_tcp = 4,
							 .checksum = 3,
							 .malformed = 2,
							 .fragments = 3,
							 .rebuilt = 2,
							 .processed = 1}));
	assert_non_null(strstr(text, "0 connections in 15 frames: 5 do not match the filter, "
				     "of which 3 carry TCP behind VLAN tags"));
	assert_non_null(strstr(text, "; 4 carry no TCP"));
	assert_non_null(strstr(text, "; 3 have wrong checksums (try --checksum ignore)"));
	assert_non_null(strstr(text, "; 1 are IP fragments of datagrams that were not"));
	assert_non_null(strstr(text, "; 2 have headers that are invalid or cut"));
	assert_non_null(strstr(text, "; 1 are TCP segments without data"));
}

TEST(nothing_found_nearly_all_frames_are_useless)
{
	assert_true(has_line(&(struct wf_nothing_counts){
		.frames = 1000, .not_tcp = 990, .processed = 10, .connections = 2}));
	assert_non_null(strstr(text, "2 connections in 1000 frames: 990 carry no TCP"));
	assert_false(has_line(&(struct wf_nothing_counts){
		.frames = 1000, .not_tcp = 989, .processed = 11, .connections = 2}));
}

TEST(nothing_found_names_tunnels_and_ethertypes)
{
	assert_true(has_line(&(struct wf_nothing_counts){.frames = 10000,
							 .not_tcp = 10000,
							 .examined = 10000,
							 .vxlan_frames = 9000,
							 .vxlan_port = 10800,
							 .tunnel_frames = 500,
							 .tunnel_port = 2153,
							 .tunnel_usual_port = 2152,
							 .ethertype_frames = 400,
							 .ethertype = 0x88f7}));
	assert_non_null(
		strstr(text, "0 connections in 10000 frames: 10000 carry no TCP that weft can "
			     "find (of 10000 that were examined, 9000 carry TCP in VXLAN to UDP "
			     "port 10800 (try --vxlan-ports 10800), 500 carry TCP in GTP-U to UDP "
			     "port 2153, which weft reads on port 2152 only, 400 have EtherType "
			     "0x88f7, which weft does not read)"));
}

/*
 * A few ARP frames are not named. TCP in tunnels is reported beside other connections if it is in
 * at least a tenth of the frames.
 */
TEST(nothing_found_few_frames_are_not_named)
{
	assert_true(has_line(&(struct wf_nothing_counts){.frames = 1000,
							 .not_tcp = 1000,
							 .examined = 1000,
							 .ethertype_frames = 19,
							 .ethertype = 0x0806}));
	assert_null(strstr(text, "0x0806"));
	assert_false(has_line(&(struct wf_nothing_counts){.frames = 1000,
							  .processed = 900,
							  .connections = 9,
							  .not_tcp = 100,
							  .examined = 100,
							  .geneve_frames = 99,
							  .geneve_port = 6000}));
	assert_true(has_line(&(struct wf_nothing_counts){.frames = 1000,
							 .processed = 900,
							 .connections = 9,
							 .not_tcp = 100,
							 .examined = 100,
							 .geneve_frames = 100,
							 .geneve_port = 6000}));
	assert_non_null(
		strstr(text, "9 connections in 1000 frames: 100 carry no TCP that weft can "
			     "find (of 100 that were examined, 100 carry TCP in GENEVE to UDP port "
			     "6000 (try --geneve-ports 6000))"));
}

/* Live: the kernel's counts give the reasons for frames that it did not steer. */
TEST(nothing_found_live)
{
	assert_true(has_line(&(struct wf_nothing_counts){
		.kernel = 500, .kernel_passed = 400, .kernel_filtered = 100}));
	assert_non_null(strstr(text, "0 connections in 500 frames: 100 are excluded by "
				     "filter.ports"));
	assert_non_null(strstr(text, "; 400 carry no TCP that the kernel program can find"));
}

TEST(nothing_found_short_buffer_is_not_overrun)
{
	const struct wf_nothing_counts counts = {.frames = 15, .filtered = 15, .behind = 15};
	char small[24];

	memset(small, 'x', sizeof(small));
	assert_true(wf_nothing_found_line(&counts, small, 16));
	assert_int_equal(strlen(small), 15);
	assert_int_equal(small[16], 'x');
}
