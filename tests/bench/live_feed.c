// SPDX-License-Identifier: BSD-2-Clause
/*
 * live_feed.c - sends valid TCP segments fast into a veth: many flows, each in order.
 *
 *   live_feed IFACE [--flows N] [--payload BYTES] [--seconds S] [--frames N] [--pps N]
 *             [--syns N] [--lead-syns N]
 *
 * --pps: frames per second; default: as many as possible. --frames: number of frames to send; with
 * it, --seconds has no effect. --syns: number of single SYNs before each frame of a flow.
 * --lead-syns: number of single SYNs before the first frame. SYNs count as frames.
 *
 * The other end of IFACE must have an XDP program or GRO. live_feed runs feed.bpf.c with
 * BPF_F_TEST_XDP_LIVE_FRAMES, so the kernel sends the frames. Output:
 *
 *   frames SENT seconds S pps N payload_bytes SENT
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <getopt.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "skel/feed.skel.h"

enum {
	ETH_BYTES = 14,
	HEADERS_BYTES = 54, /* Ethernet, IPv4, TCP */
	PAYLOAD_BYTES_MAX = 1446,
	CALL_FRAMES = 1 << 15,
	CALLS_PER_SEC = 20, /* only with --pps; each call costs about 25 ms */
	BATCH_FRAMES = 64,
	TURNS_FIRST = 3, /* number of frames of a handshake */
	DATA_TURNS = 8,
	CYCLE_TURNS = 9,
};

struct feed {
	const char *ifname;
	uint32_t flows;
	uint32_t payload;
	double seconds;
	uint64_t frames; /* 0: unlimited */
	uint64_t lead_syns;
	uint32_t syns;
	uint32_t pps; /* 0: unlimited */
	uint8_t frame[HEADERS_BYTES + PAYLOAD_BYTES_MAX];
};

/* Sets the constant fields of the frame; feed.bpf.c writes the others. */
static void build_frame(struct feed *feed)
{
	uint8_t *eth = feed->frame, *ip = eth + ETH_BYTES;

	memcpy(eth, "\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0", ETH_BYTES);
	ip[0] = 0x45;
	ip[6] = 0x40; /* flag "don't fragment" */
	ip[8] = 64;
	ip[9] = 6;
	for (uint32_t i = 0; i < feed->payload; i++)
		feed->frame[HEADERS_BYTES + i] = (uint8_t)('a' + i % 26);
}

static uint32_t payload_sum(const struct feed *feed)
{
	const uint8_t *payload = feed->frame + HEADERS_BYTES;
	uint32_t sum = 0;

	for (uint32_t i = 0; i < feed->payload; i += 2) {
		uint16_t word;

		memcpy(&word, payload + i, sizeof(word));
		sum += word;
	}
	return (sum & 0xffff) + (sum >> 16);
}

static struct feed_bpf *load(const struct feed *feed)
{
	struct feed_bpf *skel = feed_bpf__open();

	if (!skel)
		return NULL;
	skel->rodata->feed_ifindex = if_nametoindex(feed->ifname);
	skel->rodata->feed_flows = feed->flows;
	skel->rodata->feed_syns = feed->syns;
	skel->rodata->feed_lead_syns = feed->lead_syns;
	skel->rodata->feed_payload = feed->payload;
	skel->rodata->feed_payload_sum = payload_sum(feed);
	if (feed_bpf__load(skel)) {
		feed_bpf__destroy(skel);
		return NULL;
	}
	return skel;
}

static int send_frames(const struct feed *feed, const struct feed_bpf *skel, uint32_t count)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = feed->frame,
		    .data_size_in = HEADERS_BYTES + feed->payload, .repeat = (int)count,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH_FRAMES);

	return bpf_prog_test_run_opts(bpf_program__fd(skel->progs.weft_feed), &opts);
}

/* Returns the number of data segments among the first @sent frames. */
static uint64_t data_frames(const struct feed *feed, uint64_t sent)
{
	uint64_t frames =
		sent > feed->lead_syns ? (sent - feed->lead_syns) / (feed->syns + 1ull) : 0;
	uint64_t first = (uint64_t)feed->flows * TURNS_FIRST;
	uint64_t cycle = (uint64_t)feed->flows * CYCLE_TURNS;
	uint64_t rest = frames > first ? frames - first : 0;
	uint64_t data = rest / cycle * feed->flows * DATA_TURNS;
	uint64_t last = rest % cycle;

	return data + (last < (uint64_t)feed->flows * DATA_TURNS
			       ? last
			       : (uint64_t)feed->flows * DATA_TURNS);
}

/*
 * Returns the number of frames to send in the next call. With --pps, these are the frames of a
 * twentieth of a second, and the function waits until they are due.
 */
static uint32_t next_count(const struct feed *feed, uint64_t start_ns, uint64_t sent)
{
	uint64_t most = feed->pps ? feed->pps / CALLS_PER_SEC + 1 : CALL_FRAMES;
	uint64_t left = feed->frames ? feed->frames - sent : most;
	uint64_t due_ns = start_ns + (feed->pps ? sent * 1000000000ull / feed->pps : 0);
	uint64_t now_ns = wf_clock_monotonic_ns();
	struct timespec wait;

	if (due_ns > now_ns) {
		wait.tv_sec = (time_t)((due_ns - now_ns) / 1000000000);
		wait.tv_nsec = (long)((due_ns - now_ns) % 1000000000);
		nanosleep(&wait, NULL);
	}
	return (uint32_t)(left < most ? left : most);
}

static int run(const struct feed *feed, const struct feed_bpf *skel)
{
	uint64_t start = wf_clock_monotonic_ns();
	uint64_t end = start + (uint64_t)(feed->seconds * 1e9);
	uint64_t sent = 0;
	double seconds;

	while (feed->frames ? sent < feed->frames : wf_clock_monotonic_ns() < end) {
		uint32_t count = next_count(feed, start, sent);
		int err = send_frames(feed, skel, count);

		if (err) {
			fprintf(stderr, "live_feed: %s: %s\n", feed->ifname, strerror(-err));
			return 1;
		}
		sent += count;
	}
	seconds = (double)(wf_clock_monotonic_ns() - start) / 1e9;
	printf("frames %llu seconds %.3f pps %.0f payload_bytes %llu\n", (unsigned long long)sent,
	       seconds, (double)sent / seconds,
	       (unsigned long long)(data_frames(feed, sent) * feed->payload));
	return 0;
}

static int parse_options(int argc, char **argv, struct feed *feed)
{
	static const struct option options[] = {
		{"flows", required_argument, NULL, 'f'},
		{"payload", required_argument, NULL, 'p'},
		{"seconds", required_argument, NULL, 's'},
		{"frames", required_argument, NULL, 'n'},
		{"pps", required_argument, NULL, 'r'},
		{"syns", required_argument, NULL, 'y'},
		{"lead-syns", required_argument, NULL, 'l'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			feed->flows = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'p':
			feed->payload = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 's':
			feed->seconds = strtod(optarg, NULL);
			break;
		case 'n':
			feed->frames = strtoull(optarg, NULL, 0);
			break;
		case 'r':
			feed->pps = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'y':
			feed->syns = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'l':
			feed->lead_syns = strtoull(optarg, NULL, 0);
			break;
		default:
			return -EINVAL;
		}
	}
	if (optind + 1 != argc || !feed->flows || !feed->payload ||
	    feed->payload > PAYLOAD_BYTES_MAX)
		return -EINVAL;
	feed->ifname = argv[optind];
	return 0;
}

int main(int argc, char **argv)
{
	static struct feed feed = {.flows = 1000, .payload = PAYLOAD_BYTES_MAX, .seconds = 5};
	struct feed_bpf *skel;
	int status;

	if (parse_options(argc, argv, &feed)) {
		fprintf(stderr,
			"usage: live_feed IFACE [--flows N] [--payload 1..%d] "
			"[--seconds S] [--frames N] [--pps N] [--syns N] [--lead-syns N]\n",
			PAYLOAD_BYTES_MAX);
		return 2;
	}
	build_frame(&feed);
	skel = load(&feed);
	if (!skel) {
		fprintf(stderr, "live_feed: %s: can't load the program: %s\n", feed.ifname,
			strerror(errno));
		return 4;
	}
	status = run(&feed, skel);
	feed_bpf__destroy(skel);
	return status;
}
