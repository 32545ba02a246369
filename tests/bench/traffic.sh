# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# traffic.sh - capture files for benchmarks of replay. $bench is the directory of the programs.
#
#   SCALE       size of the traffic; 1 is the full size of traffic.c       (default: 1)
#   BENCH_DATA  directory of the files                         (default: build/bench/data)

data=${BENCH_DATA:-$bench/data}
scale=${SCALE:-1}

# traffic_file KIND: print the path of the capture of this kind, beside which FILE.tsv lists the streams.
traffic_file() { echo "$data/$1-$scale.pcap"; }

# make_traffic KIND: make the capture, unless it exists, and read it into the page cache.
make_traffic() {
	local kind=$1 file
	file=$(traffic_file "$1")
	mkdir -p "$data"
	if [ ! -e "$file.done" ]; then
		"$bench/traffic" "$kind" "$file" "${file%.pcap}.tsv" --scale "$scale" --seed 1 &&
			touch "$file.done" || exit 1
	fi
	# The generator's writes leave small folios in the page cache, and mapping these takes as much
	# CPU time as "floor flow" itself. A file that is read from disk has large ones.
	sync "$file"
	dd if="$file" iflag=nocache count=0 status=none
	cat "$file" >/dev/null
}
