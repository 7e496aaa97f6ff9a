//! The part of GitHub's API that a sign-in uses.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

/// The default number of addresses on a page.
const PAGE: usize = 30;
/// The maximum number of addresses on a page.
const MAX_PAGE: usize = 100;

/// A fake GitHub with one user, on loopback. Stopped on drop.
pub(crate) struct FakeGithub {
    pub(crate) url: String,
    inner: Arc<Mutex<Inner>>,
    task: JoinHandle<()>,
}

#[derive(Clone, Default)]
struct Inner {
    user: u64,
    addresses: Vec<Value>,
    /// The status to reply with instead of the addresses.
    status: Option<u16>,
    pages: usize,
}

impl Drop for FakeGithub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FakeGithub {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let inner = Arc::<Mutex<Inner>>::default();
        let token = json!({"access_token": "gho", "token_type": "bearer", "scope": "read:user"});
        let router = Router::new()
            .route("/login/oauth/access_token", post(async || Json(token)))
            .route("/api/v3/user", get(user))
            .route("/api/v3/user/emails", get(addresses))
            .with_state(Arc::clone(&inner));
        let task = tokio::spawn(async move {
            let served = axum::serve(listener, router).await;
            served.expect("GitHub runs");
        });
        Self { url, inner, task }
    }

    /// Sets the user who signs in, and their addresses. The last address is the primary one.
    pub(crate) fn user(&self, number: u64, addresses: &[String]) {
        let last = addresses.len().saturating_sub(1);
        let address = |(index, email): (usize, &String)| json!({"email": email, "primary": index == last, "verified": true});
        *self.inner.lock().unwrap() = Inner {
            user: number,
            addresses: addresses.iter().enumerate().map(address).collect(),
            ..Inner::default()
        };
    }

    /// Refuses the addresses from now on.
    pub(crate) fn refuse_addresses(&self, status: u16) {
        self.inner.lock().unwrap().status = Some(status);
    }

    /// The number of pages of addresses that were requested since the user was set.
    pub(crate) fn pages(&self) -> usize {
        self.inner.lock().unwrap().pages
    }
}

async fn user(State(github): State<Arc<Mutex<Inner>>>) -> Json<Value> {
    let number = github.lock().unwrap().user;
    Json(json!({"id": number, "login": "ann", "name": "Ann"}))
}

async fn addresses(
    State(github): State<Arc<Mutex<Inner>>>,
    Query(query): Query<HashMap<String, usize>>,
) -> Result<Json<Value>, StatusCode> {
    let mut github = github.lock().unwrap();
    github.pages += 1;
    if let Some(status) = github.status {
        return Err(StatusCode::from_u16(status).expect("a status"));
    }
    let size = query
        .get("per_page")
        .map_or(PAGE, |size| *size.min(&MAX_PAGE));
    let before = (query.get("page").map_or(1, |page| *page) - 1) * size;
    let page = github.addresses.iter().skip(before).take(size);
    Ok(Json(page.cloned().collect()))
}
