#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# test_memory_disk.sh - a disk that stops (a frozen filesystem, on which every write waits) under
# the stream files does not increase memory use. Replay waits and loses nothing; with drop-oldest it
# continues and reports the loss.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/attack.sh"
need_root
need_weft

disk=$work/disk
mb=64

thaw() { fsfreeze -u "$disk" 2>/dev/null; }
disk_cleanup() {
	thaw
	lib_gone "${replay_pid:-0}" 100
	umount "$disk" 2>/dev/null
	lib_cleanup
}
trap disk_cleanup EXIT

mkdir "$disk" && truncate -s 768M "$work/image" && mkfs.ext4 -q -O ^has_journal "$work/image" &&
	mount -o loop "$work/image" "$disk" 2>"$work/err" ||
	skip_all "no loop device: $(cat "$work/err")"

"$traffic" bulk "$work/bulk.pcap" "$work/truth.tsv" --scale 0.3 2>/dev/null || exit 1

has_written() { [ -n "$(find "$1" -type f -size +100k 2>/dev/null | head -n 1)" ]; }

# feed FILE: print the capture; its larger part follows when FILE exists.
feed() {
	head -c 20000000 "$work/bulk.pcap"
	until [ -e "$1" ]; do sleep 0.1; done
	tail -c +20000001 "$work/bulk.pcap"
}

# frozen NAME ARGS...: replay through a pipe; after the first write the disk stops for some time. The
# larger part of the capture is read after that, on a machine of any speed.
frozen() {
	local name=$1 dir=$disk/$1
	shift
	mkfifo "$work/$name.fifo"
	feed "$work/$name.frozen" >"$work/$name.fifo" &
	pids+=("$!")
	"$mem_peak" "$work/peak" "$weft" replay - --max-memory ${mb}M --workers 1 \
		--checksum ignore --streams "$dir" "$@" <"$work/$name.fifo" 2>"$work/replay.err" &
	replay_pid=$!
	wait_until 100 has_written "$dir" || return 1
	fsfreeze -f "$disk" || return 1
	touch "$work/$name.frozen"
	# In this time, replay could read the whole file if there was no limit.
	sleep 3
	kill -0 "$replay_pid" 2>/dev/null || {
		cat "$work/replay.err"
		echo 'ended before the disk went on'
		return 1
	}
	thaw
	wait "$replay_pid"
}

check 'disk stops: replay waits for it' frozen block && {
	check 'disk stops: memory is bounded' peak_within $mb
	sed 's/^/# /' "$work/check.out"
	check 'disk stops: ledgers close' replay_closes "$work/replay.err"
	check 'disk stops: nothing is lost' whole_at_least 1000 "$disk/block" "$work/truth.tsv"
}
rm -rf "$disk/block"
check 'disk stops, drop-oldest: replay goes on' frozen drop --set delivery.overflow=drop-oldest && {
	check 'disk stops, drop-oldest: memory is bounded' peak_within $mb
	sed 's/^/# /' "$work/check.out"
	check 'disk stops, drop-oldest: ledgers close' replay_closes "$work/replay.err"
	check 'disk stops, drop-oldest: the loss is reported' \
		grep -q 'sink .*queue full: .* dropped' "$work/replay.err"
}
finish
