/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.h - the callback that receives the messages of the library. The library itself prints
 * nothing.
 */
#ifndef WEFT_LOG_H
#define WEFT_LOG_H

#include <weft/api.h>

WEFT_BEGIN_DECLS

enum weft_log_level {
	WEFT_LOG_ERROR = 0, /* a requested action has failed */
	WEFT_LOG_WARN,	    /* the library goes on without a part of what was requested */
	WEFT_LOG_INFO,
	WEFT_LOG_DEBUG,
};

/**
 * weft_log_fn - receive one message
 * @level:   its severity
 * @message: one line without newline, such as "module: action: reason"; lent for the call
 * @ctx:     the argument of weft_log_set()
 *
 * Thread: any; calls may overlap.
 */
typedef void (*weft_log_fn)(enum weft_log_level level, const char *message, void *ctx);

/**
 * weft_log_set() - set the receiver of messages, for the whole process
 * @fn:  NULL: messages are dropped (the default)
 * @ctx: borrowed; passed to each call of @fn
 *
 * Thread: any, before any other call of the library, or while no handle exists. Memory: none.
 */
void weft_log_set(weft_log_fn fn, void *ctx);

WEFT_END_DECLS

#endif
