# Sourced by the scripts that run a program of the README or the guide. Provides a temporary folder, runs one program at
# a time, and keeps its output.

folder=$(mktemp -d)
output=$folder/output
pid=

# Waits until a command succeeds while the program runs: wait_until WHAT COMMAND...
wait_until() {
    local what=$1 tries
    shift
    for ((tries = 0; tries < 200; tries++)); do
        ! "$@" || return 0
        kill -0 "$pid" 2>/dev/null || fail 'the program ended'
        sleep 0.1
    done
    fail "waited in vain for $what"
}

# Waits until the program has printed a text: wait_for TEXT WHAT
wait_for() {
    wait_until "$2" grep -qF "$1" "$output"
}

fail() {
    printf '%s: %s\n' "${0##*/}" "$1" >&2
    if [[ -s $output ]]; then
        printf -- '--- the program said:\n' >&2
        cat "$output" >&2
    fi
    exit 1
}

clean_up() {
    if [[ -n $pid ]]; then
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    fi
    rm -rf "$folder"
}
