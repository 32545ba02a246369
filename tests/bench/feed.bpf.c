// SPDX-License-Identifier: GPL-2.0-only
/*
 * feed.bpf.c - writes one TCP segment per run and sends it from the interface feed_ifindex.
 *
 * Without SYNs of a flood, run n writes segment n / feed_flows of flow n % feed_flows:
 *
 *   0 SYN   1 SYN-ACK   2 ACK   then repeatedly: 8 data segments to the client, 1 ACK
 *
 * Each flow is in order and acknowledged, and has correct checksums. A flood of single SYNs, each
 * from a new source, uses further runs: feed_lead_syns SYNs precede the first segment, and
 * feed_syns SYNs precede each segment. The input frame of each run has the maximum length:
 * Ethernet, IPv4, TCP without options, feed_payload bytes of data.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define DATA_TURNS  8
#define CYCLE_TURNS 9

#define SERVER_ADDR 0xc6120001u /* 198.18.0.1 */
#define CLIENT_ADDR 0xc6130000u /* from 198.19.0.0 up */

#define FLOOD_ADDR 0x0b000000u /* from 11.0.0.0 up */
#define FLOOD_STEP 2654435761u /* odd, so each source occurs once before any repeats */

#define FLAG_SYN 0x02u
#define FLAG_ACK 0x10u

const volatile __u32 feed_ifindex;
const volatile __u32 feed_flows = 1;
const volatile __u32 feed_syns;
const volatile __u64 feed_lead_syns;
const volatile __u32 feed_payload;
const volatile __u32 feed_payload_sum; /* sum of the payload's 16-bit words in memory order */

__u64 feed_next; /* index of the next run */

struct segment {
	__u32 client_addr;
	__u16 client_port;
	__u32 seq;
	__u32 ack;
	__u32 flags;
	__u32 payload;
	__u32 from_client;
};

static __always_inline void describe(__u64 run, struct segment *segment)
{
	__u32 flow = run % feed_flows;
	__u64 turn = run / feed_flows;
	__u32 client_seq = flow * 2654435761u;
	__u32 server_seq = flow * 40503u + 12345;
	__u32 step;

	segment->client_addr = CLIENT_ADDR + (flow >> 15);
	segment->client_port = 1024 + (flow & 0x7fff);
	segment->payload = 0;
	segment->flags = FLAG_ACK;
	segment->from_client = turn != 1;
	segment->seq = client_seq + 1;
	segment->ack = server_seq + 1;
	if (turn == 0) {
		segment->flags = FLAG_SYN;
		segment->seq = client_seq;
		segment->ack = 0;
	} else if (turn == 1) {
		segment->flags = FLAG_SYN | FLAG_ACK;
		segment->seq = server_seq;
		segment->ack = client_seq + 1;
	} else if (turn > 2) {
		turn -= 3;
		step = turn % CYCLE_TURNS;
		segment->ack += (__u32)(turn / CYCLE_TURNS * DATA_TURNS + step) * feed_payload;
		if (step < DATA_TURNS) {
			segment->seq = segment->ack;
			segment->ack = client_seq + 1;
			segment->payload = feed_payload;
			segment->from_client = 0;
		}
	}
}

static __always_inline void describe_flood(__u64 syn, struct segment *segment)
{
	__u32 source = (__u32)syn * FLOOD_STEP;

	segment->client_addr = FLOOD_ADDR + (source >> 8);
	segment->client_port = 1024 + (source & 0xff);
	segment->payload = 0;
	segment->flags = FLAG_SYN;
	segment->from_client = 1;
	segment->seq = source;
	segment->ack = 0;
}

/* Describes the segment of run @run: a SYN of the flood, or the next segment of a flow. */
static __always_inline void describe_run(__u64 run, struct segment *segment)
{
	__u64 turn, place;

	if (run < feed_lead_syns) {
		describe_flood(run, segment);
		return;
	}
	turn = (run - feed_lead_syns) / (feed_syns + 1ull);
	place = (run - feed_lead_syns) % (feed_syns + 1ull);
	if (place < feed_syns)
		describe_flood(feed_lead_syns + turn * feed_syns + place, segment);
	else
		describe(turn, segment);
}

static __always_inline __u32 sum32(__be32 value)
{
	return (value & 0xffff) + (value >> 16);
}

static __always_inline __u16 fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __always_inline void write_ip(struct iphdr *ip, const struct segment *segment)
{
	__be32 client = bpf_htonl(segment->client_addr);
	__be32 server = bpf_htonl(SERVER_ADDR);
	__u32 sum;

	ip->tot_len = bpf_htons(sizeof(*ip) + sizeof(struct tcphdr) + segment->payload);
	ip->saddr = segment->from_client ? client : server;
	ip->daddr = segment->from_client ? server : client;
	sum = bpf_htons(0x4500) + ip->tot_len + bpf_htons(0x4000) + bpf_htons(64 << 8 | 6) +
	      sum32(client) + sum32(server);
	ip->check = fold(sum);
}

static __always_inline void write_tcp(struct tcphdr *tcp, const struct iphdr *ip,
				      const struct segment *segment)
{
	__be16 client = bpf_htons(segment->client_port);
	__be16 server = bpf_htons(80);
	__be16 window = bpf_htons(65535);
	__be16 flags = bpf_htons(5 << 12 | segment->flags);
	__u32 sum;

	tcp->source = segment->from_client ? client : server;
	tcp->dest = segment->from_client ? server : client;
	tcp->seq = bpf_htonl(segment->seq);
	tcp->ack_seq = bpf_htonl(segment->ack);
	((__be16 *)tcp)[6] = flags;
	tcp->window = window;
	tcp->urg_ptr = 0;
	sum = sum32(ip->saddr) + sum32(ip->daddr) + bpf_htons(IPPROTO_TCP) +
	      bpf_htons(sizeof(*tcp) + segment->payload) + client + server + sum32(tcp->seq) +
	      sum32(tcp->ack_seq) + flags + window;
	if (segment->payload)
		sum += feed_payload_sum;
	tcp->check = fold(sum);
}

SEC("xdp")
int weft_feed(struct xdp_md *ctx)
{
	struct iphdr *ip = (void *)(long)ctx->data + sizeof(struct ethhdr);
	struct tcphdr *tcp = (void *)(ip + 1);
	struct segment segment;

	if ((void *)(tcp + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	describe_run(feed_next, &segment);
	feed_next++;
	write_ip(ip, &segment);
	write_tcp(tcp, ip, &segment);
	if (segment.payload != feed_payload && bpf_xdp_adjust_tail(ctx, -(int)feed_payload))
		return XDP_ABORTED;
	return bpf_redirect(feed_ifindex, 0);
}

char feed_license[] SEC("license") = "GPL";
