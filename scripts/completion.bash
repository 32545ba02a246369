# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# completion.bash - completes the command line of weft in bash.
#
# Commands, options and choices are read from the help of the installed program, and keys from
# `weft config show`. Only the words after config, policy, endpoints, state and flow are listed
# here.

_weft_commands() { "$1" help 2>/dev/null | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'; }

# _weft_options WEFT COMMAND: print "--name" or "--name ARGUMENT" for each option, one per line.
_weft_options() {
	"$1" "$2" --help 2>/dev/null | sed -nE 's/^  (-., |    )(--[a-z-]+)( ([^ ]+))?( .*|$)/\2 \4/p'
}

_weft_keys() {
	"$1" config show 2>/dev/null |
		awk '/^ *[a-z_]+:/ {
			depth = match($0, /[a-z]/) / 2
			name = $1; sub(/:.*/, "", name); path[int(depth)] = name
			if (NF > 1) {
				key = path[0]
				for (i = 1; i <= int(depth); i++) key = key "." path[i]
				print key "="
			}
		}'
}

_weft_interfaces() { ls /sys/class/net 2>/dev/null; }

_weft() {
	local weft=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]} argument
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_weft_commands "$weft") --help --version" -- "$word")
		return
	fi
	case $before in
	-i | --interface)
		mapfile -t COMPREPLY < <(compgen -W "$(_weft_interfaces)" -- "$word")
		return
		;;
	--set)
		mapfile -t COMPREPLY < <(compgen -W "$(_weft_keys "$weft")" -- "$word")
		compopt -o nospace
		return
		;;
	--*)
		argument=$(_weft_options "$weft" "$command" | sed -n "s/^$before \\([a-z|-]*|[a-z|-]*\\)$/\\1/p")
		if [ -n "$argument" ]; then
			mapfile -t COMPREPLY < <(compgen -W "${argument//|/ }" -- "$word")
			return
		fi
		;;
	esac
	case $command:$word in
	*:-*)
		mapfile -t COMPREPLY < <(compgen -W "$(_weft_options "$weft" "$command" | cut -d' ' -f1)" -- "$word")
		return
		;;
	help:*)
		mapfile -t COMPREPLY < <(compgen -W "$(_weft_commands "$weft")" -- "$word")
		return
		;;
	config:*)
		mapfile -t COMPREPLY < <(compgen -W 'check show' -- "$word")
		[ "$COMP_CWORD" -eq 2 ] && return
		;;
	policy:*)
		[ "$COMP_CWORD" -eq 2 ] && mapfile -t COMPREPLY < <(compgen -W 'show set edit history rollback diff' -- "$word") && return
		;;
	endpoints:*)
		[ "$COMP_CWORD" -eq 2 ] && mapfile -t COMPREPLY < <(compgen -W 'remove' -- "$word")
		return
		;;
	state:*)
		[ "$COMP_CWORD" -eq 2 ] && mapfile -t COMPREPLY < <(compgen -W 'get set delete list history watch' -- "$word")
		return
		;;
	flow:*)
		mapfile -t COMPREPLY < <(compgen -W 'shunt unshunt steer pass' -- "$word")
		return
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -f -- "$word")
	compopt -o filenames 2>/dev/null
}

complete -F _weft weft
