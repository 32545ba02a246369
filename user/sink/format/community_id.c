// SPDX-License-Identifier: BSD-2-Clause
/*
 * community_id.c - computes Community IDs with OpenSSL's SHA-1.
 *
 * The method and the context are created once, because looking them up costs more than hashing 40
 * bytes.
 */
#include "sink/format/community_id.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

enum { SHA1_BYTES = 20 };

struct wf_community_id {
	EVP_MD *method;
	EVP_MD_CTX *context;
	uint16_t seed;
};

/*
 * Return the reason why SHA-1 cannot be used: no memory, or the library does not offer it (for
 * example by policy).
 */
static int error_of_fetch(void)
{
	bool no_memory = ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;

	ERR_clear_error();
	return no_memory ? -ENOMEM : -ENOTSUP;
}

int wf_community_id_new(uint16_t seed, struct wf_community_id **ret_maker)
{
	struct wf_community_id *maker = calloc(1, sizeof(*maker));

	if (!maker)
		return -ENOMEM;
	maker->seed = seed;
	maker->method = EVP_MD_fetch(NULL, "SHA1", NULL);
	maker->context = EVP_MD_CTX_new();
	if (!maker->method || !maker->context) {
		int err = maker->method ? -ENOMEM : error_of_fetch();

		wf_community_id_free(maker);
		return err;
	}
	*ret_maker = maker;
	return 0;
}

void wf_community_id_free(struct wf_community_id *maker)
{
	if (!maker)
		return;
	EVP_MD_CTX_free(maker->context);
	EVP_MD_free(maker->method);
	free(maker);
}

static size_t append(uint8_t *bytes, size_t len, const void *what, size_t what_len)
{
	memcpy(bytes + len, what, what_len);
	return len + what_len;
}

void wf_community_id_text(struct wf_community_id *maker, const struct weft_flow *flow,
			  char *ret_text)
{
	size_t skip = flow->ip_version == 4 ? 12 : 0, addr_len = 16 - skip;
	int order = memcmp(flow->src_addr + skip, flow->dst_addr + skip, addr_len);
	bool swap = order > 0 || (!order && flow->src_port > flow->dst_port);
	uint16_t ports[2] = {htons(swap ? flow->dst_port : flow->src_port),
			     htons(swap ? flow->src_port : flow->dst_port)};
	uint8_t protocol[2] = {IPPROTO_TCP, 0};
	uint16_t seed = htons(maker->seed);
	uint8_t bytes[2 + 2 * 16 + 2 + 4];
	uint8_t digest[SHA1_BYTES];
	size_t len = 0;

	len = append(bytes, len, &seed, sizeof(seed));
	len = append(bytes, len, (swap ? flow->dst_addr : flow->src_addr) + skip, addr_len);
	len = append(bytes, len, (swap ? flow->src_addr : flow->dst_addr) + skip, addr_len);
	len = append(bytes, len, protocol, sizeof(protocol));
	len = append(bytes, len, ports, sizeof(ports));

	memcpy(ret_text, "1:", 3);
	if (EVP_DigestInit_ex(maker->context, maker->method, NULL) &&
	    EVP_DigestUpdate(maker->context, bytes, len) &&
	    EVP_DigestFinal_ex(maker->context, digest, NULL))
		EVP_EncodeBlock((unsigned char *)ret_text + 2, digest, sizeof(digest));
}
