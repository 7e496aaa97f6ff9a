//! The measured service, in this process, and its accounts.

use std::{net::SocketAddr, sync::Arc};

use axum::serve::ListenerExt as _;
use hallpass::{
    Auth, AuthBuilder, ClientAddress, UserId,
    clock::{Clock as _, SystemClock},
    event::{ClientInfo, Event, EventKind},
    limit::{Budget, Rate, RateLimits},
    mail::Mailbox,
    seaorm::{ConnectSettings, SeaOrmStore},
    secret::{PasswordHash, Secret},
    store::{Store, UserStore as _},
    user::{InsertUser, NewUser, Role},
};
use tokio::{net::TcpListener, task::JoinHandle};

use super::flawed::{Flaw, Flawed};
use crate::Result;

pub(crate) async fn store(database_url: &str) -> Result<SeaOrmStore> {
    let store = SeaOrmStore::connect(&ConnectSettings::new(database_url)).await?;
    store.migrate().await?;
    Ok(store)
}

/// A server on loopback, which is stopped on drop.
///
/// No worker delivers the emails of this server, because that work would delay the next caller.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(
        store: &SeaOrmStore,
        flaw: Option<Flaw>,
        set: impl Fn(AuthBuilder) -> AuthBuilder,
    ) -> Result<Self> {
        let mut builder = Auth::builder()
            .store(store.clone())
            .secrets(Secret::generate())
            .public_url("https://id.example.org")
            .mailer(Mailbox::new())
            .rate_limits(raised());
        if let Some(flaw) = flaw {
            let asked: Arc<dyn Store> = Arc::new(store.clone());
            builder = builder.wrap_service(move |inner| {
                let store = Arc::clone(&asked);
                Arc::new(Flawed { inner, store, flaw })
            });
        }
        let auth = set(builder).build()?;
        let router = hallpass::axum::router(auth.endpoints(), ClientAddress::peer())
            .into_make_service_with_connect_info::<SocketAddr>();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                eprintln!("TCP_NODELAY: {error}");
            }
        });
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the server ended: {error}");
            }
        });
        Ok(Self { address, task })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Limits that count as usual but are never reached.
fn raised() -> RateLimits {
    let rate = Rate::per_minute(10_000_000);
    Budget::ALL
        .iter()
        .fold(RateLimits::default(), |limits, &budget| {
            let per_address = limits.of_address(budget).map(|_| rate);
            limits
                .per_client(budget, rate)
                .per_address(budget, per_address)
        })
}

/// Creates an account with this hash or without a password.
pub(crate) async fn account(
    store: &SeaOrmStore,
    email: &str,
    password_hash: Option<PasswordHash>,
) -> Result<()> {
    let now = SystemClock.now();
    let user = NewUser {
        id: UserId::new(now),
        email: email.parse()?,
        email_verified_at: None,
        password_hash,
        roles: [Role::USER].into_iter().collect(),
        display_name: None,
        locale: None,
        created_at: now,
    };
    let event = Event::new(EventKind::AccountCreated, now, &ClientInfo::default());
    match store.insert_user(&user, &event, None, None).await? {
        InsertUser::Inserted(_) => Ok(()),
        InsertUser::EmailTaken => Err("an address was drawn twice".into()),
    }
}
