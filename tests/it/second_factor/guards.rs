//! A host's own routes behind a step-up, on both frameworks.

use axum::{Router, routing::get};
use hallpass::{
    Auth,
    guard::{Aal2, ClaimedStepUp, StepUp},
    verifier::{KeySource, Verifier},
};

use super::ANN;
use crate::support::app::{App, PUBLIC_URL, Server, apps};

const PATHS: [&str; 4] = ["/checked", "/claimed", "/behind/checked", "/behind/claimed"];

/// Routes behind the extractors and the layers, on each framework.
async fn hosts(auth: &Auth) -> [Server; 2] {
    [on_axum(auth).await, on_actix(auth)]
}

async fn on_axum(auth: &Auth) -> Server {
    use hallpass::axum::RequireStepUp;

    let checked = Router::new()
        .route("/behind/checked", get(async || "in"))
        .route_layer(RequireStepUp::new(auth));
    let claimed = Router::new()
        .route("/behind/claimed", get(async || "in"))
        .route_layer(RequireStepUp::claimed(&auth.verifier()));
    let router = Router::new()
        .route("/checked", get(async |_: StepUp<Aal2>| "in"))
        .route("/claimed", get(async |_: ClaimedStepUp<Aal2>| "in"))
        .merge(checked)
        .merge(claimed)
        .with_state(auth.clone());
    Server::axum(router).await
}

fn on_actix(auth: &Auth) -> Server {
    use actix_web::web;
    use hallpass::actix::RequireStepUp;

    let auth = auth.clone();
    Server::actix(move |config| {
        let checked = web::resource("/behind/checked")
            .wrap(RequireStepUp::new(&auth))
            .route(web::get().to(async || "in"));
        let claimed = web::resource("/behind/claimed")
            .wrap(RequireStepUp::claimed(&auth.verifier()))
            .route(web::get().to(async || "in"));
        config
            .app_data(web::Data::new(auth.clone()))
            .route("/checked", web::get().to(async |_: StepUp<Aal2>| "in"))
            .route(
                "/claimed",
                web::get().to(async |_: ClaimedStepUp<Aal2>| "in"),
            )
            .service(checked)
            .service(claimed);
    })
}

/// Asks for every path with this token; those of `passing` let it in.
async fn ask(hosts: &[Server], access: &str, passing: &[&str], refusal: (u16, &str)) {
    for host in hosts {
        for path in PATHS {
            let reply = host.client.get(path, access).await;
            if passing.contains(&path) {
                assert_eq!((reply.status, reply.text()), (200, "in"), "{path}");
            } else if path.ends_with("claimed") {
                reply.problem(401, "step_up_required");
            } else {
                reply.problem(refusal.0, refusal.1);
            }
        }
    }
}

const NONE: &[&str] = &[];
const CHECKED: &[&str] = &["/checked", "/behind/checked"];
const STEP_UP: (u16, &str) = (401, "step_up_required");

#[tokio::test]
async fn step_up_guards_ask_for_a_second_factor() {
    for app in apps().await {
        let hosts = hosts(&app.auth).await;
        app.register(ANN).await;
        let weak = app.login(ANN).await;
        // Without a second factor, the database accepts a recent sign-in. The claims cannot know.
        ask(&hosts, &weak.access, CHECKED, STEP_UP).await;
        app.advance(600);
        let weak = app.refresh(&weak.refresh).await.tokens();
        let stale = (403, "reauthentication_required");
        ask(&hosts, &weak.access, NONE, stale).await;

        let session = app.login(ANN).await;
        let phone = app.begin_totp(&session.access).await;
        let code = phone.code(app.now());
        let confirmed = app.confirm_totp(&session.access, &phone.id, &code).await;
        let codes = crate::support::authenticator::recovery_codes(&confirmed.expect(200).json());
        ask(&hosts, &weak.access, NONE, STEP_UP).await;
        // The token is older than the confirmation.
        ask(&hosts, &session.access, CHECKED, STEP_UP).await;
        let strong = app.refresh(&session.refresh).await.tokens();
        ask(&hosts, &strong.access, &PATHS, STEP_UP).await;
        app.advance(600);
        let strong = app.refresh(&strong.refresh).await.tokens();
        ask(&hosts, &strong.access, NONE, STEP_UP).await;

        // A recovery code is no step-up.
        let ticket = app.ticket(ANN).await;
        let shown = ("recovery_code", codes[0].as_str());
        let recovered = app.second_factor(&ticket, shown).await.tokens();
        ask(&hosts, &recovered.access, NONE, STEP_UP).await;

        let code = phone.code(app.now());
        app.reauthenticate_with(&strong.access, &code)
            .await
            .expect(204);
        ask(&hosts, &strong.access, CHECKED, STEP_UP).await;
        let strong = app.refresh(&strong.refresh).await.tokens();
        ask(&hosts, &strong.access, &PATHS, STEP_UP).await;
        for host in &hosts {
            for path in PATHS {
                let anonymous = host.client.ask(&format!("GET {path}"), "", b"").await;
                anonymous.problem(401, "unauthenticated");
            }
        }
    }
}

/// A service that only has the published keys guards by claims.
#[tokio::test]
async fn verifier_of_another_service_guards_by_claims() {
    for app in apps().await {
        let verifier = verifier(&app);
        let router = Router::new()
            .route("/claimed", get(async |_: ClaimedStepUp| "in"))
            .with_state(verifier.clone());
        let host = Server::axum(router).await;
        let ann = app.enrolled(ANN).await;
        let refused = host.client.get("/claimed", &ann.tokens.access).await;
        refused.problem(401, "step_up_required");
        let strong = app.login_with(ANN, &ann.authenticator).await;
        let passed = host.client.get("/claimed", &strong.access).await;
        assert_eq!(passed.status, 200);
        let caller = verifier
            .verify(&strong.access.as_str().into())
            .await
            .unwrap();
        assert!(verifier.require_step_up(&caller).is_ok());
        app.advance(599);
        assert!(verifier.require_step_up(&caller).is_ok());
        app.advance(1);
        assert!(verifier.require_step_up(&caller).is_err());
    }
}

fn verifier(app: &App) -> Verifier {
    let document = serde_json::to_vec(&app.auth.jwks()).expect("a document");
    Verifier::builder(KeySource::document(document).expect("keys"))
        .issuer(PUBLIC_URL)
        .clock(app.clock.clone())
        .build()
        .expect("the settings are right")
}
