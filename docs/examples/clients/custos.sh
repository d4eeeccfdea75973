#!/bin/sh
# A client of custosd in shell, over custosctl.
#
#	custos.sh check PURPOSE < ids               may I use this person's data? "ID yes" or "ID no", a line each
#	custos.sh record PURPOSE COLLECTION < key   one record, as JSON
#
# $CUSTOS_SOCKET is the socket.  An empty line asks what was read so far.  Exits with 0, or with 1 and why.
set -u
custosctl=${CUSTOSCTL:-custosctl}
batch=$(mktemp) || exit 1
trap 'rm -f "$batch"' EXIT

# 84: custosd cannot be reached; it may be starting.  0.1 s, 0.2 s, ... between.
patiently() {
	for wait in 0.1 0.2 0.4 0.8 1.6 3.2 0; do
		"$@"
		status=$?
		if [ $status -ne 84 ] || [ $wait = 0 ]; then
			return $status
		fi
		sleep $wait
	done
}

# All at once, in one call: a 1 or a 0 for each, in their order.
say() {
	[ -s "$batch" ] || return 0
	allowed=$(patiently "$custosctl" --json consent filter --purpose="$1" --from="$batch" |
		sed -n 's/.*"allowed": *"\([01]*\)".*/\1/p')
	[ -n "$allowed" ] || exit 1 # custosctl has said why
	while read -r id; do
		case $allowed in
		1*) echo "$id yes" ;;
		*) echo "$id no" ;;
		esac
		allowed=${allowed#?}
	done <"$batch"
	: >"$batch"
}

# A key may be a customer's number: nobody sees it in a list of processes.
get() {
	printf '%s\n' "$key" | "$custosctl" --json record get --by=key --purpose="$1" --collection="$2"
}

case "${1:-} $#" in
"check 2")
	while read -r id; do
		if [ -n "$id" ]; then
			echo "$id" >>"$batch"
		else
			say "$2"
		fi
	done
	say "$2"
	;;
"record 3")
	read -r key || exit 1
	patiently get "$2" "$3" || exit 1
	;;
*)
	sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
	exit 1
	;;
esac
