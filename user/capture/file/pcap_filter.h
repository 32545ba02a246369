/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_filter.h - a filter in tcpdump's syntax, compiled by libpcap once per link type.
 *
 * Thread: any. A filter does not change after it was made, so several threads may match frames with
 * it at the same time; its owner frees it when no thread uses it any more.
 */
#ifndef WF_CAPTURE_FILE_PCAP_FILTER_H
#define WF_CAPTURE_FILE_PCAP_FILTER_H

#include <stdbool.h>
#include <stddef.h>

struct bpf_program;
struct wf_frame;
struct wf_pcap_filter;

/*
 * Compile @expression for the link type @dlt. @ret_why: libpcap's reason, PCAP_ERRBUF_SIZE bytes.
 * Return: 0; -EINVAL if it does not compile; -ENOMEM.
 */
int wf_pcap_compile(const char *expression, int dlt, struct bpf_program *ret_program,
		    char *ret_why);

/*
 * Compile @expression for each link type. Return: 0; -EINVAL if it compiles neither for Ethernet
 * nor for raw IP (libpcap's reason is logged); -ENOMEM.
 */
int wf_pcap_filter_new(const char *expression, struct wf_pcap_filter **ret_filter);

/*
 * Check that @expression compiles; nothing is logged. Return: as wf_pcap_filter_new(); libpcap's
 * reason is in @ret_why if it returns -EINVAL.
 */
int wf_pcap_filter_check(const char *expression, char *ret_why, size_t why_bytes);

void wf_pcap_filter_free(struct wf_pcap_filter *filter);

/* Return true if @frame matches; false if the expression does not compile for its link type. */
bool wf_pcap_filter_match(const struct wf_pcap_filter *filter, const struct wf_frame *frame);

#endif
