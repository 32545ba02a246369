/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * last_error.h - keeps the text of the last error of a handle, for weft_last_error().
 *
 *   wf_api_begin();
 *   return wf_api_end(weft, "weft_start", wf_engine_start(weft->engine));
 *
 * The text is the last message of level ERROR that the calling thread logged during the call. If
 * the call fails without one, wf_api_end() makes one. Thread: any.
 */
#ifndef WF_API_LAST_ERROR_H
#define WF_API_LAST_ERROR_H

struct weft;

/* Begin a public call whose error weft_last_error() reports. */
void wf_api_begin(void);

/*
 * End the call with the result @err. @weft: NULL if there is no handle yet; the text is then kept
 * for the calling thread only. @call: name of the function. Return: @err.
 */
int wf_api_end(struct weft *weft, const char *call, int err);

#endif
