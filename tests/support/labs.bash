# Sourced by the runners of labs, tests/fault/run and tests/hostile/run:
#
#   RUNNER BINDIR [MINUTES]             all, which share the minutes (20)
#   RUNNER BINDIR LAB [OPTION...]       one, with options of its own
#
# It has set `kind`, the verb of ./dev, and `labs`: name, program below BINDIR, its part of the time.
#
# A lab takes --seconds N, draws what it plays from CUSTOS_SEED, which is printed, ends about then with a
# line that says how much it played, and with 1 if something was wrong, 77 if it cannot be had here.
# In memory where programs may run there: what is not synced is taken away by the labs themselves,
# whatever is below.

bin=$1
shift

if [ -w /dev/shm ] && ! findmnt -no OPTIONS /dev/shm | grep -qw noexec; then
        export TMPDIR=${TMPDIR:-/dev/shm}
fi

case "${1:-20}" in
*[!0-9]*)
        for lab in "${labs[@]}"; do
                read -r name program _ <<<"$lab"
                if [ "$name" = "$1" ]; then
                        shift
                        exec "$bin/$program" "$@"
                fi
        done
        printf '%s: %s: no such lab; there are: %s\n' "$kind" "$1" "$(printf '%s\n' "${labs[@]}" | cut -d' ' -f1 | paste -sd' ')" >&2
        exit 64
        ;;
esac

export CUSTOS_SEED=${CUSTOS_SEED:-$(date +%s)}
minutes=${1:-20} parts=0 wrong=0 said=()
for lab in "${labs[@]}"; do
        read -r _ _ part <<<"$lab"
        parts=$((parts + part))
done
printf 'seed %s\n' "$CUSTOS_SEED"
for lab in "${labs[@]}"; do
        read -r name program part <<<"$lab"
        status=0
        printf '\n--- %s\n' "$name"
        "$bin/$program" --seconds $((minutes * 60 * part / parts)) | tee "$bin/$kind/$name.log" || status=$?
        case $status in
        0) verdict=clean ;;
        77) verdict=skipped ;;
        *) verdict=WRONG wrong=1 ;;
        esac
        said+=("$(printf '%-10s %-8s %s' "$name" "$verdict" "$(tail -1 "$bin/$kind/$name.log")")")
done
printf '\n'
printf '%s\n' "${said[@]}"
exit $wrong
