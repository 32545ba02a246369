/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.h - passes one-line messages to the function that the application set with weft_log_set().
 *
 * Code on the packet path counts events instead of logging them. It logs only rare ones, such as
 * the end of a subscription. Format of a message: "module: what: why".
 */
#ifndef WF_BASE_LOG_H
#define WF_BASE_LOG_H

#include <weft/log.h>

enum { WF_LOG_BYTES = 1024 }; /* maximum size of a message, with its NUL */

void wf_log(enum weft_log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Return the last message of level ERROR of the calling thread, or the text that replaced it; "" if
 * there was none. Valid until the thread's next error or wf_log_set_last_error().
 */
const char *wf_log_last_error(void);

/*
 * Replace the last error of the calling thread: by "" before a call whose error is to be reported,
 * or by an error that another thread logged.
 */
void wf_log_set_last_error(const char *text);

#define wf_error(...) wf_log(WEFT_LOG_ERROR, __VA_ARGS__)
#define wf_warn(...)  wf_log(WEFT_LOG_WARN, __VA_ARGS__)
#define wf_info(...)  wf_log(WEFT_LOG_INFO, __VA_ARGS__)
#define wf_debug(...) wf_log(WEFT_LOG_DEBUG, __VA_ARGS__)

#endif
