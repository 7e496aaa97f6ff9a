use super::*;
use crate::{
    clock::{Clock as _, SystemClock},
    secret::Secret,
};

fn keys(secrets: &[&Secret]) -> RefreshKeys {
    let (first, others) = secrets.split_first().unwrap();
    let others = others.iter().map(|&secret| secret.clone()).collect();
    RefreshKeys::new(&Secrets::new((*first).clone(), others).unwrap())
}

fn session() -> SessionId {
    SessionId::new(SystemClock.now())
}

#[test]
fn a_successor_has_the_same_session_and_the_next_generation() {
    let keys = keys(&[&Secret::generate()]);
    let id = session();
    let token = keys.mint(id).unwrap();
    let parsed = keys.parse(token.expose()).unwrap();
    assert_eq!((parsed.session_id, parsed.generation), (id, 0));

    let successors = keys.successors(&parsed).unwrap();
    let next = keys.parse(successors[0].1.expose()).unwrap();
    assert_eq!(
        (next.session_id, next.generation, next.nonce),
        (id, 1, parsed.nonce)
    );
}

#[test]
fn the_successor_is_the_same_each_time_it_is_derived() {
    let keys = keys(&[&Secret::generate()]);
    let parsed = keys.parse(keys.mint(session()).unwrap().expose()).unwrap();
    let derive = || keys.successors(&parsed).unwrap()[0].1.expose().to_owned();
    assert_eq!(derive(), derive());
}

#[test]
fn sessions_have_distinct_tokens() {
    let keys = keys(&[&Secret::generate()]);
    let id = session();
    assert_ne!(
        keys.mint(id).unwrap().expose(),
        keys.mint(id).unwrap().expose()
    );
}

#[test]
fn any_changed_character_is_refused() {
    let keys = keys(&[&Secret::generate()]);
    let token = keys.mint(session()).unwrap().expose().to_owned();
    for index in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(keys.parse(&changed).is_none(), "character {index}");
    }
    for changed in [
        &token[1..],
        &token[..token.len() - 1],
        &format!("{token}A"),
        &format!("{token}="),
        "",
    ] {
        assert!(keys.parse(changed).is_none());
    }
}

#[test]
fn a_retired_secret_verifies_and_the_first_signs() {
    let (old, new) = (Secret::generate(), Secret::generate());
    let token = keys(&[&old]).mint(session()).unwrap();
    let both = keys(&[&new, &old]);
    let parsed = both.parse(token.expose()).unwrap();
    let successors = both.successors(&parsed).unwrap();
    assert!(keys(&[&new]).parse(successors[0].1.expose()).is_some());
    assert!(keys(&[&old]).parse(successors[1].1.expose()).is_some());
    assert!(keys(&[&new]).parse(token.expose()).is_none());
}

#[test]
fn the_last_generation_has_no_successor() {
    let keys = keys(&[&Secret::generate()]);
    let mut parsed = keys.parse(keys.mint(session()).unwrap().expose()).unwrap();
    parsed.generation = u32::MAX;
    assert!(keys.successors(&parsed).is_none());
}
