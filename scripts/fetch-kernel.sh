#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# fetch-kernel.sh SERIES - downloads Debian's kernel of a series and prints the directory that
# contains it.
#
#   6.1    Debian 12's kernel, on which linux-image-amd64 in bookworm-security depends
#   6.12   the newest kernel in bookworm-backports
#
#   DIRECTORY/boot/vmlinuz-RELEASE   DIRECTORY/modules/RELEASE/
#
# apt uses its own sources, lists and cache in a temporary directory, so the machine's configuration
# never changes. A kernel is unpacked into a temporary directory and then renamed, so an interrupted
# run leaves no partial kernel. Kernels are stored in $WEFT_KERNEL_CACHE (default:
# /var/tmp/weft-debian-kernels). If the mirror last answered more than a week ago, it is asked
# again; if it does not answer, the stored kernel is used.
set -eu
series=${1:?series, as 6.1 or 6.12}
cache=${WEFT_KERNEL_CACHE:-/var/tmp/weft-debian-kernels}
days_kept=7

case $series in
6.1) suite=bookworm-security archive=debian-security beside=bookworm-security ;;
6.12) suite=bookworm-backports archive=debian beside=bookworm ;;
*)
	echo "fetch-kernel: no series '$series'; 6.1 and 6.12 are known" >&2
	exit 2
	;;
esac

mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9
work=$(mktemp -d "$cache/.fetch-XXXXXX")
trap 'rm -rf "$work"' EXIT

is_whole() { compgen -G "$1/boot/vmlinuz-*" >/dev/null && compgen -G "$1/modules/*/modules.dep.bin" >/dev/null; }

# Print the directory of the stored kernel of this series, if there is one.
kept() {
	local dir
	for dir in "$cache/linux-image-$series."*; do
		! is_whole "$dir" || echo "$dir"
	done
}

# Print the mirror that the machine uses for the suite $beside; if there is none, Debian's own
# mirror.
mirror() {
	apt-get indextargets --format "\$(CODENAME) \$(REPO_URI)" 'Created-By: Packages' 2>/dev/null |
		awk -v suite="$beside" -v otherwise="http://deb.debian.org/$archive/" '
			$1 == suite { print $2; found = 1; exit } END { if (!found) print otherwise }'
}

apt_options=(
	-o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
	-o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache"
	-o APT::Sandbox::User=root -o APT::Architecture=amd64 -o Acquire::Languages=none
	-o Acquire::Retries=3 -o Acquire::http::Timeout=20
)

# Print the name of the suite's newest kernel package.
newest() {
	mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $suite main" \
		>"$work/sources.list"
	apt-get "${apt_options[@]}" update -qq >&2 &&
		apt-cache "${apt_options[@]}" depends linux-image-amd64 |
		awk '$1 == "Depends:" && /linux-image/ { print $2; exit }'
}

# unpack PACKAGE: download the package and replace the stored kernel of this series with it. depmod
# searches DIRECTORY/lib/modules, so lib is a link to the directory itself.
unpack() {
	local new=$work/new
	(cd "$work" && apt-get "${apt_options[@]}" download -qq "$1" >&2) &&
		dpkg-deb -x "$work/$1"_*.deb "$work/root" &&
		mkdir "$new" && ln -s . "$new/lib" && mv "$work/root/boot" "$new/" &&
		mv "$(find "$work/root" -type d -path '*lib/modules')" "$new/" &&
		depmod -b "$new" "$(ls "$new/modules")" &&
		rm -rf "${cache:?}/linux-image-$series."* && mv "$new" "$cache/$1"
}

dir=$(kept)
if [ -z "$dir" ] || [ -n "$(find "$dir" -maxdepth 0 -mtime +$days_kept)" ]; then
	if package=$(newest) && [ -n "$package" ] &&
		{ is_whole "$cache/$package" || unpack "$package"; }; then
		dir=$cache/$package
		touch "$dir"
	elif [ -n "$dir" ]; then
		echo "fetch-kernel: the mirror has no kernel $series now; using $(basename "$dir")" >&2
	fi
fi
[ -n "$dir" ] || {
	echo "fetch-kernel: can not download a kernel $series of Debian (suite $suite)" >&2
	exit 1
}
echo "$dir"
