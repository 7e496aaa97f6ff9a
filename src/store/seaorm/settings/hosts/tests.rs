use super::*;

/// Returns the hosts, ports and databases of a URL.
fn read(url: &str) -> Vec<(String, u16, Option<String>)> {
    let hosts = Hosts::parse(url, |options| options).unwrap();
    let read = |host: &Host| {
        let options = &host.options;
        let database = options.get_database().map(str::to_owned);
        (options.get_host().to_owned(), options.get_port(), database)
    };
    hosts.hosts.iter().map(read).collect()
}

fn refusal(url: &str) -> String {
    let error = Hosts::parse(url, |options| options).err().unwrap();
    assert_eq!(error.kind(), crate::ErrorKind::Configuration);
    std::error::Error::source(&error).unwrap().to_string()
}

#[test]
fn a_list_of_hosts_is_read_in_its_order() {
    let app = || Some("app".to_owned());
    let one = ("one.example".to_owned(), 5432, app());
    let two = ("two".to_owned(), 5433, app());
    let lone = ("::1".to_owned(), 5434, app());
    for (url, expected) in [
        ("postgres://u:p@one.example:5432/app", vec![&one]),
        (
            "postgres://u:p@one.example:5432,two:5433/app",
            vec![&one, &two],
        ),
        (
            "postgresql://u:a%40b@c@two:5433,[::1]:5434,one.example:5432/app?sslmode=disable",
            vec![&two, &lone, &one],
        ),
        ("postgres://u@[::1]:5434/app", vec![&lone]),
        (
            "postgres:///app?host=one.example,two&port=5432,5433&sslmode=disable",
            vec![&one, &two],
        ),
        (
            "postgres:///app?user=u&host=two%2Ctwo&port=5433",
            vec![&two, &two],
        ),
    ] {
        let expected: Vec<_> = expected.into_iter().cloned().collect();
        assert_eq!(read(url), expected, "{url}");
    }
}

#[test]
fn required_host_attributes_are_read_and_kept_from_the_driver() {
    for (url, wanted) in [
        ("postgres://one/app", Wanted::Any),
        ("postgres://one,two/app", Wanted::ReadWrite),
        (
            "postgres://one,two/app?target_session_attrs=any",
            Wanted::Any,
        ),
        (
            "postgres://one/app?target_session_attrs=read-write",
            Wanted::ReadWrite,
        ),
        (
            "postgres://one,two/app?sslmode=disable&target_session_attrs=primary",
            Wanted::Primary,
        ),
    ] {
        let hosts = Hosts::parse(url, |options| options).unwrap();
        assert_eq!(hosts.wanted, wanted, "{url}");
        for host in &hosts.hosts {
            assert!(!host.url.contains("target_session_attrs"), "{}", host.url);
            assert_eq!(
                host.url.contains("?sslmode=disable"),
                url.contains("sslmode")
            );
        }
    }
}

#[test]
fn unreadable_parameters_are_refused_by_name_only() {
    for url in [
        "postgres://u:hunter2@one,,two/app",
        "postgres://u:hunter2@one:port,two/app",
        "postgres://u:hunter2@one:port/app",
        "postgres:///app?password=hunter2&host=one,two,three&port=1,2",
        "postgres:///app?password=hunter2&host=one,two&port=1,",
        "postgres://u:hunter2@zero,naught/app?host=one,two",
        "hunter2",
    ] {
        let refusal = refusal(url);
        assert!(refusal.contains("the database URL"), "{refusal}");
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }
    let refusal = refusal("postgres://one,two/app?target_session_attrs=hunter2");
    assert!(refusal.contains("target_session_attrs"), "{refusal}");
    assert!(!refusal.contains("hunter2"), "{refusal}");
}

/// The driver would ignore unknown parameters, and log their values.
#[test]
fn a_parameter_that_is_not_known_is_refused_by_its_name_only() {
    for (url, name) in [
        ("postgres://u@one/app?sslpassword=hunter2", "sslpassword"),
        (
            "postgres://u@one,two/app?sslmode=disable&sslpassword=hunter2",
            "sslpassword",
        ),
        (
            "postgres:///app?host=one,two&port=1,2&channel%5Fbinding=hunter2",
            "channel_binding",
        ),
        ("postgres://u@one/app?ssl%70assword=hunter2", "sslpassword"),
        (
            "postgres://u@one/app?options[=hunter2",
            "without a valid name",
        ),
        (
            "postgres://u@one/app?hunter2%20hunter2",
            "without a valid name",
        ),
    ] {
        let refusal = refusal(url);
        assert!(refusal.contains("the database URL"), "{refusal}");
        assert!(refusal.contains(name), "{refusal}");
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }
    read(
        "postgres://one/app?application_name=a&options[search_path]=b&options=-c%20a%3Db&user=u&password=p\
         &sslmode=disable&hostaddr=127.0.0.1&dbname=d&ssl-ca=/ca.pem&statement-cache-capacity=9",
    );
}

#[tokio::test]
async fn the_refusal_is_reported_if_the_host_then_falls_silent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "postgres://u@{}/app?sslmode=disable",
        listener.local_addr().unwrap()
    );
    // The first connection is closed at once, and the second connection gets no reply.
    let host = tokio::spawn(async move {
        drop(listener.accept().await.unwrap());
        let silent = listener.accept().await.unwrap();
        std::future::pending::<()>().await;
        drop(silent);
    });
    let hosts = Hosts::parse(&url, |options| options).unwrap();
    let found = hosts.find(Duration::from_secs(2)).await;
    let error = found.err().expect("nobody answers");
    let reason = std::error::Error::source(&error).unwrap().to_string();
    assert!(reason.contains("error communicating"), "{reason}");
    host.abort();
}
