/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nic_hash.h - reads a NIC's hash, which chooses the queue of a packet, and judges whether both
 * directions of each connection arrive on one queue. Thread: any.
 */
#ifndef WF_CAPTURE_HOST_NIC_HASH_H
#define WF_CAPTURE_HOST_NIC_HASH_H

#include <stdbool.h>
#include <stdint.h>

enum {
	WF_NIC_KEY_BYTES_MAX = 64,
	WF_NIC_ENTRIES_MAX = 4096, /* maximum size of the indirection table */
};

/* Bits of input_xfrm (RXH_XFRM_*), which the headers of Debian 12 do not define. */
#define WF_NIC_XFRM_XOR	   (1u << 0)
#define WF_NIC_XFRM_OR_XOR (1u << 1)

/* The hash as reported by ethtool; a value that is not reported is 0. */
struct wf_nic_hash {
	uint32_t queues;
	uint8_t function; /* hash function, one bit is set; bit 0: Toeplitz, 1: xor, 2: CRC32 */
	uint8_t xfrm;	  /* transformation of source and destination before hashing */
	uint32_t key_bytes;
	uint8_t key[WF_NIC_KEY_BYTES_MAX];
	uint32_t entries_count;
	uint32_t entries[WF_NIC_ENTRIES_MAX]; /* indirection table: queue number of each entry */
	bool fields_known;
	uint32_t fields[2]; /* RXH_*: hashed fields of TCP over IPv4 [0] and over IPv6 [1] */
};

enum wf_nic_symmetry {
	WF_NIC_UNKNOWN = 0, /* symmetry is unknown: values are not reported or not known to weft */
	WF_NIC_ASYMMETRIC,
	WF_NIC_SYMMETRIC,
};

/*
 * Read the hash. Return: 0 on success; -EOPNOTSUPP if the driver does not report it; other negative
 * errno.
 */
int wf_nic_hash_read(const char *ifname, struct wf_nic_hash *ret_hash);

/*
 * Judge the symmetry of @hash. @ret_ports: whether ports are hashed, for IPv4 [0] and IPv6 [1];
 * written only if the hash is symmetric.
 */
enum wf_nic_symmetry wf_nic_hash_judge(const struct wf_nic_hash *hash, bool ret_ports[2]);

/*
 * Return true if the key repeats every 16 bits, so that both directions get the same Toeplitz hash.
 */
bool wf_nic_hash_key_is_symmetric(const struct wf_nic_hash *hash);

/* Write the commands that make the hash symmetric. @text: at least 320 bytes. */
void wf_nic_hash_advise(const struct wf_nic_hash *hash, const char *ifname, char *text,
			uint32_t text_bytes);

#endif
