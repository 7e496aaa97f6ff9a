//! A mail goes to the account and address that it was requested for, even if they change before it is sent.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hallpass::{
    Secrets,
    event::{EventFilter, EventKind},
    mail::{Mail, MailError, Mailbox, Mailer},
    seaorm::SeaOrmStore,
    secret::Secret,
};
use sea_orm::ConnectionTrait as _;
use serde_json::{Value, json};

use crate::support::{
    app::{App, app_with, apps, link_token, token_in, user_id},
    db::Database,
    http::{PASSWORD, Tokens},
};

const ANN: &str = "ann@example.org";
const NEW: &str = "ann@example.net";
const BOB: &str = "bob@example.org";
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// Answers 451 for these addresses, or for all addresses.
#[derive(Debug)]
struct Refusing {
    refused: Mutex<Refused>,
    mails: Mailbox,
}

#[derive(Debug)]
enum Refused {
    All,
    None,
    One(&'static str),
}

#[async_trait]
impl Mailer for Refusing {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let is_refused = match &*self.refused.lock().unwrap() {
            Refused::All => true,
            Refused::None => false,
            Refused::One(address) => mail.to().as_str() == *address,
        };
        if is_refused {
            return Err(MailError::transient("451 later"));
        }
        self.mails.send(mail).await
    }
}

impl Refusing {
    fn refuse(&self, refused: Refused) {
        *self.refused.lock().unwrap() = refused;
    }
}

async fn picky(app: &App) -> (App, Arc<Refusing>) {
    let picky = Arc::new(Refusing {
        refused: Mutex::new(Refused::None),
        mails: app.mailbox.clone(),
    });
    let app = app
        .another(|builder| builder.shared_mailer(picky.clone()))
        .await;
    (app, picky)
}

async fn ask_for_another(app: &App, tokens: &Tokens, email: &str) {
    let body = json!({"new_email": email, "current_password": PASSWORD});
    let reply = app.send("POST /users/me/email", &tokens.access, body);
    reply.await.expect(202);
}

async fn confirm(app: &App, letter: &str) -> u16 {
    let token = link_token(letter, "confirm-email-change");
    let body = json!({"token": token});
    app.post("/auth/confirm-email-change", body).await.status
}

/// Waits until every waiting mail is dead.
async fn die(app: &App) {
    for _ in 0..26 {
        app.deliver().await;
        app.advance(HOUR);
    }
}

async fn dead(app: &App, admin: &str) -> Vec<Value> {
    let page = app.get("/admin/mail?status=dead", admin).await.expect(200);
    page.json()["items"].as_array().unwrap().clone()
}

/// Retries every dead letter of this kind, and sends the new ones.
async fn retry_all(app: &App, letter: &str) -> usize {
    let admin = app.login("root@example.org").await.access;
    let mut count = 0;
    for mail in dead(app, &admin).await {
        if mail["letter"] == letter {
            let path = format!("/admin/mail/{}/retry", mail["id"].as_str().unwrap());
            app.post_as(&path, &admin).await.expect(202);
            app.post_as(&path, &admin).await.problem(404, "not_found");
            count += 1;
        }
    }
    app.deliver().await;
    count
}

#[tokio::test]
async fn a_retry_mails_no_link_of_a_change_voided_by_a_reset() {
    for app in apps().await {
        let (app, mailer) = picky(&app).await;
        app.administrator().await;
        for (email, new) in [(ANN, NEW), (BOB, "bob@example.net")] {
            let tokens = app.join(email).await;
            app.deliver().await;
            mailer.refuse(Refused::All);
            ask_for_another(&app, &tokens, new).await;
        }
        die(&app).await;
        mailer.refuse(Refused::None);
        let token = app.reset_token(ANN).await;
        app.reset(&token, "another good passphrase")
            .await
            .expect(204);
        app.advance(DAY);
        app.auth.purge().await.unwrap();

        assert_eq!(retry_all(&app, "confirm_email_change").await, 2);
        assert!(app.letters(NEW, "").is_empty(), "{}", app.name);
        // Nothing has voided the other link.
        let letter = app.letter("bob@example.net", "/confirm-email-change?");
        assert_eq!(confirm(&app, &letter).await, 204);
    }
}

#[tokio::test]
async fn a_retry_mails_no_link_of_a_superseded_change() {
    for app in apps().await {
        let (app, mailer) = picky(&app).await;
        app.administrator().await;
        let tokens = app.join(ANN).await;
        app.deliver().await;
        mailer.refuse(Refused::All);
        ask_for_another(&app, &tokens, NEW).await;
        die(&app).await;
        mailer.refuse(Refused::None);
        let tokens = app.login(ANN).await;
        ask_for_another(&app, &tokens, "other@example.net").await;
        app.deliver().await;
        app.advance(2 * DAY);
        app.auth.purge().await.unwrap();
        assert_eq!(retry_all(&app, "confirm_email_change").await, 1);
        assert!(app.letters(NEW, "").is_empty(), "{}", app.name);
    }
}

#[tokio::test]
async fn a_retry_of_a_reset_needs_the_credentials_of_its_order() {
    for app in apps().await {
        let (app, mailer) = picky(&app).await;
        app.administrator().await;
        app.settled(BOB).await;
        let tokens = app.join(ANN).await;
        app.deliver().await;
        mailer.refuse(Refused::All);
        for email in [ANN, BOB] {
            app.forgot(email).await;
        }
        app.deliver().await;
        let body = json!({"current_password": PASSWORD, "new_password": "another good passphrase"});
        let reply = app.send("POST /users/me/password", &tokens.access, body);
        reply.await.expect(204);
        die(&app).await;
        mailer.refuse(Refused::None);
        assert_eq!(retry_all(&app, "reset_password").await, 2);
        assert!(app.letters(ANN, "/reset-password?").is_empty());
        let token = token_in(&app.letter(BOB, "/reset-password?"));
        app.reset(&token, PASSWORD).await.expect(204);
    }
}

#[tokio::test]
async fn a_retry_is_an_event_that_names_the_administrator() {
    for app in apps().await {
        let (app, mailer) = picky(&app).await;
        app.administrator().await;
        mailer.refuse(Refused::All);
        let ann = app.register(ANN).await["id"].as_str().unwrap().to_owned();
        die(&app).await;
        mailer.refuse(Refused::None);
        let admin = app.login("root@example.org").await.access;
        let me = app.me(&admin).await.expect(200).json()["id"].clone();
        let id = dead(&app, &admin).await[0]["id"].clone();
        assert_eq!(retry_all(&app, "verify_email").await, 1);
        assert_eq!(app.letters(ANN, "/verify-email?").len(), 1);
        let filter = EventFilter {
            user_id: Some(user_id(&ann)),
            kind: Some(EventKind::MailRetried),
        };
        let events = app.store().list_events(&filter, None, 10).await.unwrap();
        assert_eq!(events.len(), 1);
        let actor = events[0].actor_id.map(|id| id.to_string());
        assert_eq!(Some(me.as_str().unwrap()), actor.as_deref());
        assert_eq!(events[0].detail["mail_id"], id);
        assert_eq!(events[0].detail["letter"], "verify_email");
        assert!(events[0].client.ip.is_some());
    }
}

#[tokio::test]
async fn change_notices_go_to_the_old_address_on_every_try() {
    for app in apps().await {
        let (app, mailer) = picky(&app).await;
        let tokens = app.join(ANN).await;
        app.deliver().await;
        app.mailbox.clear();
        mailer.refuse(Refused::One(ANN));
        ask_for_another(&app, &tokens, NEW).await;
        app.deliver().await;
        let letter = app.letter(NEW, "/confirm-email-change?");
        assert_eq!(confirm(&app, &letter).await, 204);
        app.deliver().await;
        assert_eq!(app.mailbox.mails().len(), 1);
        mailer.refuse(Refused::None);
        app.advance(60);
        app.deliver().await;
        assert_eq!(app.letters(NEW, "").len(), 1, "{}", app.name);
        assert_eq!(app.letters(ANN, "").len(), 2);
        app.letter(ANN, NEW);
        let notices = app.letter(ANN, "was changed").replace('\n', " ");
        assert!(notices.contains("from 127.0.0.1"), "{notices}");
    }
}

#[tokio::test]
async fn a_retried_notice_keeps_its_old_address_and_time() {
    for app in apps().await {
        let (app, mailer) = picky(&app).await;
        app.administrator().await;
        let tokens = app.join(ANN).await;
        app.deliver().await;
        app.mailbox.clear();
        mailer.refuse(Refused::One(ANN));
        let said = app.now().format("%-d %B %Y, %H:%M UTC").to_string();
        ask_for_another(&app, &tokens, NEW).await;
        app.deliver().await;
        let letter = app.letter(NEW, "/confirm-email-change?");
        assert_eq!(confirm(&app, &letter).await, 204);
        die(&app).await;
        mailer.refuse(Refused::None);
        assert_eq!(retry_all(&app, "email_change_requested").await, 1);
        assert_eq!(retry_all(&app, "email_changed").await, 1);
        let notices = app.letters(ANN, "");
        assert_eq!(notices.len(), 2);
        for letter in notices {
            assert!(letter.replace('\n', " ").contains(&said), "{letter}");
        }
        assert_eq!(app.letters(NEW, "").len(), 1, "{}", app.name);
    }
}

#[tokio::test]
async fn a_waiting_reset_link_is_void_after_an_address_change() {
    for app in apps().await {
        let (app, mailer) = picky(&app).await;
        let tokens = app.join(ANN).await;
        app.deliver().await;
        app.mailbox.clear();
        mailer.refuse(Refused::One(ANN));
        app.forgot(ANN).await;
        ask_for_another(&app, &tokens, NEW).await;
        app.deliver().await;
        let letter = app.letter(NEW, "/confirm-email-change?");
        assert_eq!(confirm(&app, &letter).await, 204);
        mailer.refuse(Refused::None);
        // Another user may take the former address.
        app.register(ANN).await;
        app.advance(60);
        app.deliver().await;
        for address in [ANN, NEW] {
            let links = app.letters(address, "/reset-password?");
            assert!(links.is_empty(), "{}: {links:?}", app.name);
        }
    }
}

/// The row is left over from an older version: a token whose user has another address.
#[tokio::test]
async fn a_link_works_only_while_its_address_is_the_users() {
    for database in Database::migrated().await {
        let store = database.store().await;
        let app = app_with(|builder| {
            let builder = builder.store(store.clone());
            builder.lockout(hallpass::limit::Lockout::default())
        })
        .await;
        app.settled(ANN).await;
        let reset = app.reset_token(ANN).await;
        for _ in 0..6 {
            app.try_login(ANN, "a wrong password").await;
        }
        app.deliver().await;
        let unlock = link_token(&app.letter(ANN, "/unlock?"), "unlock");
        let moved = async |from: &str, to: &str| {
            let sql = format!(
                "UPDATE auth_users SET email = '{to}', email_canonical = '{to}' WHERE email = '{from}'"
            );
            store.database().execute_unprepared(&sql).await.unwrap();
        };
        moved(ANN, NEW).await;
        app.reset(&reset, PASSWORD)
            .await
            .problem(400, "invalid_token");
        let body = json!({"token": unlock});
        let reply = app.post("/auth/unlock", body.clone()).await;
        reply.problem(400, "invalid_token");
        moved(NEW, ANN).await;
        app.post("/auth/unlock", body).await.expect(204);
        app.reset(&reset, PASSWORD).await.expect(204);
    }
}

#[tokio::test]
async fn a_letter_of_an_unknown_secret_waits_for_another_instance() {
    for app in apps().await {
        let tokens = app.join(ANN).await;
        app.settled(BOB).await;
        app.mailbox.clear();
        let (old, new) = (app.secret.clone(), Secret::generate());
        let both = Secrets::new(new, vec![old]).unwrap();
        let (ahead, mailer) = picky(&app).await;
        let ahead = ahead
            .another(|builder| {
                let builder = builder.shared_mailer(mailer.clone());
                builder.secrets(both.clone())
            })
            .await;
        mailer.refuse(Refused::All);
        ahead.forgot(BOB).await;
        ask_for_another(&ahead, &tokens, NEW).await;
        ahead.deliver().await;
        mailer.refuse(Refused::None);
        app.advance(15);
        // The other instances know only the old secret, and they claim first.
        let behind = app.another(|builder| builder).await;
        behind.deliver().await;
        assert!(app.letters(BOB, "").is_empty());
        assert!(app.letters(NEW, "").is_empty());
        let waiting = app.store().list_mail(None, None, 10).await.unwrap();
        // The notice of the change waits as well, because it has a link.
        assert_eq!(waiting.len(), 3, "{}: a letter was dropped", app.name);
        for mail in waiting {
            let error = mail.last_error.unwrap();
            assert!(error.contains("a secret"), "{error}");
        }
        app.advance(60);
        ahead.deliver().await;
        let token = token_in(&app.letter(BOB, "/reset-password?"));
        app.reset(&token, "another good passphrase")
            .await
            .expect(204);
        let letter = app.letter(NEW, "/confirm-email-change?");
        assert_eq!(confirm(&app, &letter).await, 204);
    }
}

async fn spoil(store: &SeaOrmStore, what: &str, address: &str) {
    let sql = format!("UPDATE auth_outbox SET {what} WHERE address = '{address}'");
    store.database().execute_unprepared(&sql).await.unwrap();
}

#[tokio::test]
async fn an_unreadable_letter_backs_off_and_blocks_no_other() {
    for database in Database::migrated().await {
        let store = database.store().await;
        let app = app_with(|builder| builder.store(store.clone())).await;
        app.administrator().await;
        for index in 0..5 {
            app.forgot(&format!("{index}@example.org")).await;
            app.advance(1);
        }
        spoil(&store, "letter = 'of_tomorrow'", "3@example.org").await;
        spoil(&store, "payload = '[]'", "2@example.org").await;
        let admin = app.login("root@example.org").await.access;
        let (mut path, mut found) = ("/admin/mail?limit=2".to_owned(), Vec::new());
        loop {
            let page = app.get(&path, &admin).await.expect(200).json();
            let items = page["items"].as_array().unwrap();
            found.extend(items.iter().map(|item| item["recipient"].clone()));
            match page["next_cursor"].as_str() {
                Some(cursor) => path = format!("/admin/mail?limit=2&cursor={cursor}"),
                None => break,
            }
        }
        let all: Vec<_> = (0..5).rev().map(|i| format!("{i}@example.org")).collect();
        assert_eq!(found, all, "{}", database.name());

        assert_eq!(app.auth.deliver_mail().await.unwrap(), 5);
        // The mail is postponed, and not leased again and again.
        for _ in 0..3 * 60 {
            app.advance(30);
            app.deliver().await;
        }
        let admin = app.login("root@example.org").await.access;
        let waiting = app.get("/admin/mail", &admin).await.expect(200).json();
        let waiting = waiting["items"].as_array().unwrap().clone();
        assert_eq!(waiting.len(), 2);
        for mail in waiting {
            assert!(mail["attempts"].as_i64().unwrap() < 15, "{mail}");
        }
        die(&app).await;
        let admin = app.login("root@example.org").await.access;
        let dead = dead(&app, &admin).await;
        let letters: Vec<_> = dead.iter().map(|mail| &mail["letter"]).collect();
        assert_eq!(letters, ["of_tomorrow", "reset_password"]);
        let error = dead[0]["last_error"].as_str().unwrap();
        assert!(error.contains("cannot be read"), "{error}");
        // A version that knows the letter may send it again.
        let path = format!("/admin/mail/{}/retry", dead[0]["id"].as_str().unwrap());
        app.post_as(&path, &admin).await.expect(202);
        assert_eq!(app.auth.deliver_mail().await.unwrap(), 1);
    }
}

/// The last form that the previous version wrote, without a recipient from a claim.
#[tokio::test]
async fn a_letter_of_an_older_version_is_bound_at_its_first_claim() {
    for database in Database::migrated().await {
        let store = database.store().await;
        let app = app_with(|builder| builder.store(store.clone())).await;
        let (app, mailer) = picky(&app).await;
        let tokens = app.join(ANN).await;
        app.deliver().await;
        app.mailbox.clear();
        ask_for_another(&app, &tokens, NEW).await;
        let nulls = "UPDATE auth_outbox SET holds_from = NULL, ordered_at = NULL, ordered_user_id = NULL, \
            ordered_address = NULL, ordered_version = NULL";
        store.database().execute_unprepared(nulls).await.unwrap();
        mailer.refuse(Refused::One(ANN));
        app.deliver().await;
        mailer.refuse(Refused::None);
        let letter = app.letter(NEW, "/confirm-email-change?");
        assert_eq!(confirm(&app, &letter).await, 204);
        app.advance(60);
        app.deliver().await;
        assert_eq!(app.letters(ANN, NEW).len(), 1);
        assert_eq!(app.letters(NEW, "").len(), 1);
    }
}
