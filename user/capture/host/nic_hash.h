/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nic_hash.h - how a NIC spreads packets over its queues, as ethtool tells it, and whether both
 * directions of every connection surely come in on one queue. Thread: any.
 */
#ifndef WF_CAPTURE_HOST_NIC_HASH_H
#define WF_CAPTURE_HOST_NIC_HASH_H

#include <stdbool.h>
#include <stdint.h>

enum {
	WF_NIC_KEY_BYTES_MAX = 64,
	WF_NIC_ENTRIES_MAX = 4096, /* a table with more is one that can't be read */
};

/* Newer than the headers of Debian 12: bits of input_xfrm, since Linux 6.8 and 6.17. */
#define WF_NIC_XFRM_XOR	   (1u << 0)
#define WF_NIC_XFRM_OR_XOR (1u << 1)

/* What ethtool tells; what it doesn't is 0. */
struct wf_nic_hash {
	uint32_t queues;
	uint8_t function; /* one bit: 0 Toeplitz, 1 xor, 2 CRC32 */
	uint8_t xfrm;	  /* of source and destination, before the hash */
	uint32_t key_bytes;
	uint8_t key[WF_NIC_KEY_BYTES_MAX];
	uint32_t entries_count;
	uint32_t entries[WF_NIC_ENTRIES_MAX]; /* a queue each */
	bool fields_known;
	uint32_t fields[2]; /* that are hashed of TCP over IPv4, over IPv6: RXH_* */
};

enum wf_nic_symmetry {
	WF_NIC_UNKNOWN = 0, /* it doesn't tell, or tells what weft doesn't know */
	WF_NIC_ASYMMETRIC,
	WF_NIC_SYMMETRIC,
};

/* Return: 0; -EOPNOTSUPP: the driver does not tell; other negative errno. */
int wf_nic_hash_read(const char *ifname, struct wf_nic_hash *ret_hash);

/* @ret_ports: are ports hashed too, of IPv4, of IPv6. Written if it is symmetric. */
enum wf_nic_symmetry wf_nic_hash_judge(const struct wf_nic_hash *hash, bool ret_ports[2]);

/* Does the key give both directions of a connection one hash? It repeats itself then. */
bool wf_nic_hash_key_is_symmetric(const struct wf_nic_hash *hash);

/* The commands that would make it symmetric. @text: at least 300 bytes. */
void wf_nic_hash_advise(const struct wf_nic_hash *hash, const char *ifname, char *text,
			uint32_t text_bytes);

#endif
