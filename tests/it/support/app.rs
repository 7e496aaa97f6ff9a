//! An [`Auth`] on a store, served on loopback by axum or by actix.

use std::{net::SocketAddr, ops::Deref, sync::Arc, time::Duration};

use actix_web::{
    HttpServer,
    dev::ServerHandle,
    web::{self, ServiceConfig},
};
use axum::Router;
use hallpass::{
    Auth, AuthBuilder, ClientAddress, Registration, UserId,
    clock::{Clock as _, ManualClock, Timestamp},
    credential::{HashParams, Hasher, HasherBuilder},
    endpoints::Endpoints,
    event::{Author, ClientInfo, Event, EventFilter, EventKind},
    limit::{Lockout, RateLimits},
    mail::{Mail, Mailbox},
    secret::{Secret, TokenDigest},
    store::Store,
    token::{Methods, NewSession, SessionKind},
    user::{DeleteUser, EmailAddress, NewUser, Role, UpdateUser, UserChange, UserStatus},
};
use tokio::{net::TcpListener, sync::Barrier, task::JoinHandle};

use super::{
    db::{TestStore, stores},
    http::{Client, Tokens},
    patience::PATIENCE,
};

pub(crate) const PUBLIC_URL: &str = "https://id.example.org";

/// A framework.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Framework {
    Actix,
    Axum,
}

/// A service with its clock, its mails and a client.
pub(crate) struct App {
    pub(crate) auth: Auth,
    pub(crate) clock: ManualClock,
    pub(crate) mailbox: Mailbox,
    pub(crate) secret: Secret,
    pub(crate) name: String,
    framework: Framework,
    store: Arc<TestStore>,
    server: Server,
}

impl Deref for App {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.server.client
    }
}

/// One app for each store and framework; one framework suffices for the fast memory store.
pub(crate) async fn apps() -> Vec<App> {
    apps_with(|builder| builder).await
}

/// The same, with these settings.
pub(crate) async fn apps_with(set: impl Fn(AuthBuilder) -> AuthBuilder) -> Vec<App> {
    let mut apps = Vec::new();
    let memory = TestStore::memory();
    for store in [memory].into_iter().chain(stores().await) {
        let framework = if apps.len() % 2 == 0 {
            Framework::Actix
        } else {
            Framework::Axum
        };
        apps.push(App::start(Arc::new(store), framework, &set).await);
    }
    apps
}

/// The first of [`apps`], for tests that do not depend on the store or the framework.
pub(crate) async fn app_with(set: impl Fn(AuthBuilder) -> AuthBuilder) -> App {
    App::start(Arc::new(TestStore::memory()), Framework::Axum, set).await
}

impl App {
    pub(crate) async fn start(
        store: Arc<TestStore>,
        framework: Framework,
        set: impl Fn(AuthBuilder) -> AuthBuilder,
    ) -> Self {
        let (clock, mailbox) = (ManualClock::new(), Mailbox::new());
        let secret = Secret::generate();
        let builder = builder(&store, &clock, &mailbox, &secret);
        let auth = set(builder).build().expect("the settings are right");
        let server = Server::of(auth.endpoints().with_browser().with_docs(), framework).await;
        let name = format!("{} on {framework:?}", store.name);
        eprintln!("{name}");
        Self {
            auth,
            clock,
            mailbox,
            secret,
            name,
            framework,
            store,
            server,
        }
    }

    /// Another process on the same store, with the same clock, mails and secret, unless they are set otherwise.
    pub(crate) async fn another(&self, set: impl Fn(AuthBuilder) -> AuthBuilder) -> Self {
        let store = Arc::clone(&self.store);
        let builder = builder(&store, &self.clock, &self.mailbox, &self.secret);
        let auth = set(builder).build().expect("the settings are right");
        Self {
            server: Server::of(auth.endpoints().with_browser().with_docs(), self.framework).await,
            auth,
            clock: self.clock.clone(),
            mailbox: self.mailbox.clone(),
            secret: self.secret.clone(),
            name: self.name.clone(),
            framework: self.framework,
            store,
        }
    }

    pub(crate) fn framework(&self) -> Framework {
        self.framework
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        self.store.store()
    }

    /// The number of events of this kind, up to a hundred.
    pub(crate) async fn count_events(&self, kind: EventKind) -> usize {
        let filter = EventFilter {
            user_id: None,
            kind: Some(kind),
        };
        let events = self.store().list_events(&filter, None, 100).await;
        events.expect("the store works").len()
    }

    /// The sign-in method of an access token's session, as stored.
    pub(crate) async fn methods_of(&self, access: &str) -> Methods {
        let claims = self.auth.verify(&access.into()).expect("a good token");
        let (store, now) = (self.store(), self.now());
        let live = store.session_user(claims.session_id(), claims.id(), now);
        let live = live.await.expect("the store works");
        live.expect("the session is live").methods
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) async fn set_roles(&self, id: &str, roles: &str) {
        let roles = Some(roles.parse().expect("names of roles"));
        let change = UserChange {
            roles,
            ..UserChange::default()
        };
        self.change(id, &change).await;
    }

    pub(crate) async fn set_status(&self, id: &str, status: UserStatus) {
        let status = Some(status);
        let change = UserChange {
            status,
            ..UserChange::default()
        };
        self.change(id, &change).await;
    }

    /// Marks the address of this user as verified.
    pub(crate) async fn set_verified(&self, id: &str) {
        let change = UserChange {
            email_verified: Some(true),
            ..UserChange::default()
        };
        self.change(id, &change).await;
    }

    async fn change(&self, id: &str, change: &UserChange) {
        let (author, now) = (Author::default(), self.now());
        let id = user_id(id);
        let outcome = self
            .auth
            .store()
            .update_user(id, change, None, &author, now)
            .await;
        let outcome = outcome.expect("the store works");
        assert!(matches!(outcome, UpdateUser::Updated(..)), "{outcome:?}");
    }

    /// Signs in to an account without a password. Deletes the account, and creates it again under the tokens of an
    /// account with a password.
    pub(crate) async fn passwordless(&self, email: &str) -> Tokens {
        let user = user_id(self.register(email).await["id"].as_str().expect("an id"));
        let tokens = self.login(email).await;
        let (store, now) = (self.store(), self.now());
        let event = created(now);
        let deleted = store.delete_user(user, None, &event).await;
        assert!(matches!(deleted, Ok(DeleteUser::Deleted(_))), "{deleted:?}");
        let account = NewUser {
            locale: None,
            id: user,
            email: email.parse().expect("an address"),
            email_verified_at: None,
            password_hash: None,
            roles: [Role::USER].into_iter().collect(),
            display_name: None,
            created_at: now,
        };
        let added = store.insert_user(&account, &created(now), None, None).await;
        added.expect("the store works");
        let session = NewSession {
            id: tokens.session.parse().expect("an id"),
            user_id: user,
            credential_version: 0,
            factor_version: 0,
            kind: SessionKind::Tokens,
            digest: TokenDigest::of(&tokens.refresh),
            created_at: now,
            idle_expires_at: now + Duration::from_secs(86_400),
            absolute_expires_at: now + Duration::from_secs(86_400),
            client: ClientInfo::default(),
            methods: Methods::default(),
            authenticated_at: now,
            second_factor_at: None,
            second: None,
            verified_hash: None,
            rehashed: None,
            cleared_counter: None,
            sessions_at_most: std::num::NonZeroU32::MAX,
        };
        let opened = store.open_session(&session, &[created(now)], &[]).await;
        opened.expect("the store works");
        self.me(&tokens.access).await.expect(200);
        tokens
    }

    /// Creates an administrator and returns the access token.
    pub(crate) async fn administrator(&self) -> String {
        self.administrator_at("root@example.org").await
    }

    /// The same, with this address, in addition to other administrators if there are any.
    pub(crate) async fn administrator_at(&self, email: &str) -> String {
        let address: EmailAddress = email.parse().expect("an address");
        let password = super::http::PASSWORD.into();
        let made = self.auth.ensure_administrator(address.clone(), &password);
        let made = made.await.expect("the store works");
        let known = self.store.credentials(&address).await;
        if made.is_none() && known.expect("the store works").is_none() {
            let registration = Registration::new(address, super::http::PASSWORD);
            let user = self.auth.register(registration).await;
            let change = UserChange {
                add_roles: [Role::ADMIN].into_iter().collect(),
                email_verified: Some(true),
                ..UserChange::default()
            };
            let id = user.expect("the address is free").id.to_string();
            self.change(&id, &change).await;
        }
        self.login(email).await.access
    }

    /// Requests a reset, sends the mail and returns its token.
    pub(crate) async fn reset_token(&self, email: &str) -> String {
        self.forgot(email).await;
        self.deliver().await;
        token_in(&self.letter(email, "/reset-password?"))
    }

    /// Registers, and sends the mail that results.
    pub(crate) async fn settled(&self, email: &str) -> serde_json::Value {
        let user = self.register(email).await;
        self.deliver().await;
        user
    }

    /// Sends all due mails.
    pub(crate) async fn deliver(&self) {
        self.auth.deliver_mail().await.expect("the store works");
    }

    /// The text of the newest mail to this address that contains `says`.
    pub(crate) fn letter(&self, email: &str, says: &str) -> String {
        let mails = self.letters(email, says);
        mails.into_iter().next_back().expect("a mail with the text")
    }

    /// The texts of all such mails in the order in which they were requested, because concurrent mails arrive in any
    /// order.
    pub(crate) fn letters(&self, email: &str, says: &str) -> Vec<String> {
        let address: EmailAddress = email.parse().expect("an address");
        let mut mails = self.mailbox.mails();
        mails.sort_by_key(Mail::id);
        let fitting = mails.iter().filter(|mail| *mail.to() == address);
        let texts = fitting.map(|mail| mail.text().to_owned());
        texts
            .filter(|text| text.replace('\n', " ").contains(says))
            .collect()
    }
}

/// The token of the only link that resets a password.
pub(crate) fn token_in(text: &str) -> String {
    link_token(text, "reset-password")
}

/// The token of the only link to this page in the text.
pub(crate) fn link_token(text: &str, page: &str) -> String {
    let start = format!("{PUBLIC_URL}/{page}?token=");
    let (_, rest) = text.split_once(&start).expect("the text has the link");
    let token: String = rest
        .chars()
        .take_while(|c| !c.is_whitespace() && *c != '&')
        .collect();
    assert!(
        token
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    );
    token
}

pub(crate) fn user_id(id: &str) -> UserId {
    id.parse().expect("an id")
}

/// Hashing with the minimum cost.
pub(crate) fn cheap() -> HashParams {
    HashParams::danger_weak(8, 1, 1).expect("Argon2 accepts the parameters")
}

/// The same, where a caller waits for a permit without limit.
pub(crate) fn patient(params: HashParams) -> HasherBuilder {
    Hasher::builder(params).deadline(PATIENCE).niceness(0)
}

/// Answers late rather than with 503, for races that wait for all replies.
pub(crate) fn unhurried(builder: AuthBuilder) -> AuthBuilder {
    builder.request_timeout(2 * PATIENCE)
}

/// Has the default limits, which other tests switch off.
pub(crate) fn limited(builder: AuthBuilder) -> AuthBuilder {
    builder
        .rate_limits(RateLimits::default())
        .lockout(Lockout::default())
}

fn builder(
    store: &TestStore,
    clock: &ManualClock,
    mailbox: &Mailbox,
    secret: &Secret,
) -> AuthBuilder {
    Auth::builder()
        .shared_store(store.store())
        .clock(clock.clone())
        .mailer(mailbox.clone())
        .secrets(secret.clone())
        .public_url(PUBLIC_URL)
        .mail_budgets(false)
        .rate_limits(RateLimits::none())
        .lockout(None)
        .second_factor_tries(None)
        .hashing(patient(cheap()))
}

/// Starts this many requests behind a barrier, and returns the replies.
pub(crate) async fn race<T, F>(count: usize, mut task: impl FnMut(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(count));
    let tasks: Vec<_> = (0..count)
        .map(|index| {
            let (barrier, task) = (Arc::clone(&barrier), task(index));
            tokio::spawn(async move {
                barrier.wait().await;
                task.await
            })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.expect("the task does not panic"));
    }
    outcomes
}

/// A running server. Stopped on drop.
pub(crate) struct Server {
    pub(crate) client: Client,
    running: Running,
}

enum Running {
    Actix(ServerHandle),
    Axum(JoinHandle<()>),
}

impl Server {
    pub(crate) async fn of(endpoints: Endpoints, framework: Framework) -> Self {
        Self::behind(ClientAddress::peer(), endpoints, framework).await
    }

    pub(crate) async fn behind(
        rule: ClientAddress,
        endpoints: Endpoints,
        framework: Framework,
    ) -> Self {
        match framework {
            Framework::Actix => Self::actix(hallpass::actix::configure(endpoints, rule)),
            Framework::Axum => Self::axum(hallpass::axum::router(endpoints, rule)).await,
        }
    }

    pub(crate) async fn axum(router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let client = Client(listener.local_addr().expect("an address"));
        let router = router
            .fallback(hallpass::axum::not_found)
            .into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move {
            let served = axum::serve(listener, router).await;
            served.expect("the server runs");
        });
        Self {
            client,
            running: Running::Axum(task),
        }
    }

    pub(crate) fn actix<C>(configure: C) -> Self
    where
        C: FnOnce(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let server = HttpServer::new(move || {
            actix_web::App::new()
                .configure(configure.clone())
                .default_service(web::to(hallpass::actix::not_found))
        });
        let server = server
            .workers(1)
            .h1_allow_half_closed(false)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .expect("a port");
        let client = Client(server.addrs()[0]);
        let server = server.run();
        let running = Running::Actix(server.handle());
        tokio::spawn(server);
        Self { client, running }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        match &self.running {
            Running::Actix(handle) => drop(handle.stop(false)),
            Running::Axum(task) => task.abort(),
        }
    }
}

/// The event of an account that a test inserts into the store.
pub(crate) fn created(now: Timestamp) -> Event {
    Event::new(EventKind::AccountCreated, now, &ClientInfo::default())
}
