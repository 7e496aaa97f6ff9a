# Sourced by the scripts that check the members to publish as they are packed.

# Packs the members, and unpacks them into this folder as a workspace of its own. Usage: unpack FOLDER
unpack() {
    local folder=$1 packed archive name
    packed=$(mktemp -d)
    rm -rf "$folder"
    mkdir -p "$folder"
    # With a lock file, cargo would look for the members in the registry.
    cargo package --quiet --allow-dirty --no-verify --exclude-lockfile --target-dir "$packed" \
        --package hallpass-migration --package hallpass
    for archive in "$packed"/package/*.crate; do
        name=$(basename "$archive")
        name=${name%%-[0-9]*}
        mkdir "$folder/$name"
        # All files in an archive have the same fixed time, so cargo would consider every change already built. --touch
        # sets the current time instead.
        tar -xzf "$archive" --touch --strip-components=1 -C "$folder/$name"
    done
    rm -rf "$packed"
    cat >"$folder/Cargo.toml" <<'END'
[workspace]
members = ["hallpass", "hallpass-migration"]
resolver = "3"

[patch.crates-io]
hallpass-migration = { path = "hallpass-migration" }
END
}
