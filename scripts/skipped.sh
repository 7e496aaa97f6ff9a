# Sourced by the gate, and by the scripts that have to skip a check on some machines.

# Reports which check was skipped, and why. The gate repeats the report at its end. Usage: skipped TEXT
skipped() {
    printf '\n!!! SKIPPED: %s\n\n' "$1" >&2
    printf '%s\n' "$1" >>"${SKIPPED_LIST:-/dev/null}"
}
