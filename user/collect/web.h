/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web.h - the HTTP server of a collector: GET /metrics and GET /health.
 */
#ifndef WF_COLLECT_WEB_H
#define WF_COLLECT_WEB_H

#include <weft/log.h>

#include "collect/disk/counts.h"

struct wf_http;

/*
 * Listen on @listen and start the thread; wf_http_close() ends it. @ret_error:
 * WF_COLLECT_ERROR_BYTES bytes. Return: 0; negative errno.
 */
int wf_collect_web_open(const char *listen, const struct wf_collect_counts *counts, weft_log_fn log,
			void *log_ctx, struct wf_http **ret_http, char *ret_error);

#endif
