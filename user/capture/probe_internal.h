/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe_internal.h - telling a finding, for probe_host.c and probe_interface.c.
 */
#ifndef WF_CAPTURE_PROBE_INTERNAL_H
#define WF_CAPTURE_PROBE_INTERNAL_H

#include <weft/probe.h>

/** struct wf_probe - who is told, and what to do about the finding that is told next */
struct wf_probe {
	weft_probe_fn fn;
	void *ctx;
	char advice[256];
};

/* Tells one finding; @probe's advice goes with it unless all is well, and is then empty. */
void wf_probe_tell(struct wf_probe *probe, const char *name, enum weft_probe_status status,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Sets the advice for the next finding. */
void wf_probe_advise(struct wf_probe *probe, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
