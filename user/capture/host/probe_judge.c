// SPDX-License-Identifier: BSD-2-Clause
/*
 * probe_judge.c - derives findings from facts. A finding that is not OK comes with advice: a
 * command or a reason. This file reads nothing from the system.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <weft/limits.h>

#include "capture/host/probe_internal.h"
#include "capture/host/xdp_features.h"

enum { LINK_HEADER_BYTES = 22 /* length of an Ethernet header with two VLAN tags */ };

void wf_probe_report(struct wf_probe *probe, const char *name, enum weft_probe_status status,
		     const char *format, ...)
{
	char found[256];
	struct weft_probe finding = {.name = name, .status = status, .found = found};
	va_list args;

	va_start(args, format);
	vsnprintf(found, sizeof(found), format, args);
	va_end(args);
	finding.advice = status == WEFT_PROBE_OK ? "" : probe->advice;
	finding.since = probe->feature ? probe->feature->since : NULL;
	finding.without = probe->feature ? probe->feature->without : NULL;
	probe->fn(&finding, probe->ctx);
	probe->advice[0] = '\0';
}

void wf_probe_advise(struct wf_probe *probe, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(probe->advice, sizeof(probe->advice), format, args);
	va_end(args);
}

/* ---- host ---- */

void wf_probe_judge_kernel(struct wf_probe *probe, const struct wf_probe_host_facts *facts)
{
	bool is_supported = wf_kernel_is(facts->release, WF_KERNEL_OLDEST);

	wf_kernel_too_old(facts->release, probe->advice, sizeof(probe->advice));
	wf_probe_report(probe, "kernel", is_supported ? WEFT_PROBE_OK : WEFT_PROBE_FAIL,
			"Linux %s, %s", facts->release, facts->machine);
}

static void advise_on_feature(struct wf_probe *probe, const struct wf_kernel_feature_row *feature,
			      int err, const char *release)
{
	if (err == -EPERM)
		wf_probe_advise(probe, "run as root, or with CAP_BPF, CAP_NET_ADMIN and "
				       "CAP_NET_RAW");
	else if (wf_kernel_is(release, feature->since))
		wf_probe_advise(probe, "this kernel was built without the feature (%s)",
				strerror(-err));
	else
		wf_probe_advise(probe, "Linux %s or newer has this feature", feature->since);
}

void wf_probe_judge_feature(struct wf_probe *probe, const struct wf_kernel_feature_row *feature,
			    int err, const char *release)
{
	enum weft_probe_status missing = feature->is_required ? WEFT_PROBE_FAIL : WEFT_PROBE_WARN;

	advise_on_feature(probe, feature, err, release);
	probe->feature = feature;
	wf_probe_report(probe, feature->name, err ? missing : WEFT_PROBE_OK, "%s",
			!err		? "yes"
			: err == -EPERM ? "unknown"
					: "no");
	probe->feature = NULL;
}

static void judge_bpf(struct wf_probe *probe, const struct wf_probe_host_facts *facts)
{
	wf_probe_advise(probe,
			"weft mounts it at start; to mount it now: mount -t bpf bpf /sys/fs/bpf");
	wf_probe_report(probe, "bpffs", facts->has_bpffs ? WEFT_PROBE_OK : WEFT_PROBE_WARN,
			facts->has_bpffs ? "mounted on /sys/fs/bpf" : "not mounted on /sys/fs/bpf");
	wf_probe_advise(probe, "sysctl -w net.core.bpf_jit_enable=1");
	wf_probe_report(probe, "bpf_jit", facts->jit ? WEFT_PROBE_OK : WEFT_PROBE_WARN,
			facts->jit > 0	  ? "on"
			: facts->jit == 0 ? "off: programs are interpreted"
					  : "not adjustable here");
}

static void judge_memlock(struct wf_probe *probe, const struct wf_probe_host_facts *facts)
{
	if (facts->memlock_bytes == UINT64_MAX || facts->is_root) {
		wf_probe_report(probe, "memlock", WEFT_PROBE_OK,
				facts->is_root && facts->memlock_bytes != UINT64_MAX
					? "limited, but not for root"
					: "unlimited");
		return;
	}
	wf_probe_advise(probe, "ulimit -l unlimited (systemd: LimitMEMLOCK=infinity)");
	wf_probe_report(
		probe, "memlock", WEFT_PROBE_WARN,
		"limit of %llu KiB, which may be too low for the frame memory that weft locks",
		(unsigned long long)facts->memlock_bytes / 1024);
}

void wf_probe_judge_host(struct wf_probe *probe, const struct wf_probe_host_facts *facts)
{
	judge_bpf(probe, facts);
	judge_memlock(probe, facts);
	wf_probe_report(probe, "cpus", WEFT_PROBE_OK, "%u online, %.1f GiB of memory", facts->cpus,
			(double)facts->memory_bytes / (1 << 30));
	wf_probe_advise(
		probe,
		"sysctl -w vm.nr_hugepages=256 (for 512 MiB); weft also works without huge pages");
	wf_probe_report(probe, "huge_pages", facts->huge_pages ? WEFT_PROBE_OK : WEFT_PROBE_WARN,
			"%u free huge pages of 2 MiB", facts->huge_pages);
}

/* ---- interface ---- */

static void judge_link(struct wf_probe *probe, const struct wf_probe_nic_facts *facts)
{
	wf_probe_advise(probe, "ip link set dev %s up", facts->name);
	wf_probe_report(probe, "link", facts->is_up ? WEFT_PROBE_OK : WEFT_PROBE_WARN,
			"%s, driver %s, MTU %u", facts->is_up ? "up" : "down", facts->driver,
			facts->mtu);
}

static void judge_xdp(struct wf_probe *probe, const struct wf_probe_nic_facts *facts)
{
	const uint64_t needed = WF_XDP_BASIC | WF_XDP_REDIRECT;
	uint64_t features = facts->xdp_features;

	if (!facts->xdp_is_known) {
		wf_probe_advise(
			probe, "drivers report it since Linux 6.3; weft tries native XDP first and "
			       "logs the result at start");
		wf_probe_report(probe, "native_xdp", WEFT_PROBE_WARN, "unknown");
		return;
	}
	wf_probe_advise(probe,
			"generic XDP is used: slower, because each packet gets a socket buffer");
	if ((features & needed) == needed)
		wf_probe_report(probe, "native_xdp", WEFT_PROBE_OK, "with redirect");
	else
		wf_probe_report(probe, "native_xdp", WEFT_PROBE_WARN,
				features & WF_XDP_BASIC ? "without redirect"
							: "this driver has none");
	wf_probe_advise(probe, "frames are copied once; zero-copy needs a driver that supports it");
	wf_probe_report(probe, "zero_copy",
			features & WF_XDP_ZEROCOPY ? WEFT_PROBE_OK : WEFT_PROBE_WARN,
			features & WF_XDP_ZEROCOPY ? "offered" : "this driver has none");
}

/*
 * Report whether frames of the MTU fit in one buffer. Longer ones need support for several buffers
 * in driver and socket.
 */
static void judge_mtu(struct wf_probe *probe, const struct wf_probe_nic_facts *facts)
{
	const uint32_t room = WEFT_FRAME_BYTES - XDP_PACKET_HEADROOM - LINK_HEADER_BYTES;
	bool driver_can = !facts->xdp_is_known || facts->xdp_features & WF_XDP_MULTI_BUF;

	if (facts->mtu <= room) {
		wf_probe_report(probe, "mtu", WEFT_PROBE_OK, "%u; each packet fits into one buffer",
				facts->mtu);
		return;
	}
	wf_probe_advise(probe, "ip link set dev %s mtu %u", facts->name, room);
	if (!facts->has_long_sockets)
		wf_probe_report(
			probe, "mtu", WEFT_PROBE_WARN,
			"%u is more than one buffer holds; longer packets are not captured, "
			"because AF_XDP supports packets in several buffers only since Linux %s",
			facts->mtu, wf_kernel_feature_row(WF_KERNEL_MULTI_BUFFER)->since);
	else if (!driver_can)
		wf_probe_report(
			probe, "mtu", WEFT_PROBE_WARN,
			"%u is more than one buffer holds, and this driver does not support "
			"packets in several buffers",
			facts->mtu);
	else
		wf_probe_report(probe, "mtu", WEFT_PROBE_OK, "%u; packets may use several buffers",
				facts->mtu);
}

static void judge_other(struct wf_probe *probe, const struct wf_probe_nic_facts *facts)
{
	const struct wf_xdp_other *other = &facts->other;
	char advice[128];

	if (!facts->other_is_known)
		return;
	if (!other->id) {
		wf_probe_report(probe, "xdp_program", WEFT_PROBE_OK, "none attached");
		return;
	}
	wf_xdp_other_advise(other, facts->name, advice, sizeof(advice));
	wf_probe_advise(probe, "to use tap mode: %s; host mode works without that", advice);
	wf_probe_report(probe, "xdp_program", WEFT_PROBE_WARN,
			"%s (id %u) is attached; an interface can have only one",
			*other->name ? other->name : "a program", other->id);
}

static void judge_filters(struct wf_probe *probe, const struct wf_probe_nic_facts *facts)
{
	const struct wf_tc_own *filters = &facts->filters;

	if (!facts->filters_are_known)
		return;
	if (!filters->is_stale) {
		wf_probe_report(probe, "tc_filters", WEFT_PROBE_OK,
				"%u in use by a running weft, none stale", filters->count);
		return;
	}
	wf_probe_advise(probe,
			"weft doctor -i %s --remove-stale; the next weft run also removes them",
			facts->name);
	wf_probe_report(
		probe, "tc_filters", WEFT_PROBE_WARN,
		"%u stale filters of a killed weft process on %s (%s, id %u); they let all packets "
		"pass",
		filters->count, facts->name, filters->program, filters->program_id);
}

static void judge_queues(struct wf_probe *probe, const struct wf_probe_nic_facts *facts)
{
	const char *kind = facts->queues_combined ? "combined" : "rx";
	uint32_t wanted = facts->cpus < facts->queues_max ? facts->cpus : facts->queues_max;

	if (!facts->queues)
		return;
	if (facts->queues > WEFT_QUEUES_MAX) {
		wf_probe_advise(probe, "ethtool -L %s %s %d", facts->name, kind, WEFT_QUEUES_MAX);
		wf_probe_report(probe, "queues", WEFT_PROBE_FAIL,
				"%u receive queues; weft supports at most %d", facts->queues,
				WEFT_QUEUES_MAX);
		return;
	}
	wf_probe_advise(probe, "ethtool -L %s %s %u", facts->name, kind, wanted);
	wf_probe_report(probe, "queues", facts->queues < wanted ? WEFT_PROBE_WARN : WEFT_PROBE_OK,
			"%u receive queues, at most %u", facts->queues, facts->queues_max);
}

static void judge_ring(struct wf_probe *probe, const struct wf_probe_nic_facts *facts)
{
	if (!facts->ring_max)
		return;
	wf_probe_advise(probe, "ethtool -G %s rx %u", facts->name, facts->ring_max);
	wf_probe_report(probe, "rx_ring",
			facts->ring < facts->ring_max ? WEFT_PROBE_WARN : WEFT_PROBE_OK,
			"%u descriptors, at most %u", facts->ring, facts->ring_max);
}

/* Report on an offload that merges segments before the XDP program runs. */
static void judge_merging(struct wf_probe *probe, const char *ifname, enum wf_feature_state state,
			  const char *feature, const char *name)
{
	if (state == WF_FEATURE_UNKNOWN)
		return;
	if (state == WF_FEATURE_ON_FIXED) {
		wf_probe_advise(probe, "only the hypervisor can turn it off; qemu's virtio-net-pci "
				       "needs ctrl_guest_offloads=on");
		wf_probe_report(
			probe, name, WEFT_PROBE_WARN,
			"on, and can't be turned off: generic XDP is used if the driver rejects "
			"native XDP because of it");
		return;
	}
	wf_probe_advise(probe, "ethtool -K %s %s off", ifname, feature);
	wf_probe_report(probe, name, state == WF_FEATURE_ON ? WEFT_PROBE_WARN : WEFT_PROBE_OK,
			state == WF_FEATURE_ON ? "on: many drivers reject native XDP while it is on"
					       : "off");
}

/*
 * Report on removal of VLAN tags. XDP does not see a tag that the NIC removed; the tc programs of
 * host mode do.
 */
static void judge_vlan(struct wf_probe *probe, const struct wf_probe_nic_facts *facts)
{
	if (facts->vlan == WF_FEATURE_UNKNOWN)
		return;
	if (facts->vlan == WF_FEATURE_OFF) {
		wf_probe_report(probe, "vlan_tags", WEFT_PROBE_OK, "VLAN tags stay in the frames");
		return;
	}
	if (facts->vlan == WF_FEATURE_ON)
		wf_probe_advise(probe, "ethtool -K %s rxvlan off", facts->name);
	else
		wf_probe_advise(probe, "use another NIC if several VLANs use the same addresses");
	wf_probe_report(
		probe, "vlan_tags", WEFT_PROBE_WARN,
		"the NIC removes VLAN tags, so in tap mode weft can't distinguish connections of "
		"different VLANs with the same addresses and ports");
}

/*
 * Report on the NIC's hash. If it is not symmetric, each queue needs a socket per worker, and
 * segments of the two directions may be reordered.
 */
static void judge_rss(struct wf_probe *probe, const struct wf_probe_nic_facts *facts)
{
	char advice[sizeof(probe->advice)];
	bool ports[2];

	if (!facts->hash_is_known || !facts->hash.key_bytes || facts->queues < 2)
		return;
	wf_nic_hash_advise(&facts->hash, facts->name, advice, sizeof(advice));
	wf_probe_advise(probe, "%s", advice);
	switch (wf_nic_hash_judge(&facts->hash, ports)) {
	case WF_NIC_SYMMETRIC:
		wf_probe_report(
			probe, "rss", WEFT_PROBE_OK,
			"symmetric: both directions of a connection arrive on one queue, so each "
			"queue can have one worker");
		return;
	case WF_NIC_ASYMMETRIC:
		wf_probe_report(
			probe, "rss", WEFT_PROBE_WARN,
			"not symmetric: the two directions of a connection may arrive on different "
			"queues; the XDP program steers both to one worker");
		return;
	case WF_NIC_UNKNOWN:
		wf_probe_report(
			probe, "rss", WEFT_PROBE_WARN,
			"unknown hash function: the two directions of a connection may arrive on "
			"different queues; the XDP program steers both to one worker");
		return;
	}
}

void wf_probe_judge_nic(struct wf_probe *probe, const struct wf_probe_nic_facts *facts)
{
	judge_link(probe, facts);
	judge_xdp(probe, facts);
	judge_mtu(probe, facts);
	judge_other(probe, facts);
	judge_filters(probe, facts);
	judge_queues(probe, facts);
	judge_ring(probe, facts);
	judge_merging(probe, facts->name, facts->lro, "rx-lro", "lro");
	judge_merging(probe, facts->name, facts->gro_hw, "rx-gro-hw", "gro_hw");
	judge_vlan(probe, facts);
	judge_rss(probe, facts);
}
