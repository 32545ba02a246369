// SPDX-License-Identifier: BSD-2-Clause
/*
 * xsk_bare.c - measures the upper bound of live capture: an AF_XDP socket that returns each frame
 * at once.
 *
 *   xsk_bare IFACE      until SIGTERM; then prints:
 *
 *   seen N received N ring_full N fill_empty N bytes N
 *
 * Only queue 0 is used. The first bytes of each frame are read, because any receiver reads them.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xdp/xsk.h>

#include "skel/bare.skel.h"

enum { FRAME_BYTES = 4096, RING_FRAMES = 2048, FRAMES = 4096, BATCH = 64 };

struct bare {
	struct bare_bpf *skel;
	struct xsk_umem *umem;
	struct xsk_socket *socket;
	struct xsk_ring_prod fill;
	struct xsk_ring_cons completion;
	struct xsk_ring_cons rx;
	uint8_t *memory;
	int link_fd;
	uint64_t received;
	uint64_t bytes;
	uint64_t first_bytes; /* keeps the compiler from removing the reads */
};

static volatile sig_atomic_t stopping;

static void stop(int signal)
{
	stopping = 1;
}

static int open_socket(struct bare *bare, const char *ifname)
{
	const struct xsk_umem_config umem_config = {
		.fill_size = RING_FRAMES, .comp_size = RING_FRAMES, .frame_size = FRAME_BYTES};
	const struct xsk_socket_config config = {
		.rx_size = RING_FRAMES,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = XDP_USE_NEED_WAKEUP | XDP_COPY,
	};
	const size_t memory_bytes = (size_t)FRAMES * FRAME_BYTES;
	uint32_t slot = 0;
	int err;

	bare->memory = mmap(NULL, memory_bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (bare->memory == MAP_FAILED)
		return -errno;
	err = xsk_umem__create(&bare->umem, bare->memory, memory_bytes, &bare->fill,
			       &bare->completion, &umem_config);
	if (!err)
		err = xsk_socket__create(&bare->socket, ifname, 0, bare->umem, &bare->rx, NULL,
					 &config);
	if (err)
		return err;
	xsk_ring_prod__reserve(&bare->fill, RING_FRAMES, &slot);
	for (uint32_t i = 0; i < RING_FRAMES; i++)
		*xsk_ring_prod__fill_addr(&bare->fill, slot + i) = (uint64_t)i * FRAME_BYTES;
	xsk_ring_prod__submit(&bare->fill, RING_FRAMES);
	return 0;
}

static int attach(struct bare *bare, const char *ifname)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	const uint32_t queue = 0;
	int socket_fd = xsk_socket__fd(bare->socket);
	int err;

	bare->skel = bare_bpf__open_and_load();
	if (!bare->skel)
		return -errno;
	err = bpf_map_update_elem(bpf_map__fd(bare->skel->maps.bare_xsks), &queue, &socket_fd,
				  BPF_ANY);
	if (err)
		return err;
	bare->link_fd = bpf_link_create(bpf_program__fd(bare->skel->progs.weft_bare),
					(int)if_nametoindex(ifname), BPF_XDP, &opts);
	return bare->link_fd < 0 ? -errno : 0;
}

/* Return: false if no frame was available. */
static bool receive(struct bare *bare)
{
	uint32_t rx_slot = 0, fill_slot = 0;
	uint32_t count = xsk_ring_cons__peek(&bare->rx, BATCH, &rx_slot);

	if (!count)
		return false;
	/* The fill ring has room for all frames, because they were taken from it. */
	xsk_ring_prod__reserve(&bare->fill, count, &fill_slot);
	for (uint32_t i = 0; i < count; i++) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&bare->rx, rx_slot + i);

		bare->bytes += desc->len;
		bare->first_bytes += bare->memory[desc->addr];
		*xsk_ring_prod__fill_addr(&bare->fill, fill_slot + i) = desc->addr;
	}
	xsk_ring_prod__submit(&bare->fill, count);
	xsk_ring_cons__release(&bare->rx, count);
	bare->received += count;
	return true;
}

static void run(struct bare *bare)
{
	struct pollfd poll_fd = {.fd = xsk_socket__fd(bare->socket), .events = POLLIN};

	while (!stopping)
		if (!receive(bare))
			poll(&poll_fd, 1, 100);
	close(bare->link_fd);
	while (receive(bare))
		;
}

static void report(const struct bare *bare)
{
	struct xdp_statistics stats = {0};
	socklen_t len = sizeof(stats);

	getsockopt(xsk_socket__fd(bare->socket), SOL_XDP, XDP_STATISTICS, &stats, &len);
	printf("seen %llu received %llu ring_full %llu fill_empty %llu bytes %llu\n",
	       (unsigned long long)bare->skel->bss->bare_seen, (unsigned long long)bare->received,
	       (unsigned long long)stats.rx_ring_full, (unsigned long long)stats.rx_dropped,
	       (unsigned long long)bare->bytes);
}

int main(int argc, char **argv)
{
	static struct bare bare;
	int err;

	if (argc != 2) {
		fprintf(stderr, "usage: xsk_bare IFACE\n");
		return 2;
	}
	signal(SIGTERM, stop);
	signal(SIGINT, stop);
	err = open_socket(&bare, argv[1]);
	if (!err)
		err = attach(&bare, argv[1]);
	if (err) {
		fprintf(stderr, "xsk_bare: %s: %s\n", argv[1], strerror(-err));
		return 4;
	}
	fprintf(stderr, "xsk_bare: %s: ready\n", argv[1]);
	run(&bare);
	report(&bare);
	xsk_socket__delete(bare.socket);
	xsk_umem__delete(bare.umem);
	bare_bpf__destroy(bare.skel);
	munmap(bare.memory, (size_t)FRAMES * FRAME_BYTES);
	return 0;
}
