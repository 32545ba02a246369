// SPDX-License-Identifier: BSD-2-Clause
/*
 * fuzz_bus.c - reads any bytes as the headers and the body of a message on NATS: what is accepted
 * must be valid, and give a name of a stream file that contains no '/', '\' or '%' and is not "..".
 * Reads the subject also as a reply subject of JetStream.
 *
 *   input: subject and headers, separated by zero bytes, then the body; a header "-" is missing
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bus/message.h"
#include "collect/delivery.h"
#include "sink/format/stream_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check(const struct wf_bus_message *message)
{
	struct wf_stream_number number = {.number = message->peers.use,
					  .by_tenant = wf_stream_has_tenant(&message->peers)};
	char name[WF_STREAM_NAME_BYTES];
	char id[WF_BUS_MSG_ID_BYTES];

	require(message->kind < WF_BUS_KIND_COUNT && message->dir < WEFT_DIR_COUNT);
	require(message->off <= WF_BUS_OFFSET_MAX);
	require(message->off + message->len_bytes <= WF_BUS_OFFSET_MAX);
	require(message->kind != WF_BUS_DATA || message->len_bytes == message->body_bytes);
	require(wf_bus_sensor_is(message->flow.sensor));
	for (int dir = 0; dir < WEFT_DIR_COUNT; dir++) {
		wf_stream_name(&message->peers, (enum weft_dir)dir, number, name);
		require(wf_stream_name_is(name) && !strpbrk(name, "/%\\") && strcmp(name, ".."));
	}
	require(wf_bus_partition(&message->peers, 16) < 16);
	wf_bus_message_id(message, id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wf_bus_texts texts = {.subject = ""};
	struct wf_bus_message message;
	struct wf_delivery delivery;
	/* The copy ends with a zero byte, so that ASan detects a read beyond it. */
	char *copy = malloc(size + 1);
	char *pos = copy, *end = copy + size;

	require(copy != NULL);
	memcpy(copy, data, size);
	*end = '\0';
	texts.subject = pos;
	for (int i = 0; i < WF_BUS_HEADER_COUNT; i++) {
		pos += strlen(pos);
		pos += pos < end;
		texts.header[i] = strcmp(pos, "-") ? pos : NULL;
	}
	pos += strlen(pos);
	pos += pos < end;
	texts.body = pos;
	texts.body_bytes = (size_t)(end - pos);
	if (wf_bus_texts_parse(&texts, &message) == WF_BUS_FAULT_NONE)
		check(&message);
	wf_delivery_parse(copy, &delivery);
	free(copy);
	return 0;
}
