// SPDX-License-Identifier: BSD-2-Clause
/*
 * other_program.c - attaches a BPF program that is not weft's to an interface, until a signal.
 *
 *   other_program xdp|tcx IFACE
 *   other_program filter IFACE PRIORITY HANDLE
 *
 * xdp: a program that passes every frame, attached by a bpf_link. tcx: a program on ingress and on
 * egress that ends the chain, so that later programs see no frames. filter: the same as tcx with tc
 * filters; the qdisc must exist already. All modes print "attached" when the program is attached.
 * With filter, other_program then ends at once, because tc filters stay attached.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The headers of Debian 12 do not define these. */
enum { TCX_INGRESS = 46, TCX_EGRESS = 47, RETURN_XDP_PASS = 2, RETURN_TCX_PASS = 0 };

static int load(enum bpf_prog_type type, const char *name, int result)
{
	const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = result},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(type, name, "GPL", insns, 2, NULL);
}

static int attach(int program, int ifindex, int where)
{
	return bpf_link_create(program, ifindex, (enum bpf_attach_type)where, NULL);
}

static int attach_filter(int program, int ifindex, enum bpf_tc_attach_point point, char **args)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = program,
		    .priority = (uint32_t)strtoul(args[0], NULL, 0),
		    .handle = (uint32_t)strtoul(args[1], NULL, 0));

	errno = -bpf_tc_attach(&hook, &opts);
	return errno;
}

int main(int argc, char **argv)
{
	int ifindex = argc >= 3 ? (int)if_nametoindex(argv[2]) : 0;
	int program, failed;

	if (!ifindex || argc != (strcmp(argv[1], "filter") ? 3 : 5)) {
		fprintf(stderr, "usage: other_program xdp|tcx IFACE\n"
				"       other_program filter IFACE PRIORITY HANDLE\n");
		return 2;
	}
	if (!strcmp(argv[1], "xdp")) {
		program = load(BPF_PROG_TYPE_XDP, "other_xdp", RETURN_XDP_PASS);
		failed = attach(program, ifindex, BPF_XDP) < 0;
	} else if (!strcmp(argv[1], "filter")) {
		program = load(BPF_PROG_TYPE_SCHED_CLS, "other_filter", RETURN_TCX_PASS);
		failed = attach_filter(program, ifindex, BPF_TC_INGRESS, argv + 3) ||
			 attach_filter(program, ifindex, BPF_TC_EGRESS, argv + 3);
	} else {
		program = load(BPF_PROG_TYPE_SCHED_CLS, "other_tcx", RETURN_TCX_PASS);
		failed = attach(program, ifindex, TCX_INGRESS) < 0 ||
			 attach(program, ifindex, TCX_EGRESS) < 0;
	}
	if (failed) {
		fprintf(stderr, "other_program: %s: %s\n", argv[2], strerror(errno));
		return 1;
	}
	puts("attached");
	fflush(stdout);
	if (strcmp(argv[1], "filter") != 0)
		pause();
	return 0;
}
