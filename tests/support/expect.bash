# Sourced by scripts that try a system from outside: one line for each thing that must be so.
failed=0

step() { printf '\n== %s\n' "$*"; }

# expect SENTENCE COMMAND...: it goes well; if not, what it said is shown, and failed is 1.
expect() {
        local sentence=$1 said
        shift
        if said=$("$@" 2>&1); then
                echo "  ok      $sentence"
        else
                echo "  FAILED  $sentence"
                printf '%s\n' "$said" | sed 's/^/          /'
                failed=1
        fi
}
not() { ! "$@"; }
# holds TEXT PATTERN
holds() { printf '%s\n' "$1" | grep -q -- "$2" || { printf '%s\n' "$1"; return 1; }; }
shows() { local pattern=$1; shift; holds "$("$@" 2>&1)" "$pattern"; } # shows PATTERN COMMAND...
same() { [ "$1" = "$2" ] || { diff <(printf '%s\n' "$1") <(printf '%s\n' "$2"); return 1; }; }

# within SECONDS COMMAND...: it goes well before so long.
within() {
        local end=$((SECONDS + $1)) said
        shift
        until said=$("$@" 2>&1); do
                [ "$SECONDS" -lt $end ] || { printf '%s\n' "$said"; return 1; }
                sleep 0.5
        done
}
