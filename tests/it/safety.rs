//! Secrets appear in no log, no error, no `Debug` output and no reply to a failure (I11).

mod parts;

use std::{sync::atomic::Ordering, time::Duration};

use hallpass::{
    Auth, ClientAddress, Error, Login, Registration, Secrets,
    clock::ManualClock,
    credential::{HashParams, Hasher},
    event::ClientInfo,
    mail::{Letter, LetterKind, Links, Mailbox, SmtpMailer},
    memory::MemoryStore,
    seaorm::{ConnectSettings, SeaOrmStore},
    secret::AccessToken,
    store::Store,
    token::{Purpose, SigningAlgorithm, SigningKeys},
};
use serde_json::json;

use self::parts::{Api, RefusesHalf, break_tables};
use crate::{
    oauth::flow,
    support::{
        app::{Framework, Server},
        db::Database,
        provider::{Behaviour, CLIENT_SECRET, FakeProvider, Signing},
        transcript::{self, Unsayable},
    },
};

const MASTER: &[u8; 32] = b"0123456789 master secret 0123456";
const EMAIL: &str = "ann@example.org";
const PASSWORD: &str = "a staple for a horse";
const WRONG: &str = "a wrong staple for it";
const NEW: &str = "another good password";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn secrets_are_in_no_output() {
    transcript::start();
    let mut run = Run::new();
    run.flows(MemoryStore::new()).await;
    for database in Database::migrated().await {
        let store = database.store().await;
        run.flows(store.clone()).await;
        // Administrators see the trail, so it must not hold an address either.
        let trail = parts::trail(&store).await;
        assert!(trail.contains("unknown_address"), "{trail}");
        assert!(!trail.contains('@'), "{trail}");
        transcript::say(&trail);
        run.failures(&store).await;
    }
    run.values();
    let said = transcript::end();
    for known in [
        "the request failed",
        "an email could not be sent",
        "an email was marked dead",
        "a sign-in with a provider failed",
        "[token]",
        "broken",
    ] {
        assert!(said.contains(known), "the transcript has no {known:?}");
    }
    // The mailer quotes the recipient, but the log lines about mails must not.
    let is_of_mail = |line: &&str| {
        line.contains("an email could not be sent") || line.contains("an email was marked dead")
    };
    let mails = said.lines().filter(is_of_mail);
    let quoting: Vec<_> = mails.filter(|line| line.contains('@')).collect();
    assert!(
        quoting.is_empty() && said.contains("550 <[address]>"),
        "{quoting:#?}"
    );
    let found = run.unsayable.found_in(&said);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn secrets_are_found_in_every_form() {
    let mut unsayable = Unsayable::default();
    unsayable.token("a token", "hp_rt_abcdefghijklmnop");
    let digest = hallpass::secret::TokenDigest::of("hp_rt_abcdefghijklmnop");
    let hex: String = digest
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    for said in [
        "x hp_rt_abcdefghijklmnop".to_owned(),
        "y abcdefghijklmnop".to_owned(),
        format!("\\x{hex}"),
        hex.to_uppercase(),
        format!("{:?}", digest.as_bytes()),
    ] {
        assert!(
            !unsayable
                .found_in(&format!("before\n{said}\nafter"))
                .is_empty(),
            "{said}"
        );
    }
    assert!(unsayable.found_in("TokenDigest(redacted)").is_empty());
}

struct Run {
    unsayable: Unsayable,
}

impl Run {
    fn new() -> Self {
        let mut unsayable = Unsayable::default();
        unsayable.bytes("the master secret", MASTER);
        for password in [PASSWORD, WRONG, NEW] {
            unsayable.add("a password", password);
        }
        Self { unsayable }
    }

    /// Every use case, with success and failure, through the endpoints and in process.
    async fn flows(&mut self, store: impl Store + Clone + 'static) {
        let mailer = std::sync::Arc::new(RefusesHalf::default());
        let clock = ManualClock::new();
        let auth = auth(store.clone(), |builder| {
            builder.shared_mailer(mailer.clone()).clock(clock.clone())
        });
        let api = Api {
            router: hallpass::axum::router(auth.endpoints(), ClientAddress::unknown()),
        };

        let account = json!({ "email": EMAIL, "password": PASSWORD });
        assert_eq!(api.post("/users", &account).await.0, 201);
        assert_eq!(api.post("/users", &account).await.0, 409);
        for (email, password) in [(EMAIL, WRONG), ("bob@example.org", WRONG)] {
            let login = json!({ "email": email, "password": password });
            assert_eq!(api.post("/auth/login", &login).await.0, 401);
        }
        let tokens = api
            .tokens("/auth/login", &account, &mut self.unsayable)
            .await;
        let refresh = json!({ "refresh_token": tokens.1 });
        let next = api
            .tokens("/auth/refresh", &refresh, &mut self.unsayable)
            .await;
        let again = api
            .tokens("/auth/refresh", &refresh, &mut self.unsayable)
            .await;
        assert_eq!(next.1, again.1);
        assert_eq!(api.me(&next.0).await, 200);
        clock.advance(Duration::from_secs(60));
        assert_eq!(api.post("/auth/refresh", &refresh).await.0, 401);
        assert_eq!(api.me(&next.0).await, 401);

        self.garbage(&api, &next).await;
        self.providers(store.clone(), &clock).await;
        self.reset(&api, &auth, &mailer, &clock).await;
        self.in_process(&auth, &next).await;
        let hash = store
            .credentials(&EMAIL.parse().unwrap())
            .await
            .unwrap()
            .unwrap();
        self.unsayable.phc(hash.password_hash.unwrap().expose());
    }

    /// Sends secrets in the wrong places, and signs in with a provider, both successfully and not.
    async fn providers(&mut self, store: impl Store + 'static, clock: &ManualClock) {
        let fake = FakeProvider::start().await;
        fake.follow(clock);
        let auth = auth(store, |builder| {
            let builder = builder.mailer(Mailbox::new()).clock(clock.clone());
            flow::asking(builder, &fake)
        });
        transcript::debug(&auth.provider_sign_ins());
        let server = Server::of(auth.endpoints(), Framework::Axum).await;
        self.unsayable
            .add("the verifier of an application", flow::VERIFIER);
        self.unsayable.add("the secret of a client", CLIENT_SECRET);
        let nonsense = |behaviour: &mut Behaviour| {
            let body = format!("{{\"access_token\":\"{WRONG}\"");
            behaviour.instead.insert("/token", (200, body));
        };
        let unsigned = |behaviour: &mut Behaviour| behaviour.signing = Signing::Not;
        let turns: [fn(&mut Behaviour); 3] = [nonsense, unsigned, |_| {}];
        for (turn, change) in turns.into_iter().enumerate() {
            let works = turn == 2;
            fake.behave(change);
            let tab = flow::begin(&server.client, &[]).await;
            let (_, secret) = tab.cookie.split_once('=').unwrap();
            self.unsayable.token("what a browser keeps", secret);
            let claims = flow::person("ann at the provider", "ann@idp.example.org");
            let query = fake.approve(&tab.location, &claims);
            let (code, _) = query.split_once('&').unwrap();
            let code = code.trim_start_matches("code=");
            self.unsayable.token("the code of a provider", code);
            let reply = flow::come_back(&server.client, &tab, &query).await;
            let params = flow::landed(reply);
            let Some(code) = params.get("code") else {
                assert!(!works, "{params:?}");
                continue;
            };
            assert!(works);
            self.unsayable.token("the code for an application", code);
            let refused = flow::redeem(&server.client, code, "another").await;
            refused.problem(400, "invalid_token");
            let reply = flow::redeem(&server.client, code, flow::VERIFIER);
            let tokens = reply.await.tokens();
            self.unsayable.token("an access token", &tokens.access);
            self.unsayable.token("a refresh token", &tokens.refresh);
        }
    }

    async fn garbage(&self, api: &Api, (access, refresh): &(String, String)) {
        for (path, body) in [
            ("/users", json!({ "email": PASSWORD, "password": PASSWORD })),
            (
                "/users",
                json!({ "email": "c@example.org", "password": [PASSWORD] }),
            ),
            (
                "/users",
                json!({ "email": "c@example.org", "password": PASSWORD, "roles": [access] }),
            ),
            (
                "/users",
                json!({ "email": "c@example.org", "password": format!("{PASSWORD}\0") }),
            ),
            (
                "/users",
                json!({ "email": "c@example.org", "password": PASSWORD.repeat(60) }),
            ),
            (
                "/users",
                json!({ "email": "c@example.org", "password": PASSWORD, "display_name": [PASSWORD] }),
            ),
            (
                "/auth/login",
                json!({ "email": EMAIL, "password": { "a": PASSWORD } }),
            ),
            ("/auth/refresh", json!({ "refresh_token": access })),
            ("/auth/refresh", json!({ "refresh_token": [refresh] })),
            (
                "/auth/refresh",
                json!({ "refresh_token": format!("{refresh}x") }),
            ),
            (
                "/auth/reset-password",
                json!({ "token": refresh, "new_password": NEW }),
            ),
            (
                "/auth/reset-password",
                json!({ "token": [refresh], "new_password": [NEW] }),
            ),
        ] {
            let (status, _) = api.post(path, &body).await;
            assert!(status.is_client_error(), "{path} {body}: {status}");
        }
        let broken = format!(
            "{{\"email\":\"{EMAIL}\",\"password\":\"{PASSWORD}\",\"refresh_token\":\"{refresh}\""
        );
        for path in ["/users", "/auth/login", "/auth/refresh"] {
            assert_eq!(api.send("POST", path, None, broken.clone()).await.0, 400);
        }
        assert_eq!(api.me(refresh).await, 401);
        assert_eq!(api.me(&format!("{access}x")).await, 401);
        assert_eq!(api.me(&format!("{PASSWORD} {access}")).await, 401);
        let query = format!("/admin/users?cursor={access}&limit={refresh}");
        assert_eq!(api.send("GET", &query, None, String::new()).await.0, 401);
        assert_eq!(
            api.send("GET", &format!("/{access}"), None, String::new())
                .await
                .0,
            404
        );
    }

    async fn reset(&mut self, api: &Api, auth: &Auth, mailer: &RefusesHalf, clock: &ManualClock) {
        // Some of the verification letters are refused, and the others are accepted.
        while auth.deliver_mail().await.unwrap() > 0 {
            clock.advance(Duration::from_secs(60));
        }
        mailer.taken.clear();
        mailer.is_good.store(false, Ordering::SeqCst);
        for email in [EMAIL, "nobody@example.org"] {
            let (status, _) = api
                .post("/auth/forgot-password", &json!({ "email": email }))
                .await;
            assert_eq!(status, 202);
        }
        assert_eq!(auth.deliver_mail().await.unwrap(), 2);
        assert!(mailer.taken.mails().is_empty(), "the first try fails");
        clock.advance(Duration::from_secs(60));
        assert_eq!(auth.deliver_mail().await.unwrap(), 1);
        let mail = mailer.taken.last_to(EMAIL).unwrap();
        transcript::debug(&mail);
        let (_, rest) = mail.text().split_once("?token=").unwrap();
        let token = rest.split_whitespace().next().unwrap();
        self.unsayable.token("a one-time token", token);
        let weak = json!({ "token": token, "new_password": "password" });
        assert_eq!(api.post("/auth/reset-password", &weak).await.0, 422);
        let good = json!({ "token": token, "new_password": NEW });
        assert_eq!(api.post("/auth/reset-password", &good).await.0, 204);
        assert_eq!(api.post("/auth/reset-password", &good).await.0, 400);
        Self::give_up(api, auth, mailer, clock).await;
    }

    /// The mail is refused until it expires, and the mailer's last error is quoted.
    async fn give_up(api: &Api, auth: &Auth, mailer: &RefusesHalf, clock: &ManualClock) {
        while auth.deliver_mail().await.unwrap() > 0 {
            clock.advance(Duration::from_secs(60));
        }
        mailer.is_good.store(false, Ordering::SeqCst);
        let body = json!({ "email": EMAIL });
        assert_eq!(api.post("/auth/forgot-password", &body).await.0, 202);
        for _ in 0..2 {
            assert_eq!(auth.deliver_mail().await.unwrap(), 1);
            clock.advance(Duration::from_secs(86_400));
        }
    }

    async fn in_process(&mut self, auth: &Auth, old: &(String, String)) {
        let email = || EMAIL.parse().unwrap();
        let login = Login::new(email(), NEW).with_client(ClientInfo::new(None, Some("curl")));
        transcript::debug(&login);
        let signed_in = auth.login(login).await.unwrap();
        transcript::debug(&signed_in);
        let pair = signed_in.into_tokens().unwrap();
        self.unsayable
            .token("an access token", pair.access_token.expose());
        self.unsayable
            .token("a refresh token", pair.refresh_token.expose());
        let caller = auth.current_user(&pair.access_token).await.unwrap();
        transcript::debug(&caller);
        transcript::debug(&auth.verify(&pair.access_token).unwrap());
        transcript::debug(&auth.service());
        transcript::debug(&auth.endpoints());
        transcript::debug(&auth);
        let registration = Registration::new(email(), PASSWORD);
        transcript::debug(&registration);
        let access: AccessToken = old.0.as_str().into();
        let refresh = old.1.as_str().into();
        let errors = [
            auth.register(registration).await.err(),
            auth.login(Login::new(email(), WRONG)).await.err(),
            auth.current_user(&access).await.err(),
            auth.refresh(&refresh, &ClientInfo::default()).await.err(),
            auth.reset_password(&old.0.as_str().into(), &NEW.into(), &ClientInfo::default())
                .await
                .err(),
            auth.ensure_administrator("d@example.org".parse().unwrap(), &"short".into())
                .await
                .err(),
            auth.require_role(&pair.access_token, &hallpass::user::Role::ADMIN)
                .await
                .err(),
        ];
        for error in errors {
            transcript::error(&error.expect("an error"));
        }
    }

    /// The database refuses the write, and the driver quotes the row.
    async fn failures(&mut self, store: &SeaOrmStore) {
        let mailer = Mailbox::new();
        let clock = ManualClock::new();
        // The time is later than that of every issued token.
        clock.advance(Duration::from_secs(3 * 86_400));
        let auth = auth(store.clone(), |builder| {
            builder.mailer(mailer.clone()).clock(clock.clone())
        });
        let login = Login::new(EMAIL.parse().unwrap(), NEW);
        let pair = auth.login(login).await.unwrap().into_tokens().unwrap();
        self.unsayable
            .token("an access token", pair.access_token.expose());
        self.unsayable
            .token("a refresh token", pair.refresh_token.expose());
        auth.forgot_password(&EMAIL.parse().unwrap(), &ClientInfo::default())
            .await
            .unwrap();
        auth.deliver_mail().await.unwrap();
        // Mails that are due together are sent in any order. Notices have no link.
        let mut mails = mailer.mails();
        mails.retain(|mail| mail.text().contains("/reset-password?token="));
        let mail = mails.pop().unwrap();
        let (_, rest) = mail.text().split_once("?token=").unwrap();
        let token = rest.split_whitespace().next().unwrap();
        self.unsayable.token("a one-time token", token);
        break_tables(store).await;

        let router = hallpass::axum::router(auth.endpoints(), ClientAddress::unknown());
        let api = Api { router };
        let account = |email: &str, password: &str| json!({ "email": email, "password": password });
        for (path, body) in [
            ("/users", account("eve@example.org", PASSWORD)),
            ("/auth/login", account(EMAIL, NEW)),
            (
                "/auth/refresh",
                json!({ "refresh_token": pair.refresh_token.expose() }),
            ),
            (
                "/auth/logout",
                json!({ "refresh_token": pair.refresh_token.expose() }),
            ),
            ("/auth/forgot-password", json!({ "email": EMAIL })),
            (
                "/auth/reset-password",
                json!({ "token": token, "new_password": WRONG }),
            ),
        ] {
            let (status, body) = api.post(path, &body).await;
            assert!(status.is_server_error(), "{path}: {status} {body}");
        }
        for error in [
            auth.register(Registration::new(
                "eve@example.org".parse().unwrap(),
                PASSWORD,
            ))
            .await
            .err(),
            auth.login(Login::new(EMAIL.parse().unwrap(), NEW))
                .await
                .err(),
            auth.refresh(&pair.refresh_token, &ClientInfo::default())
                .await
                .err(),
            auth.reset_password(&token.into(), &WRONG.into(), &ClientInfo::default())
                .await
                .err(),
        ] {
            transcript::error(&error.expect("an error"));
        }
    }

    /// Prints values that no flow prints, and reports invalid settings.
    fn values(&mut self) {
        let password = "hunter2hunter2";
        self.unsayable.add("a password of a server", password);
        let smtp = format!("smtp://ann:{password}@127.0.0.1");
        let sender = || "no-reply@example.org".parse().unwrap();
        transcript::debug(&SmtpMailer::from_url(&smtp, sender()).unwrap());
        transcript::debug(&ConnectSettings::new(format!(
            "postgres://ann:{password}@127.0.0.1/app"
        )));
        let error = SmtpMailer::from_url(&smtp.replace("smtp:", "http:"), sender());
        transcript::error(&error.unwrap_err());
        transcript::debug(&secrets());
        for algorithm in [
            SigningAlgorithm::EdDsa,
            SigningAlgorithm::Es256,
            SigningAlgorithm::Hs256,
        ] {
            transcript::debug(&SigningKeys::derive(&secrets(), algorithm).unwrap());
        }
        transcript::debug(&Auth::builder().secrets(secrets()).store(MemoryStore::new()));
        transcript::debug(&Hasher::builder(HashParams::default()).build().unwrap());
        let links = Links::new("https://example.org").unwrap();
        let link = links.to(Purpose::ResetPassword, &NEW.into());
        transcript::debug(&link);
        let mut letter = Letter::new(LetterKind::ResetPassword);
        letter.link = Some((link, Duration::from_secs(60)));
        transcript::debug(&letter);
        for text in [PASSWORD.to_owned(), format!("{},x", base64())] {
            let error: Error = text.parse::<Secrets>().unwrap_err();
            transcript::error(&error);
        }
    }
}

fn auth(
    store: impl Store + 'static,
    more: impl Fn(hallpass::AuthBuilder) -> hallpass::AuthBuilder,
) -> Auth {
    let builder = Auth::builder()
        .store(store)
        .secrets(secrets())
        .public_url("https://id.example.org")
        .hashing(Hasher::builder("m=8192,t=1,p=1".parse().unwrap()));
    more(builder).build().unwrap()
}

fn secrets() -> Secrets {
    base64().parse().unwrap()
}

fn base64() -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    STANDARD.encode(MASTER)
}
