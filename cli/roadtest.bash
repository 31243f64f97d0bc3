# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of the roadtest command for bash.
#
# Subcommands and options are asked of the command itself, so that none can be
# missing here. What an option takes is known by its name, below.

# Words for the user's word, with $COMP_WORDBREAKS in mind: bash takes "::" for
# an end of a word.
_roadtest_words() {
	COMPREPLY+=($(compgen -W "$1" -- "$cur"))
}

_roadtest_files() {
	compopt -o filenames 2>/dev/null
	COMPREPLY+=($(compgen "$1" -- "$cur"))
}

# Ids of the tests in the files and directories that the line names.
_roadtest_ids() {
	local word paths=()

	for word in "${words[@]:2}"; do
		[[ $word != -* && $word != "$cur" && -e ${word%%::*} ]] &&
			paths+=("$word")
	done
	_roadtest_words "$("${words[0]}" run --list "${paths[@]}" 2>/dev/null)"
}

# FILE::CLASS and FILE::CLASS::TEST, of a file that the word begins with.
_roadtest_parts() {
	local file=${cur%%::*} stem id

	stem=${file##*/}
	stem=${stem%.py}
	for id in $("${words[0]}" run --list "$file" 2>/dev/null); do
		id=${id#"$stem".}
		COMPREPLY+=("$file::${id%.*}" "$file::${id%.*}::${id##*.}")
	done
	COMPREPLY=($(printf '%s\n' "${COMPREPLY[@]}" | sort -u |
		grep -F -- "$cur"))
	# Only what stands behind the last ":" is replaced.
	[[ $COMP_WORDBREAKS == *:* ]] &&
		COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}")
}

# Kernels, sources and drivers that the cache has.
_roadtest_cache() {
	local cache=${ROADTEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/roadtest}

	case $1 in
	kernels) _roadtest_words "$(printf '%s\n' "$cache"/kernels/*/)" ;;
	keys) _roadtest_words "$(cd "$cache/kernels" 2>/dev/null && printf '%s\n' *)" ;;
	packages)
		_roadtest_words "$(cd /usr/src 2>/dev/null &&
			printf '%s\n' linux-source-*.tar.xz | sed 's/\.tar\.xz$//')"
		;;
	drivers)
		local dir source

		for dir in "$ROADTEST_KERNEL_SOURCE" "$cache"/sources/*/; do
			[ -d "$dir/drivers" ] && source=$dir/drivers/ && break
		done
		[ -n "$source" ] || return
		compopt -o nospace 2>/dev/null
		COMPREPLY+=($(cd "$source" &&
			compgen -d -S / -- "$cur"
			cd "$source" && compgen -G "$cur*.c" | sed 's/\.c$//'))
		;;
	esac
}

# What an option takes; false if it takes nothing that is known.
_roadtest_value() {
	case $1 in
	--flavour) _roadtest_words "fast check coverage" ;;
	--lang) _roadtest_words "python c" ;;
	--isolate) _roadtest_words "test class" ;;
	--filter | --skip) _roadtest_ids ;;
	--kernel) _roadtest_cache kernels; _roadtest_files -f ;;
	--source | --kernel-source) _roadtest_cache packages; _roadtest_files -d ;;
	--dir | --from) _roadtest_files -d ;;
	--config | --driver | --junit | --json | --html | --vcd | --tap)
		_roadtest_files -f ;;
	*) return 1 ;;
	esac
}

# Does an option of this subcommand take a value? As its --help shows it.
_roadtest_takes() {
	"${words[0]}" "$command" --help 2>/dev/null |
		grep -Eq -- "(^  |, )$1 [A-Z]"
}

_roadtest_operand() {
	case $command in
	run | trace | shell | list)
		if [[ $cur == *::* ]]; then
			_roadtest_parts
		else
			_roadtest_files -f
		fi
		;;
	kernel)
		_roadtest_words "$("${words[0]}" kernel --help 2>/dev/null |
			sed -n 's/^\(Usage:\)\{0,1\} *roadtest kernel \([a-z][a-z]*\).*/\2/p')"
		[[ " ${words[*]} " == *" remove "* ]] && _roadtest_cache keys
		_roadtest_files -f
		;;
	new) _roadtest_cache drivers ;;
	esac
}

_roadtest() {
	# As one word what bash has cut at ":" and "=".
	local line=${COMP_LINE:0:COMP_POINT}
	local words=($line) command cur previous

	[[ $line == *[[:space:]] ]] && words+=("")
	cur=${words[-1]}
	previous=
	((${#words[@]} > 1)) && previous=${words[-2]}
	command=${words[1]}
	COMPREPLY=()
	if ((${#words[@]} < 3)); then
		_roadtest_words "$("${words[0]}" --help 2>/dev/null |
			sed -n 's/^  \([a-z][a-z]*\) .*/\1/p') help --help --version"
	elif [[ $cur == -* ]]; then
		_roadtest_words "$("${words[0]}" "$command" --help 2>/dev/null |
			sed -n '/^  -/p' | grep -oE -- '(^  |, )--?[a-z][a-z-]*' |
			grep -oE -- '--?[a-z-]+')"
	elif [[ $previous == --* ]] && _roadtest_value "$previous"; then
		:
	elif [[ $previous == -* ]] && _roadtest_takes "$previous"; then
		:	# a number or a name: nothing is known
	else
		_roadtest_operand
	fi
}

complete -F _roadtest roadtest
