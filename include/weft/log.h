/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.h - where the library's messages go. It never prints by itself.
 */
#ifndef WEFT_LOG_H
#define WEFT_LOG_H

#include <weft/api.h>

WEFT_BEGIN_DECLS

enum weft_log_level {
	WEFT_LOG_ERROR = 0, /* something the caller asked for failed; said once, by who gives up */
	WEFT_LOG_WARN,	    /* goes on, but otherwise than asked */
	WEFT_LOG_INFO,
	WEFT_LOG_DEBUG,
};

/**
 * weft_log_fn - take one message
 * @level:   how grave
 * @message: one line, without newline, "module: what: why"; lent for the call
 * @ctx:     as given to weft_log_set()
 *
 * Thread: any; calls may overlap.
 */
typedef void (*weft_log_fn)(enum weft_log_level level, const char *message, void *ctx);

/**
 * weft_log_set() - name the receiver of messages, for the whole process
 * @fn:  NULL: messages are dropped (the default)
 * @ctx: handed to each call, never touched
 *
 * Thread: before any other call of the library, or while no handle exists.
 */
void weft_log_set(weft_log_fn fn, void *ctx);

WEFT_END_DECLS

#endif
