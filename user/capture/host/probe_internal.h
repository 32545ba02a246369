/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe_internal.h - the facts from which findings are derived, and functions that report a
 * finding.
 *
 * probe_host.c and probe_interface.c read facts; probe_judge.c derives findings from them.
 */
#ifndef WF_CAPTURE_HOST_PROBE_INTERNAL_H
#define WF_CAPTURE_HOST_PROBE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <weft/probe.h>

#include "capture/hook/tc_stale.h"
#include "capture/host/kernel_features.h"
#include "capture/host/netdev_features.h"
#include "capture/host/nic_hash.h"
#include "capture/host/xdp_other.h"

/* Callback that receives findings, and the advice that the next finding includes. */
struct wf_probe {
	weft_probe_fn fn;
	void *ctx;
	const struct wf_kernel_feature_row *feature; /* feature of the next finding; NULL: none */
	char advice[384];
};

/* Facts about a host. */
struct wf_probe_host_facts {
	const char *release; /* kernel release from uname(), e.g. "6.1.0-13-amd64" */
	const char *machine;
	bool has_bpffs;
	int jit; /* value of sysctl net.core.bpf_jit_enable; -1: can't be read */
	bool is_root;
	uint64_t memlock_bytes; /* limit of locked memory; UINT64_MAX: no limit */
	uint32_t huge_pages;	/* number of free huge pages of 2 MiB */
	uint32_t cpus;
	uint64_t memory_bytes;
};

/* Facts about an interface; a fact that is not reported is 0. */
struct wf_probe_nic_facts {
	const char *name;
	const char *driver;
	bool is_up;
	uint32_t mtu;
	bool has_long_sockets; /* AF_XDP sockets of this kernel support frames in several buffers */
	bool xdp_is_known;
	uint64_t xdp_features; /* bits of enum wf_xdp_feature */
	bool other_is_known;
	struct wf_xdp_other other;
	bool filters_are_known;
	struct wf_tc_own filters;
	uint32_t cpus;
	uint32_t queues;
	uint32_t queues_max;
	bool queues_combined; /* true: combined queues; false: separate receive queues */
	uint32_t ring;
	uint32_t ring_max;
	enum wf_feature_state lro;
	enum wf_feature_state gro_hw;
	enum wf_feature_state vlan; /* offload that removes VLAN tags */
	bool hash_is_known;
	struct wf_nic_hash hash; /* hash that chooses the queue of a packet */
};

/* Report the findings that follow from @facts. */
void wf_probe_judge_kernel(struct wf_probe *probe, const struct wf_probe_host_facts *facts);

/*
 * Report whether the kernel has the feature. @err: result of wf_kernel_try(). @release: release of
 * the tested kernel.
 */
void wf_probe_judge_feature(struct wf_probe *probe, const struct wf_kernel_feature_row *feature,
			    int err, const char *release);
void wf_probe_judge_host(struct wf_probe *probe, const struct wf_probe_host_facts *facts);
void wf_probe_judge_nic(struct wf_probe *probe, const struct wf_probe_nic_facts *facts);

/* Report one finding; include @probe's advice unless @status is OK. The advice is then cleared. */
void wf_probe_report(struct wf_probe *probe, const char *name, enum weft_probe_status status,
		     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Set the advice for the next finding. */
void wf_probe_advise(struct wf_probe *probe, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
