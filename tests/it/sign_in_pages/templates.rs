//! The host's own layout and texts of the pages.

use hallpass::{
    AuthBuilder, ErrorKind,
    brand::Brand,
    http::{Endpoint, NoContent},
    page::{LAYOUT, PageTemplates},
    user::Locale,
};

use super::{ANN, right};
use crate::support::{
    app::{Framework, Server, app_with, apps_with},
    visitor::{Visitor, shown},
};

const EVIL: &str = "<b onclick=alert(1)>Welcome & \"hello\"";

fn own() -> PageTemplates {
    let layout = LAYOUT.replace("<main>", "<header>An own header</header>\n<main>");
    PageTemplates::default()
        .with_layout(&layout)
        .and_then(|own| own.with_text("sign_in.title", &Locale::EN, EVIL))
        .and_then(|own| {
            own.with_text(
                "sign_in.wrong.title",
                &Locale::DE,
                "Stimmt nicht bei {product}",
            )
        })
        .and_then(|own| own.with_text("link.invalid.title", &Locale::EN, "Old link"))
        .expect("templates")
}

#[tokio::test]
async fn pages_have_the_layout_and_the_texts_of_the_host() {
    let set = |builder: AuthBuilder| builder.brand(Brand::new("Acme")).page_templates(own());
    for app in apps_with(set).await {
        app.register(ANN).await;
        let mut visitor = Visitor::of(&app).await;
        let page = visitor.open("/sign-in").await;
        let escaped = "&lt;b onclick=alert(1)&gt;Welcome &amp; &quot;hello&quot;";
        let text = shown(&page, 200, escaped);
        assert!(text.contains("<header>An own header</header>"), "{text}");
        assert!(!text.contains("<b onclick"), "{text}");
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");

        let wrong = [("email", ANN), ("password", "wrong password"), ("ui", "de")];
        let refused = visitor.submit("/sign-in", &wrong).await;
        assert_eq!(refused.status, 401);
        let text = refused.text();
        assert!(text.contains("Stimmt nicht bei Acme"), "{text}");
        assert!(text.contains("Anmelden"), "other texts stay: {text}");
        let page = visitor.open("/verify-email?token=old").await;
        assert!(page.text().contains("<h1>Old link</h1>"), "{}", page.text());
        visitor.submit("/sign-in", &right()).await;
        assert!(visitor.is_signed_in());
    }
}

#[tokio::test]
async fn builder_refuses_a_layout_that_cannot_be_rendered() {
    let templates = PageTemplates::default().with_layout("<h1>{{ title }}</h1>");
    let templates = templates.expect("it can be parsed");
    let app = app_with(|builder| builder).await;
    let auth = hallpass::Auth::builder()
        .shared_store(app.store())
        .secrets(hallpass::secret::Secret::generate())
        .public_url("https://id.example.org")
        .page_templates(templates)
        .build();
    let error = auth.expect_err("the layout has no content");
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn page_of_the_host_replaces_a_page() {
    let app = app_with(|builder| builder).await;
    for framework in [Framework::Axum, Framework::Actix] {
        let own = Endpoint::get("/sign-in", (), async |(): ()| Ok(NoContent));
        let endpoints = app.auth.endpoints().with_sign_in_pages();
        let server = Server::of(endpoints.replace(own).unwrap(), framework).await;
        server.client.ask("GET /sign-in", "", b"").await.expect(204);
        let page = server
            .client
            .ask("GET /sign-up", "Accept: text/html\r\n", b"");
        assert_eq!(page.await.status, 200);
    }
}
