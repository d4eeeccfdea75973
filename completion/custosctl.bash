# Completion of custosctl for bash: what may come next is asked of custosctl itself.
_custosctl() {
	local words=() word line glued= i files= typed

	# bash breaks words at '=': "--target=local" comes as three
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == = && ${#words[@]} -gt 0 && ${words[-1]} == --* ]]; then
			words[-1]+==
			glued=1
		elif [[ $glued ]]; then
			words[-1]+=$word
			glued=
		else
			words+=("$word")
		fi
	done
	typed=${words[-1]}
	COMPREPLY=()
	while IFS= read -r line; do
		line=${line%%$'\t'*}
		if [[ $line == :files ]]; then
			files=1
			continue
		fi
		if [[ $typed == --*=* && $COMP_WORDBREAKS == *=* ]]; then
			line=${line#"${typed%%=*}="}
		fi
		COMPREPLY+=("$line")
	done < <("${COMP_WORDS[0]}" complete -- "${words[@]}" 2>/dev/null)
	if [[ $files ]]; then
		[[ $typed == --*=* ]] && typed=${typed#*=}
		compopt -o filenames 2>/dev/null
		while IFS= read -r line; do
			COMPREPLY+=("$line")
		done < <(compgen -f -- "$typed")
	fi
	if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
		compopt -o nospace 2>/dev/null
	fi
}
complete -F _custosctl custosctl
