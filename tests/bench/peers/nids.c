// SPDX-License-Identifier: BSD-2-Clause
/* nids.c - reads a capture file with libnids and counts the bytes of all streams. */
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <nids.h>

static uint64_t total;

static void on_tcp(struct tcp_stream *stream, void **unused)
{
	(void)unused;
	switch (stream->nids_state) {
	case NIDS_JUST_EST:
		stream->client.collect++;
		stream->server.collect++;
		break;
	case NIDS_DATA:
		total += (uint64_t)(stream->client.count_new + stream->server.count_new);
		break;
	}
}

static void no_syslog(int type, int err, struct ip *iph, void *data)
{
	(void)type, (void)err, (void)iph, (void)data;
}

int main(int argc, char **argv)
{
	static struct nids_chksum_ctl no_checksums = {
		.netaddr = 0, .mask = 0, .action = NIDS_DONT_CHKSUM};

	if (argc != 2)
		return 2;
	nids_params.filename = argv[1];
	nids_params.scan_num_hosts = 0;
	nids_params.syslog = no_syslog;
	nids_params.n_tcp_streams = 65536;
	if (!nids_init()) {
		fprintf(stderr, "nids: %s\n", nids_errbuf);
		return 1;
	}
	nids_register_chksum_ctl(&no_checksums, 1);
	nids_register_tcp(on_tcp);
	nids_run();
	printf("bytes %llu\n", (unsigned long long)total);
	return 0;
}
