// SPDX-License-Identifier: BSD-2-Clause
/* packet_text.c - prints packets in the form in which tests write the packets that they expect. */
#include "unit/support/packet_text.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "sink/format/pcapng_out.h"
#include "sink/format/tcp_frame.h"
#include "unit/support/test.h"

static uint32_t u32_at(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static char *put_tcp(char *end, const uint8_t *tcp, size_t payload_bytes)
{
	bool to_server = ntohs(*(const uint16_t *)tcp) == 40000;
	static const char letters[] = "FSRPA";

	end += sprintf(end, "%c ", to_server ? '>' : '<');
	for (int i = 0; i < 5; i++)
		if (tcp[13] & 1 << i)
			*end++ = letters[i];
	end += sprintf(end, " %u %u", ntohl(u32_at(tcp + 4)), ntohl(u32_at(tcp + 8)));
	if (payload_bytes > 40)
		end += sprintf(end, " (%zu)", payload_bytes);
	else if (payload_bytes)
		end += sprintf(end, " [%.*s]", (int)payload_bytes,
			       (const char *)tcp + (tcp[12] >> 4) * 4);
	return end;
}

void packet_text(const uint8_t *bytes, size_t len, char *text)
{
	size_t block_bytes;

	for (size_t at = 0; at < len; at += block_bytes) {
		const uint8_t *block = bytes + at;
		size_t frame_bytes;
		const uint8_t *frame = wf_pcapng_out_frame_of(block, &frame_bytes);
		size_t options = 28 + ((frame_bytes + 3) & ~3ul);

		block_bytes = wf_pcapng_out_block_bytes(block, len - at);
		assert_int_not_equal(block_bytes, 0);
		if (u32_at(block) == 0x0a0d0d0a)
			text += sprintf(text, "SECTION\n");
		if (!frame)
			continue;
		text = put_tcp(text, frame + 34, wf_tcp_frame_payload_bytes(frame, frame_bytes));
		if (options + 4 < block_bytes)
			text += sprintf(text, " # %.*s", (int)(u32_at(block + options) >> 16),
					(const char *)block + options + 4);
		text += sprintf(text, "\n");
	}
	*text = 0;
}
