// SPDX-License-Identifier: BSD-2-Clause
/*
 * flow_text.c - implements weft/text.h.
 */
#include <weft/text.h>

#include <arpa/inet.h>
#include <endian.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

_Static_assert(WEFT_ADDR_TEXT_BYTES == INET6_ADDRSTRLEN, "room for any address");

static bool is_ipv4(const uint8_t *addr)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return !memcmp(addr, mapped, sizeof(mapped));
}

static char *put_decimal(char *end, uint8_t byte)
{
	if (byte >= 100)
		*end++ = (char)('0' + byte / 100);
	if (byte >= 10)
		*end++ = (char)('0' + byte / 10 % 10);
	*end++ = (char)('0' + byte % 10);
	return end;
}

/* Each event has two addresses, and inet_ntop() takes ten times as long for IPv4. */
static void ipv4_text(const uint8_t *addr, char *ret_text)
{
	char *end = put_decimal(ret_text, addr[0]);

	for (int i = 1; i < 4; i++) {
		*end++ = '.';
		end = put_decimal(end, addr[i]);
	}
	*end = '\0';
}

char *weft_addr_text(const uint8_t *addr, char *ret_text)
{
	if (is_ipv4(addr))
		ipv4_text(addr + 12, ret_text);
	else
		inet_ntop(AF_INET6, addr, ret_text, WEFT_ADDR_TEXT_BYTES);
	return ret_text;
}

char *weft_flow_text(const struct weft_flow *flow, char *ret_text)
{
	bool is_v4 = is_ipv4(flow->src_addr) && is_ipv4(flow->dst_addr);
	const char *format = is_v4 ? "%s:%u > %s:%u" : "[%s]:%u > [%s]:%u";
	char src[WEFT_ADDR_TEXT_BYTES];
	char dst[WEFT_ADDR_TEXT_BYTES];

	snprintf(ret_text, WEFT_FLOW_TEXT_BYTES, format, weft_addr_text(flow->src_addr, src),
		 flow->src_port, weft_addr_text(flow->dst_addr, dst), flow->dst_port);
	return ret_text;
}

static size_t append(uint8_t *bytes, size_t len, const void *what, size_t what_len)
{
	memcpy(bytes + len, what, what_len);
	return len + what_len;
}

char *weft_community_id(const struct weft_flow *flow, char *ret_text)
{
	size_t skip = flow->ip_version == 4 ? 12 : 0, addr_len = 16 - skip;
	int order = memcmp(flow->src_addr + skip, flow->dst_addr + skip, addr_len);
	bool swap = order > 0 || (!order && flow->src_port > flow->dst_port);
	uint16_t ports[2] = {htobe16(swap ? flow->dst_port : flow->src_port),
			     htobe16(swap ? flow->src_port : flow->dst_port)};
	uint8_t protocol[2] = {IPPROTO_TCP, 0};
	/* the first two bytes are the seed of the Community ID, 0 */
	uint8_t bytes[2 + 2 * 16 + 2 + 4] = {0};
	uint8_t digest[SHA_DIGEST_LENGTH];
	size_t len = 2;

	len = append(bytes, len, (swap ? flow->dst_addr : flow->src_addr) + skip, addr_len);
	len = append(bytes, len, (swap ? flow->src_addr : flow->dst_addr) + skip, addr_len);
	len = append(bytes, len, protocol, sizeof(protocol));
	len = append(bytes, len, ports, sizeof(ports));

	SHA1(bytes, len, digest);
	memcpy(ret_text, "1:", 2);
	EVP_EncodeBlock((unsigned char *)ret_text + 2, digest, sizeof(digest));
	return ret_text;
}
