# Sourced by the scripts that check the members to publish as they are packed.

# Packs them and unpacks them into this folder, as a workspace of their own: unpack FOLDER
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
        # Archives carry one fixed time, by which cargo would take every change for built: the time is now.
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
