use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + TimeDelta::seconds(1_000_000 + seconds)
}

#[test]
fn the_end_of_an_outage_gives_the_time_since_the_last_answer() {
    let outage = Outage::default();
    assert_eq!(outage.answered(at(0)), None, "no outage");
    outage.failed(at(100));
    outage.failed(at(109));
    assert_eq!(outage.answered(at(110)), Some(at(-60)));
    assert_eq!(outage.answered(at(200)), None, "the outage ended");
}

#[test]
fn a_failing_mail_between_others_is_not_an_outage() {
    let outage = Outage::default();
    for second in 0..100 {
        outage.failed(at(2 * second));
        assert_eq!(outage.answered(at(2 * second + 1)), None);
        assert!(!outage.begins_probe(at(2 * second + 1)));
    }
}

#[test]
fn an_outage_is_probed_every_15_seconds_and_then_less_often() {
    let outage = Outage::default();
    outage.failed(at(0));
    assert!(!outage.begins_probe(at(14)));
    assert!(outage.begins_probe(at(15)));
    assert!(!outage.begins_probe(at(29)));
    assert!(outage.begins_probe(at(30)));
    outage.failed(at(800));
    assert!(!outage.begins_probe(at(899)));
    assert!(outage.begins_probe(at(915)));
    outage.failed(at(80_000));
    assert!(!outage.begins_probe(at(80_299)));
    assert!(outage.begins_probe(at(80_300)));
    outage.forget();
    assert!(!outage.begins_probe(at(90_000)));
}

#[test]
fn a_clock_set_back_stops_no_probe() {
    let outage = Outage::default();
    outage.failed(at(4000));
    assert!(outage.begins_probe(at(0)));
}

#[test]
fn a_process_that_starts_probes_at_once() {
    let outage = Outage::default();
    outage.suspect(at(0));
    assert!(outage.begins_probe(at(0)));
    assert!(!outage.begins_probe(at(1)));
    assert_eq!(outage.answered(at(1)), Some(Timestamp::UNIX_EPOCH));
}
