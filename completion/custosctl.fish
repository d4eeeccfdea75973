# Completion of custosctl for fish: what may come next is asked of custosctl itself.
function __custosctl_complete
	set -l words (commandline -opc) (commandline -ct)
	set -l typed $words[-1]
	for line in (command $words[1] complete -- $words[2..-1] 2>/dev/null)
		if test "$line" != :files
			printf '%s\n' $line
		else if string match -q -- '--*=*' $typed
			set -l parts (string split -m 1 = -- $typed)
			for path in (__fish_complete_path $parts[2])
				printf '%s=%s\n' $parts[1] $path
			end
		else
			__fish_complete_path $typed
		end
	end
end
complete -c custosctl -f -a '(__custosctl_complete)'
