//! A Postgres URL that names several hosts.

use std::{sync::Arc, time::Duration};

use hallpass::{
    ErrorKind, conformance,
    seaorm::{ConnectSettings, SeaOrmStore},
    store::Store as _,
};
use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, Statement};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};

use crate::support::{cluster::Cluster, patience::until, skip};

/// Two servers with the tables, if available.
async fn clusters() -> Option<[Cluster; 2]> {
    let clusters = [Cluster::start_or_skip()?, Cluster::start_or_skip()?];
    for cluster in &clusters {
        let store = connect(&cluster.url()).await.unwrap();
        store.migrate().await.unwrap();
    }
    Some(clusters)
}

/// The URL of both servers in this order.
fn url(first: &Cluster, second: &Cluster, more: &str) -> String {
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", first.port(), second.port());
    format!("postgres://postgres@{hosts}/postgres{more}")
}

async fn connect(url: &str) -> hallpass::Result<SeaOrmStore> {
    let settings = ConnectSettings::new(url)
        .pool_size(3)
        .acquire_timeout(Duration::from_secs(10));
    SeaOrmStore::connect(&settings).await
}

async fn read_only(cluster: &Cluster, is_read_only: bool) {
    let store = connect(&cluster.url()).await.unwrap();
    let db = store.database();
    let is_read_only = if is_read_only { "on" } else { "off" };
    for sql in [
        &format!("ALTER SYSTEM SET default_transaction_read_only = {is_read_only}"),
        "SELECT pg_reload_conf()",
    ] {
        db.execute_unprepared(sql).await.unwrap();
    }
    until("Postgres reads its configuration", async || {
        let store = connect(&cluster.url()).await.unwrap();
        setting(&store, "transaction_read_only").await.unwrap() == is_read_only
    })
    .await;
}

async fn setting(store: &SeaOrmStore, name: &str) -> Result<String, DbErr> {
    let sql = format!("SELECT current_setting('{name}')");
    let row = store
        .database()
        .query_one_raw(Statement::from_string(DbBackend::Postgres, sql))
        .await?;
    row.unwrap().try_get_by_index(0)
}

async fn port(store: &SeaOrmStore) -> Result<u16, DbErr> {
    Ok(setting(store, "port").await?.parse().unwrap())
}

/// Writes on all connections at once, and returns the host if every write succeeds.
async fn write(store: &SeaOrmStore) -> Result<u16, DbErr> {
    let sql = "UPDATE auth_migrations SET applied_at = applied_at \
               WHERE name = (SELECT min(name) FROM auth_migrations) \
               RETURNING current_setting('port') AS port";
    let write = || async {
        let statement = Statement::from_string(DbBackend::Postgres, sql);
        let row = store.database().query_one_raw(statement).await?;
        row.unwrap().try_get::<String>("", "port")
    };
    let written: [Result<String, DbErr>; 3] = tokio::join!(write(), write(), write()).into();
    let mut ports = Vec::new();
    for port in written {
        ports.push(port?.parse().unwrap());
    }
    assert!(ports.iter().all(|port| *port == ports[0]), "{ports:?}");
    Ok(ports[0])
}

/// Checks that all writes, including those of the store, reach only this host.
async fn expect_writes_at(store: &SeaOrmStore, cluster: &Cluster) {
    until("writes succeed", async || match write(store).await {
        Ok(port) => {
            assert_eq!(port, cluster.port());
            true
        }
        Err(_) => false,
    })
    .await;
    until("the store writes", async || store.ping().await.is_ok()).await;
}

#[tokio::test]
async fn the_first_writable_host_is_used() {
    let Some([mut one, two]) = clusters().await else {
        return;
    };
    for more in [
        "",
        "?target_session_attrs=read-write",
        "?target_session_attrs=primary",
    ] {
        let store = connect(&url(&one, &two, more)).await.unwrap();
        assert_eq!(write(&store).await.unwrap(), one.port());
        let store = connect(&url(&two, &one, more)).await.unwrap();
        assert_eq!(write(&store).await.unwrap(), two.port());
    }
    let lists = format!(
        "postgres:///postgres?user=postgres&host=127.0.0.1,127.0.0.1&port={},{}",
        two.port(),
        one.port()
    );
    assert_eq!(
        port(&connect(&lists).await.unwrap()).await.unwrap(),
        two.port()
    );

    read_only(&one, true).await;
    let any = "?target_session_attrs=any";
    let store = connect(&url(&one, &two, any)).await.unwrap();
    assert_eq!(port(&store).await.unwrap(), one.port());
    let store = connect(&url(&one, &two, "")).await.unwrap();
    assert_eq!(write(&store).await.unwrap(), two.port());
    conformance::check_all(Arc::new(store)).await;

    one.stop();
    for more in ["", any] {
        let store = connect(&url(&one, &two, more)).await.unwrap();
        assert_eq!(write(&store).await.unwrap(), two.port());
    }
}

#[tokio::test]
async fn read_only_hosts_are_unavailable() {
    let Some([one, two]) = clusters().await else {
        return;
    };
    read_only(&one, true).await;
    read_only(&two, true).await;
    let one_host = format!("{}?target_session_attrs=read-write", one.url());
    for url in [url(&one, &two, ""), one_host] {
        let settings = ConnectSettings::new(url).acquire_timeout(Duration::from_secs(3));
        let error = SeaOrmStore::connect(&settings).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(format!("{error:?}").contains("accepts writes"), "{error:?}");
    }
}

/// The same in reverse, with connections that stay open all the time.
#[tokio::test]
async fn connections_follow_a_role_change_of_the_hosts() {
    let Some([one, two]) = clusters().await else {
        return;
    };
    read_only(&two, true).await;
    let store = connect(&url(&one, &two, "?target_session_attrs=read-write"))
        .await
        .unwrap();
    expect_writes_at(&store, &one).await;
    for (old, new) in [(&one, &two), (&two, &one)] {
        read_only(new, false).await;
        read_only(old, true).await;
        expect_writes_at(&store, new).await;
    }
}

#[tokio::test]
async fn connections_follow_a_failover_to_another_host() {
    let Some([mut one, two]) = clusters().await else {
        return;
    };
    read_only(&two, true).await;
    let store = connect(&url(&one, &two, "")).await.unwrap();
    expect_writes_at(&store, &one).await;
    one.stop();
    let settings =
        ConnectSettings::new(url(&one, &two, "")).acquire_timeout(Duration::from_millis(500));
    assert!(SeaOrmStore::connect(&settings).await.is_err());
    assert!(write(&store).await.is_err());
    read_only(&two, false).await;
    expect_writes_at(&store, &two).await;
    // The first host comes back as read-only, so it is not used.
    one.start_again();
    read_only(&one, true).await;
    expect_writes_at(&store, &two).await;
}

#[tokio::test]
async fn a_host_that_opens_the_pool_names_one_host() {
    let settings = ConnectSettings::new("postgres://u:hunter2@one,two/app");
    let error = settings.to_options().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

/// The driver would read the brackets as part of a host name without an address, both when it looks the host up and
/// when the pool opens a connection.
#[tokio::test]
async fn ipv6_address_in_brackets_is_reached() {
    let Some(cluster) = Cluster::start_or_skip() else {
        return;
    };
    let Ok(listener) = TcpListener::bind("[::1]:0").await else {
        skip::say("Postgres by IPv6", "There is no such address here.");
        return;
    };
    let url = format!(
        "postgres://postgres@[::1]:{}/postgres",
        listener.local_addr().unwrap().port()
    );
    let port_behind = cluster.port();
    let forwarding = tokio::spawn(async move {
        loop {
            let (mut near, _) = listener.accept().await.unwrap();
            let mut far = TcpStream::connect(("127.0.0.1", port_behind))
                .await
                .unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut near, &mut far).await });
        }
    });
    let store = connect(&url).await.unwrap();
    assert_eq!(port(&store).await.unwrap(), port_behind);
    let of_host = ConnectSettings::new(&url).to_options().unwrap();
    let of_host = sea_orm::Database::connect(of_host).await.unwrap();
    of_host.ping().await.unwrap();
    forwarding.abort();
}
