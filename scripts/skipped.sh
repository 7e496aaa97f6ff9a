# Sourced by the gate and the scripts that cannot check everything everywhere.

# Says what was not checked, and why; the gate repeats it at its end: skipped TEXT
skipped() {
    printf '\n!!! SKIPPED: %s\n\n' "$1" >&2
    printf '%s\n' "$1" >>"${SKIPPED_LIST:-/dev/null}"
}
