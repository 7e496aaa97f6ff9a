//! Invalid tokens, and ids of others: E-08, E-20, E-24, E-26.

use serde_json::json;

use super::{Twins, VERIFIED, call, post, twins};
use crate::support::{
    app::link_token,
    http::{PASSWORD, Tokens, request},
};

const ANN: &str = "ann@example.org";
const BOB: &str = "bob@example.org";
const NEW: &str = "another good passphrase";
const WRONG: &str = "a wrong password";

/// The endpoints that take a mailed token, and the words in their links.
const DOORS: [(&str, &str); 4] = [
    ("/auth/reset-password", "reset-password"),
    ("/auth/verify-email", "verify-email"),
    ("/auth/confirm-email-change", "confirm-email-change"),
    ("/auth/unlock", "unlock"),
];
/// The endpoint that takes the token of a notice.
const OF_NOTICE: (&str, &str) = ("/auth/secure-account", "secure-account");

impl Twins {
    /// Mails a token of each kind to the account or its new address.
    async fn mailed(&self, email: &str, new: &str) -> [String; 4] {
        self.pause().await;
        let access = self.login(email).await.access;
        let change = json!({"new_email": new, "current_password": PASSWORD});
        let asked = self.send("POST /users/me/email", &access, change).await;
        asked.expect(202);
        for path in ["/auth/forgot-password", "/auth/resend-verification"] {
            self.post(path, json!({"email": email})).await.expect(202);
        }
        for _ in 0..5 {
            self.try_login(email, WRONG).await.expect(401);
        }
        self.deliver().await;
        self.advance(2);
        DOORS.map(|(_, page)| {
            let to = if page == "confirm-email-change" {
                new
            } else {
                email
            };
            link_token(&self.letter(to, &format!("/{page}?")), page)
        })
    }

    /// Sends a token to its endpoint.
    async fn spend(&self, door: usize, token: &str) {
        let (path, _) = DOORS[door];
        let done = self.post(path, body(path, token, PASSWORD)).await;
        done.expect(204);
    }

    /// Invalid tokens of every kind, invalid for every reason. The last one was never issued.
    async fn dead(&self) -> Vec<String> {
        self.account(ANN).await;
        let mut dead = Vec::new();
        // Tokens that were replaced by a newer mail, or have expired.
        dead.extend(self.mailed(ANN, "new@example.org").await);
        let used = self.mailed(ANN, "newer@example.org").await;
        for door in [3, 1, 0] {
            self.spend(door, &used[door]).await;
        }
        dead.extend(used);
        // A token whose address has changed since the mail.
        self.account(BOB).await;
        let used = self.mailed(BOB, "newest@example.org").await;
        self.spend(2, &used[2]).await;
        dead.extend(used);
        // Tokens of a deleted account and of a disabled one.
        for gone in [true, false] {
            let user = self.account("gone@example.org").await;
            dead.push(self.reset_token("gone@example.org").await);
            if gone {
                self.delete(user).await;
            } else {
                self.disable(user).await;
            }
        }
        self.advance(2 * 86_400);
        let mut unknown = dead[0].clone();
        let last = if unknown.pop() == Some('A') { 'E' } else { 'A' };
        unknown.push(last);
        dead.push(unknown);
        dead
    }
}

fn body(path: &str, token: &str, password: &str) -> serde_json::Value {
    match path {
        "/auth/reset-password" => json!({"token": token, "new_password": password}),
        _ => json!({"token": token}),
    }
}

#[tokio::test]
async fn an_invalid_mailed_token_is_answered_alike_for_every_reason() {
    for twins in twins(|builder| builder).await {
        let mut dead = twins.dead().await;
        assert_eq!(dead.len(), 15);
        dead.push("x".into());
        for (path, _) in DOORS.into_iter().chain([OF_NOTICE]) {
            for password in [NEW, "short"] {
                let requests = dead
                    .iter()
                    .map(|token| post(path, &body(path, token, password)));
                let reply = twins.alike(&requests.collect::<Vec<_>>()).await;
                reply.problem(400, "invalid_token");
            }
            twins.advance(60);
        }
    }
}

#[tokio::test]
async fn the_pages_of_mailed_links_reveal_only_a_good_token() {
    for twins in twins(|builder| builder).await {
        let mut all = twins.dead().await;
        twins.account("eve@example.org").await;
        let live = twins.mailed("eve@example.org", "adam@example.org").await;
        let repeated: Vec<String> = all.iter().chain(&live).cloned().collect();
        let repeated: Vec<&str> = repeated.iter().map(String::as_str).collect();
        let form = "Content-Type: application/x-www-form-urlencoded\r\n";
        for (_, page) in DOORS.into_iter().chain([OF_NOTICE]) {
            let sent = all.iter().map(|token| {
                let password = match page {
                    "reset-password" => "&new_password=another+good+passphrase",
                    _ => "",
                };
                let body = format!("token={token}{password}");
                request(&format!("POST /{page}"), form, body.as_bytes())
            });
            let sent: Vec<_> = sent.collect();
            twins.alike_but(&sent, &repeated).await.expect(400);
        }
        // A page about a dead token shows no reason, and a HEAD request shows nothing.
        let opened = |method: &str, all: &[String], page: &str| -> Vec<_> {
            let line = |token: &String| format!("{method} /{page}?token={token}");
            all.iter()
                .map(|token| request(&line(token), "", b""))
                .collect()
        };
        for (_, page) in DOORS.into_iter().chain([OF_NOTICE]) {
            let dead = opened("GET", &all, page);
            twins.alike_but(&dead, &repeated).await.expect(400);
        }
        all.extend(live);
        for (_, page) in DOORS.into_iter().chain([OF_NOTICE]) {
            let heads = opened("HEAD", &all, page);
            twins.alike_but(&heads, &repeated).await.expect(200);
        }
    }
}

#[tokio::test]
async fn an_ended_session_is_answered_alike_for_every_reason() {
    for twins in twins(|builder| builder).await {
        let mut over: Vec<Tokens> = Vec::new();
        for end in [
            "disabled",
            "deleted",
            "logout",
            "logout_all",
            "reset",
            "revoked",
            "expired",
        ] {
            let email = format!("{end}@example.org");
            let user = twins.account(&email).await;
            let tokens = twins.login(&email).await;
            match end {
                "disabled" => twins.disable(user).await,
                "deleted" => twins.delete(user).await,
                "logout" => drop(twins.logout(&tokens.refresh).await.expect(204)),
                "logout_all" => drop(twins.logout_all(&tokens.access).await.expect(204)),
                "reset" => {
                    let token = twins.reset_token(&email).await;
                    twins.reset(&token, NEW).await.expect(204);
                }
                "revoked" => {
                    let line = format!("DELETE /users/me/sessions/{}", tokens.session);
                    let ended = twins.send(&line, &tokens.access, json!({})).await;
                    ended.expect(204);
                }
                _ => twins.advance(31 * 86_400),
            }
            over.push(tokens);
        }
        let refresh = over.iter().map(|tokens| {
            let body = json!({"refresh_token": tokens.refresh});
            post("/auth/refresh", &body)
        });
        let reply = twins.alike(&refresh.collect::<Vec<_>>()).await;
        reply.problem(401, "invalid_refresh_token");
        let me = over
            .iter()
            .map(|tokens| call("GET /users/me", &tokens.access, &json!({})));
        let reply = twins.alike(&me.collect::<Vec<_>>()).await;
        reply.problem(401, "invalid_access_token");
        let logout = over.iter().map(|tokens| {
            let body = json!({"refresh_token": tokens.refresh});
            post("/auth/logout", &body)
        });
        twins.alike(&logout.collect::<Vec<_>>()).await.expect(204);
    }
}

#[tokio::test]
async fn ids_of_others_are_answered_like_unknown_ids() {
    for twins in twins(|builder| builder).await {
        let ann = twins.account(ANN).await;
        let session = twins.login(ANN).await.session;
        twins.account(VERIFIED).await;
        let access = twins.login(VERIFIED).await.access;
        let unknown = hallpass::UserId::new(twins.now());
        let sessions = [session, unknown.to_string()].map(|id| {
            let line = format!("DELETE /users/me/sessions/{id}");
            call(&line, &access, &json!({}))
        });
        let reply = twins.alike(&sessions).await;
        reply.problem(404, "session_not_found");
        for line in [
            "GET /admin/users/{id}",
            "DELETE /admin/users/{id}",
            "PATCH /admin/users/{id}",
        ] {
            let users = [ann.to_string(), unknown.to_string()]
                .map(|id| call(&line.replace("{id}", &id), &access, &json!({})));
            twins.alike(&users).await.problem(403, "forbidden");
        }
    }
}
