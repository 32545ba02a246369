// SPDX-License-Identifier: BSD-2-Clause
/*
 * delivery.c - parses the reply subject of a message from JetStream.
 */
#include "collect/delivery.h"

#include <errno.h>
#include <string.h>

#include "bus/names.h"

enum {
	FIELDS_SHORT = 7, /* without domain, account and token */
	FIELDS_LONG = 10,
	FIELDS_MAX = 12,
	TEXT_BYTES = 512,
};

int wf_delivery_parse(const char *text, struct wf_delivery *ret_delivery)
{
	char copy[TEXT_BYTES], *rest = copy, *field[FIELDS_MAX] = {NULL};
	struct wf_delivery subject = {.consumer = ""};
	int count = 0, first;

	if (strncmp(text, "$JS.ACK.", 8) || strlen(text + 8) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, text + 8);
	while (rest && count < FIELDS_MAX)
		field[count++] = strsep(&rest, ".");
	if (count != FIELDS_SHORT && count < FIELDS_LONG)
		return -EINVAL;
	first = count == FIELDS_SHORT ? 1 : 3;
	if (strlen(field[first]) >= sizeof(subject.consumer))
		return -EINVAL;
	strcpy(subject.consumer, field[first]);
	if (wf_bus_u64_parse(field[first + 2], UINT64_MAX, &subject.stream_seq) ||
	    wf_bus_u64_parse(field[first + 3], UINT64_MAX, &subject.consumer_seq) ||
	    wf_bus_u64_parse(field[first + 5], UINT64_MAX, &subject.pending))
		return -EINVAL;
	*ret_delivery = subject;
	return 0;
}
