#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# check-man.sh PAGE... - manual pages are right mdoc, and name every option and key that exists.
set -u
cd "$(dirname "$0")/.." || exit 1
bad=0

complain() {
	printf '%s\n' "$1" >&2
	bad=1
}

if command -v mandoc >/dev/null; then
	mandoc -T lint -W warning "$@" || complain 'manual pages: see above'
else
	complain 'check-man: mandoc is missing; run scripts/install-deps.sh'
fi

# Each key of the configuration has its entry in weft.conf(5), each option one in a page of weft.
while read -r key; do
	grep -qE "^\.It Cm $key( |\$)" man/weft.conf.5 || complain "man/weft.conf.5: no entry for $key"
done < <(sed -nE '/^X_LATER/d; s/^X_[A-Z]+\("([^"]+)".*/\1/p' user/agent/config.def)
while read -r option; do
	grep -qhE -- "^\.It Fl(.* )?-$option( |\$)" man/weft*.1 || complain "man/weft*.1: no entry for --$option"
done < <(sed -nE 's/^\t\{"([a-z-]+)", (0|.[a-z].), .*/\1/p' user/cli/options.c)

exit $bad
