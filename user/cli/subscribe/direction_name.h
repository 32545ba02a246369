/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * direction_name.h - the name of one direction of a connection, which is also the name of its
 * stream file.
 */
#ifndef WF_CLI_SUBSCRIBE_DIRECTION_NAME_H
#define WF_CLI_SUBSCRIBE_DIRECTION_NAME_H

#include <weft/flow.h>

#include "sink/format/stream_name.h"

enum { WF_DIRECTION_NAME_BYTES = WF_STREAM_NAME_BYTES };

/*
 * Write the name to @ret_name (WF_DIRECTION_NAME_BYTES bytes): that of wf_stream_name(), or the id
 * of the connection if its addresses are not known. Return: @ret_name.
 */
char *wf_direction_name(const struct weft_flow *flow, enum weft_dir dir, char *ret_name);

#endif
