# Sourced after running.sh, in the root of the repository, by the scripts that build a program of the README or the guide.

root=$PWD
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")

# Builds the first program of a page in the current folder, as a newcomer does: build_program NAME PAGE. Fails on a
# compiler warning.
build_program() {
    mkdir src
    {
        printf '[package]\nname = "%s"\nversion = "0.0.0"\nedition = "2024"\n\n' "$1"
        block toml "$2" | sed "s|path = \"[^\"]*\"|path = \"$root\"|"
    } >Cargo.toml
    grep -qF "path = \"$root\"" Cargo.toml || fail 'the page names hallpass in another way'
    block 'rust,no_run' "$2" >src/main.rs
    cp "$root/Cargo.lock" .
    cargo rustc --quiet --target-dir "$target" -- -D warnings
}

# Starts the program, which listens on port 8000: run_program NAME
run_program() {
    ! curl --silent --max-time 2 --output /dev/null http://127.0.0.1:8000/ || fail 'port 8000 is taken'
    HALLPASS_SECRET=$(head -c 32 /dev/urandom | base64) "$target/debug/$1" >"$output" 2>&1 &
    pid=$!
}

# Prints the first code block of a language in a page: block LANGUAGE PAGE
block() {
    awk -v fence="\`\`\`$1" '
        !done && $0 == fence { inside = 1; next }
        inside && /^```/ { inside = 0; done = 1 }
        inside { print }
    ' "$2"
}
