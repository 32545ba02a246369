/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.h - one-line messages to the function set with weft_log_set().
 *
 * The packet path never logs; it counts instead. Format of a message: "module: what: why".
 */
#ifndef WF_BASE_LOG_H
#define WF_BASE_LOG_H

#include <weft/log.h>

enum { WF_LOG_BYTES = 1024 }; /* maximum size of a message, with its NUL */

void wf_log(enum weft_log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Return the last message of level ERROR of the calling thread; "" if there was none. Valid until
 * the thread's next error.
 */
const char *wf_log_last_error(void);

/*
 * Replace the last error: by "" before a call whose error is reported, or by the error of another
 * thread.
 */
void wf_log_set_last_error(const char *text);

#define wf_error(...) wf_log(WEFT_LOG_ERROR, __VA_ARGS__)
#define wf_warn(...)  wf_log(WEFT_LOG_WARN, __VA_ARGS__)
#define wf_info(...)  wf_log(WEFT_LOG_INFO, __VA_ARGS__)
#define wf_debug(...) wf_log(WEFT_LOG_DEBUG, __VA_ARGS__)

#endif
