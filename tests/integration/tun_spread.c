// SPDX-License-Identifier: BSD-2-Clause
/*
 * tun_spread.c DEVICE - makes a tap device with several queues choose the queue by 2 * source port
 * + destination port, so that the two directions of most connections use different queues. By
 * default the device chooses by a symmetric hash. The setting lasts as long as the device. Only
 * IPv4 without options is supported.
 */
#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { SOURCE_PORT_OFF = 14 + 20, DEST_PORT_OFF = SOURCE_PORT_OFF + 2 };

static int load_chooser(void)
{
	static const struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 6, .src_reg = 1},
		{.code = BPF_LD | BPF_ABS | BPF_H, .imm = SOURCE_PORT_OFF},
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 7, .src_reg = 0},
		{.code = BPF_LD | BPF_ABS | BPF_H, .imm = DEST_PORT_OFF},
		{.code = BPF_ALU64 | BPF_ADD | BPF_X, .dst_reg = 0, .src_reg = 7},
		{.code = BPF_ALU64 | BPF_ADD | BPF_X, .dst_reg = 0, .src_reg = 7},
		{.code = BPF_JMP | BPF_EXIT},
	};

	return bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, "tun_spread", "GPL", insns,
			     sizeof(insns) / sizeof(insns[0]), NULL);
}

/* The program can be set only through a queue's descriptor: open another queue, closed at exit. */
static int open_queue(const char *name)
{
	struct ifreq ifreq = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	snprintf(ifreq.ifr_name, sizeof(ifreq.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifreq))
		return -1;
	return fd;
}

int main(int argc, char **argv)
{
	int prog_fd, queue_fd;

	if (argc != 2) {
		fprintf(stderr, "usage: tun_spread DEVICE\n");
		return 2;
	}
	prog_fd = load_chooser();
	queue_fd = open_queue(argv[1]);
	if (prog_fd < 0 || queue_fd < 0 || ioctl(queue_fd, TUNSETSTEERINGEBPF, &prog_fd)) {
		perror("tun_spread");
		return 1;
	}
	return 0;
}
