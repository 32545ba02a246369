// SPDX-License-Identifier: BSD-2-Clause
/*
 * xdp_cost.c - measures the cost of the XDP program per packet, and compares it with a minimal
 * steering program.
 *
 *   xdp_cost [--rounds N] [--repeat N]
 *
 * BPF_PROG_RUN runs each contender --repeat times per round. All contenders run in turn for
 * --rounds rounds, so that other load affects them equally. The programs are not attached, so no
 * packet is sent. xdp_cost.bpf.c describes the contenders.
 *
 * Each line has: contender, ns per packet, and the ratio to the "minimal" program, which gets
 * frames of the same IP version without tags and tunnels, of one flow, 1,000 or 30,000 flows; then
 * both figures minus the cost of an empty program in the same loop. The costs of the parts do not
 * add up: in the whole program the processor executes parts in parallel, or a part (the clock)
 * waits for others.
 *
 * All runs of a contender use the same packet, so the flow of a data segment has a map entry and a
 * hot-flow slot, like nearly all packets of few busy flows. In the lines with a number of flows,
 * flows take turns, and some have no slot; with 100,000 flows they have no entry either. The maps
 * have the sizes for the default memory limit, or for one of 2 GiB, which has more slots.
 */
#include "unit/support/packet_builder.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <getopt.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bpf/shared.h"
#include "capture/live/xdp_attach.h"
#include "packet/packet.h"
#include "skel/steer.skel.h"
#include "skel/xdp_cost.skel.h"

enum {
	ROUNDS = 100,
	ROUNDS_MAX = 1000,
	REPEAT = 10000,
	WARM_UP = 1000,
	DATA_BYTES = 64,
	VERIFIER_INSNS_MAX = 1000000, /* the kernel's BPF_COMPLEXITY_LIMIT_INSNS */
	FILTERED_PORT = 9,
};

static const uint64_t LARGE_BYTES = 2ull << 30;

static const struct weft_hash_secret secret = {
	.key = {0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89}};

#define V4 "10.0.0.1", "10.0.0.2"
#define V6 "2001:db8::1", "2001:db8::2"

/* ---- frames ---- */

static void build(struct packet_builder *pb, const char *src, const char *dst, uint16_t flags,
		  uint16_t tag)
{
	const struct pb_tcp tcp = {.src_port = 40000, .dst_port = 80, .flags = flags};

	pb_init(pb);
	pb_ethernet(pb);
	if (tag)
		pb_vlan(pb, 0x8100, tag);
	pb_ip(pb, src, dst);
	pb_tcp(pb, &tcp);
	pb_data(pb, NULL, flags & WF_TCP_SYN ? 0 : DATA_BYTES);
	pb_finish(pb);
}

static void build_v4(struct packet_builder *pb)
{
	build(pb, V4, WF_TCP_ACK, 0);
}

static void build_v6(struct packet_builder *pb)
{
	build(pb, V6, WF_TCP_ACK, 0);
}

static void build_vlan(struct packet_builder *pb)
{
	build(pb, V4, WF_TCP_ACK, 42);
}

static void build_syn(struct packet_builder *pb)
{
	build(pb, "10.0.0.3", "10.0.0.4", WF_TCP_SYN, 0);
}

static void build_vxlan(struct packet_builder *pb)
{
	const struct pb_tcp tcp = {.src_port = 40000, .dst_port = 80, .flags = WF_TCP_ACK};

	pb_init(pb);
	pb_ethernet(pb);
	pb_ip(pb, "192.0.2.1", "192.0.2.2");
	pb_udp(pb, 50000, 4789);
	pb_vxlan(pb, 7);
	pb_ethernet(pb);
	pb_ip(pb, V4);
	pb_tcp(pb, &tcp);
	pb_data(pb, NULL, DATA_BYTES);
	pb_finish(pb);
}

static void build_udp(struct packet_builder *pb)
{
	pb_init(pb);
	pb_ethernet(pb);
	pb_ip(pb, V4);
	pb_udp(pb, 40000, 53);
	pb_data(pb, NULL, DATA_BYTES);
	pb_finish(pb);
}

/* ---- contenders ---- */

enum kind {
	KIND_PART = 0, /* a program of xdp_cost.bpf.c */
	KIND_STEER,
	KIND_LARGE,    /* as KIND_STEER, with a memory limit of 2 GiB */
	KIND_FILTERED, /* a port filter that excludes the frame */
	KIND_SHUNTED,
};

/* Index of the contenders with which others are compared. */
enum {
	EMPTY,
	MINIMAL,
	MINIMAL6,
	EMPTY_SOME,
	MINIMAL_SOME,
	EMPTY_MANY,
	MINIMAL_MANY,
	STEER,
};

/* Numbers of flows that take turns, which is the worst case for a cache. */
enum {
	SOME = 1000,   /* nearly all flows have a slot */
	MANY = 30000,  /* most flows have a slot, and all are in the flow map */
	LOTS = 100000, /* exceeds the flow map: each packet has a new flow */
};

static const struct contender {
	const char *name;
	enum kind kind;
	const char *program; /* used for KIND_PART */
	void (*build)(struct packet_builder *pb);
	uint32_t action;      /* expected result */
	unsigned int minimal; /* index of the "minimal" contender for the ratio */
	unsigned int empty;   /* index of the empty contender; 0: EMPTY */
	uint32_t flows;	      /* number of flows that take turns; 0: one */
} contenders[] = {
	[EMPTY] = {"empty", KIND_PART, "cost_empty", build_v4, XDP_PASS, MINIMAL},
	[MINIMAL] = {"minimal, IPv4", KIND_PART, "cost_minimal", build_v4, XDP_REDIRECT, MINIMAL},
	[MINIMAL6] = {"minimal, IPv6", KIND_PART, "cost_minimal", build_v6, XDP_REDIRECT, MINIMAL6},
	[EMPTY_SOME] = {"empty, 1,000 flows", KIND_PART, "cost_empty", build_v4, XDP_PASS,
			MINIMAL_SOME, EMPTY_SOME, SOME},
	[MINIMAL_SOME] = {"minimal, 1,000 flows", KIND_PART, "cost_minimal", build_v4, XDP_REDIRECT,
			  MINIMAL_SOME, EMPTY_SOME, SOME},
	[EMPTY_MANY] = {"empty, 30,000 flows", KIND_PART, "cost_empty", build_v4, XDP_PASS,
			MINIMAL_MANY, EMPTY_MANY, MANY},
	[MINIMAL_MANY] = {"minimal, 30,000 flows", KIND_PART, "cost_minimal", build_v4,
			  XDP_REDIRECT, MINIMAL_MANY, EMPTY_MANY, MANY},
	[STEER] = {"steer, IPv4", KIND_STEER, NULL, build_v4, XDP_REDIRECT, MINIMAL},
	{"steer, IPv6", KIND_STEER, NULL, build_v6, XDP_REDIRECT, MINIMAL6},
	{"steer, VLAN", KIND_STEER, NULL, build_vlan, XDP_REDIRECT, MINIMAL},
	{"steer, VXLAN", KIND_STEER, NULL, build_vxlan, XDP_REDIRECT, MINIMAL},
	{"steer, SYN", KIND_STEER, NULL, build_syn, XDP_REDIRECT, MINIMAL},
	{"shunted", KIND_SHUNTED, NULL, build_v4, XDP_PASS, MINIMAL},
	{"filtered by port", KIND_FILTERED, NULL, build_v4, XDP_PASS, MINIMAL},
	{"passed, UDP", KIND_STEER, NULL, build_udp, XDP_PASS, MINIMAL},
	{"steer, 100 flows", KIND_STEER, NULL, build_v4, XDP_REDIRECT, MINIMAL_SOME, EMPTY_SOME,
	 100},
	{"steer, 300 flows", KIND_STEER, NULL, build_v4, XDP_REDIRECT, MINIMAL_SOME, EMPTY_SOME,
	 300},
	{"steer, 1,000 flows", KIND_STEER, NULL, build_v4, XDP_REDIRECT, MINIMAL_SOME, EMPTY_SOME,
	 SOME},
	{"steer, 10,000 flows", KIND_STEER, NULL, build_v4, XDP_REDIRECT, MINIMAL_SOME, EMPTY_SOME,
	 10000},
	{"steer, 30,000 flows", KIND_STEER, NULL, build_v4, XDP_REDIRECT, MINIMAL_MANY, EMPTY_MANY,
	 MANY},
	{"steer, 100,000 flows", KIND_STEER, NULL, build_v4, XDP_REDIRECT, MINIMAL_MANY, EMPTY_MANY,
	 LOTS},
	{"30,000 flows, 2 GiB", KIND_LARGE, NULL, build_v4, XDP_REDIRECT, MINIMAL_MANY, EMPTY_MANY,
	 MANY},
	{"100,000 flows, 2 GiB", KIND_LARGE, NULL, build_v4, XDP_REDIRECT, MINIMAL_MANY, EMPTY_MANY,
	 LOTS},
	{"part: clock", KIND_PART, "cost_clock", build_v4, XDP_PASS, MINIMAL},
	{"part: flow look-up", KIND_PART, "cost_flow", build_v4, XDP_PASS, MINIMAL},
	{"part: metadata", KIND_PART, "cost_meta", build_v4, XDP_PASS, MINIMAL},
	{"part: redirect", KIND_PART, "cost_redirect", build_v4, XDP_REDIRECT, MINIMAL},
	{"part: counters", KIND_PART, "cost_count", build_v4, XDP_PASS, MINIMAL},
};

enum { CONTENDERS = sizeof(contenders) / sizeof(contenders[0]) };

static struct entrant {
	struct packet_builder pb;
	struct xdp_cost_bpf *skel; /* owned */
	struct wf_xdp xdp;	   /* owned */
	uint32_t rounds_ns[ROUNDS_MAX];
} entrants[CONTENDERS];

static int xsk_fd; /* not bound: the program returns a redirect, but no frame is redirected */

static int set_program(const struct entrant *entrant, const struct bpf_program *program)
{
	const uint32_t zero = 0;
	int fd = program ? bpf_program__fd(program) : -ENOENT;

	if (fd < 0)
		return fd;
	return bpf_map_update_elem(bpf_map__fd(entrant->skel->maps.cost_program), &zero, &fd, 0);
}

static int load_parts(const struct entrant *entrant, uint32_t flows)
{
	const struct weft_flow_value value = {0};
	const struct xdp_cost_bpf *skel = entrant->skel;
	const uint32_t zero = 0;
	int err;

	memcpy((void *)&skel->rodata->cost_secret, &secret, sizeof(secret));
	skel->rodata->cost_flow_count = flows ? flows : 1;
	err = xdp_cost_bpf__load(entrant->skel);
	if (!err)
		err = bpf_map_update_elem(bpf_map__fd(skel->maps.cost_xsks), &zero, &xsk_fd, 0);
	if (!err)
		err = bpf_map_update_elem(bpf_map__fd(skel->maps.cost_flows),
					  (const void *)&skel->rodata->cost_key, &value, 0);
	return err;
}

static int load_steer(struct entrant *entrant, enum kind kind)
{
	static const uint16_t ports[] = {FILTERED_PORT};
	const struct weft_interface_opts iface = {
		.sz = sizeof(iface),
		.ports = ports,
		.ports_count = kind == KIND_FILTERED,
	};
	const struct wf_map_wants wants = {
		.limit_bytes = kind == KIND_LARGE ? LARGE_BYTES : (uint64_t)WEFT_MEMORY_MB << 20,
		.flows_max = WEFT_FLOWS_MAX,
		.interfaces = 1,
		.cpus = wf_hot_flows_cpus(),
	};
	struct wf_xdp_opts opts = {
		.iface = &iface,
		.secret = &secret,
		.workers = 1,
		.queues = 1,
		.frame_max_bytes = 4096,
	};
	int err;

	wf_map_sizes_choose(&wants, &opts.maps);
	entrant->xdp.link_fd = -1;
	err = wf_xdp_load(&entrant->xdp, &opts);

	return err ? err : wf_xdp_set_socket(&entrant->xdp, 0, xsk_fd);
}

static int run(const struct entrant *entrant, uint32_t repeat, uint32_t *ret_ns,
	       uint32_t *ret_action)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = entrant->pb.bytes,
		    .data_size_in = (uint32_t)entrant->pb.len_bytes, .repeat = (int)repeat);
	int err = bpf_prog_test_run_opts(bpf_program__fd(entrant->skel->progs.cost_run), &opts);

	*ret_ns = opts.duration;
	*ret_action = opts.retval;
	return err;
}

/* Bypasses the only flow in the flow map of @entrant, after its first packet. */
static int shunt(const struct entrant *entrant)
{
	struct weft_verdict_request request = {
		.verdict = {WEFT_VERDICT_SHUNT, WEFT_VERDICT_SHUNT},
	};
	uint32_t ns, action;
	int err = run(entrant, 1, &ns, &action);

	if (!err)
		err = bpf_map_get_next_key(bpf_map__fd(entrant->xdp.skel->maps.weft_flows), NULL,
					   &request.key);
	return err ? err : wf_kernel_maps_set_verdict(&entrant->xdp.maps, &request);
}

static int open_entrant(struct entrant *entrant, const struct contender *contender)
{
	const struct bpf_program *program;
	uint32_t ns, action;
	int err;

	contender->build(&entrant->pb);
	entrant->skel = xdp_cost_bpf__open();
	if (!entrant->skel)
		return -errno;
	err = load_parts(entrant, contender->flows);
	if (!err && contender->kind != KIND_PART)
		err = load_steer(entrant, contender->kind);
	if (err)
		return err;
	program = contender->kind == KIND_PART
			  ? bpf_object__find_program_by_name(entrant->skel->obj, contender->program)
			  : entrant->xdp.skel->progs.weft_steer;
	err = set_program(entrant, program);
	if (!err && contender->kind == KIND_SHUNTED)
		err = shunt(entrant);
	if (!err)
		err = run(entrant, WARM_UP + 2 * contender->flows, &ns, &action);
	return err || action == contender->action ? err : -EPROTO;
}

static int open_all(void)
{
	xsk_fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (xsk_fd < 0)
		return -errno;
	for (unsigned int i = 0; i < CONTENDERS; i++) {
		int err = open_entrant(&entrants[i], &contenders[i]);

		if (err) {
			fprintf(stderr, "xdp_cost: %s: %s\n", contenders[i].name, strerror(-err));
			return err;
		}
	}
	return 0;
}

static void close_all(void)
{
	for (unsigned int i = 0; i < CONTENDERS; i++) {
		wf_xdp_unload(&entrants[i].xdp);
		xdp_cost_bpf__destroy(entrants[i].skel);
	}
	if (xsk_fd >= 0)
		close(xsk_fd);
}

/* ---- figures ---- */

static int measure(unsigned int rounds, uint32_t repeat)
{
	uint32_t action;
	int err = 0;

	for (unsigned int round = 0; round < rounds; round++)
		for (unsigned int i = 0; !err && i < CONTENDERS; i++)
			err = run(&entrants[i], repeat, &entrants[i].rounds_ns[round], &action);
	return err;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * Returns the mean of the middle half of all rounds: a single round has whole ns only, and may
 * include other load.
 */
static double middle(double *figures, unsigned int count)
{
	unsigned int from = count / 4, to = count - from;
	double sum = 0;

	qsort(figures, count, sizeof(*figures), compare);
	for (unsigned int i = from; i < to; i++)
		sum += figures[i];
	return sum / (to - from);
}

/*
 * Returns the ratio of @entrant's cost to that of @minimal, over all rounds. @base: its cost is
 * subtracted from both; NULL: nothing is subtracted.
 */
static double ratio(const struct entrant *entrant, const struct entrant *minimal,
		    const struct entrant *base, unsigned int rounds)
{
	double ratios[ROUNDS_MAX];
	unsigned int count = 0;

	for (unsigned int i = 0; i < rounds; i++) {
		double less = base ? base->rounds_ns[i] : 0;

		if (minimal->rounds_ns[i] > less)
			ratios[count++] =
				(entrant->rounds_ns[i] - less) / (minimal->rounds_ns[i] - less);
	}
	return count ? middle(ratios, count) : 0;
}

static double cost_ns(const struct entrant *entrant, unsigned int rounds)
{
	double ns[ROUNDS_MAX];

	for (unsigned int i = 0; i < rounds; i++)
		ns[i] = entrant->rounds_ns[i];
	return middle(ns, rounds);
}

static void report(unsigned int rounds)
{
	for (unsigned int i = 0; i < CONTENDERS; i++) {
		const struct entrant *minimal = &entrants[contenders[i].minimal];
		const struct entrant *empty = &entrants[contenders[i].empty];

		printf("xdp %-22s %5.1f ns  %4.2f x minimal; without empty's %5.1f ns, %5.2f x\n",
		       contenders[i].name, cost_ns(&entrants[i], rounds),
		       ratio(&entrants[i], minimal, NULL, rounds),
		       cost_ns(&entrants[i], rounds) - cost_ns(empty, rounds),
		       ratio(&entrants[i], minimal, empty, rounds));
	}
}

/* Prints the verifier's figures, which kernels since 5.16 report. */
static void report_verifier(void)
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(entrants[STEER].xdp.skel->progs.weft_steer),
				   &info, &len) ||
	    !info.verified_insns)
		return;
	printf("xdp weft_steer: the verifier looked at %u instructions, limit %u; %u bytes of machine "
	       "code\n",
	       info.verified_insns, VERIFIER_INSNS_MAX, info.jited_prog_len);
}

static int parse_options(int argc, char **argv, unsigned int *ret_rounds, uint32_t *ret_repeat)
{
	static const struct option options[] = {
		{"rounds", required_argument, NULL, 'r'},
		{"repeat", required_argument, NULL, 'n'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'r')
			*ret_rounds = (unsigned int)strtoul(optarg, NULL, 0);
		else if (option == 'n')
			*ret_repeat = (uint32_t)strtoul(optarg, NULL, 0);
		else
			return -EINVAL;
	}
	return optind == argc && *ret_rounds && *ret_rounds <= ROUNDS_MAX && *ret_repeat ? 0
											 : -EINVAL;
}

int main(int argc, char **argv)
{
	unsigned int rounds = ROUNDS;
	uint32_t repeat = REPEAT;
	int err;

	if (parse_options(argc, argv, &rounds, &repeat)) {
		fprintf(stderr, "usage: xdp_cost [--rounds 1..%d] [--repeat N]\n", ROUNDS_MAX);
		return 2;
	}
	if (geteuid() != 0) {
		fprintf(stderr, "xdp_cost: needs root\n");
		return 4;
	}
	err = open_all();
	if (!err)
		err = measure(rounds, repeat);
	if (!err) {
		report(rounds);
		report_verifier();
	} else {
		fprintf(stderr, "xdp_cost: %s\n", strerror(-err));
	}
	close_all();
	return err != 0;
}
