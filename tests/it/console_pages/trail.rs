//! The audit trail.

use super::{ANN, ROOT, administrator, contains, main, open, user};
use crate::support::{
    app::apps,
    http::PASSWORD,
    visitor::{lead, shown},
};

#[tokio::test]
async fn events_name_the_actor_and_the_user() {
    for app in apps().await {
        let mut visitor = administrator(&app).await;
        let id = user(&app, ANN).await;
        app.try_login(ANN, "wrong password").await;
        let path = format!("/console/users/{id}/disable");
        lead(&visitor.submit(&path, &[]).await);
        let reply = visitor
            .open(&format!(
                "/console/events?user={ANN}&type=status_changed&ui=en"
            ))
            .await;
        let place = format!("../console/events?user={id}&type=status_changed&ui=en");
        assert_eq!(lead(&reply), place, "the identifier makes a lasting URL");
        let text = open(&mut visitor, place.trim_start_matches(".."), "Audit trail").await;
        contains(
            &text,
            &[
                "Account switched off or on <span",
                "from: active, to: disabled",
                &format!(r#"><bdi>{ROOT}</bdi></a></td>"#),
                &format!(r#"<a href="../console/users/{id}?ui=en"><bdi>{ANN}</bdi></a></td>"#),
                &format!(r#"value="{ANN}""#),
                r#"<option value="status_changed" selected>"#,
            ],
        );
        assert_eq!(text.matches("<tr>").count(), 2, "the head and one event");
        let text = open(
            &mut visitor,
            &format!("/console/events?user={id}"),
            "Audit trail",
        )
        .await;
        contains(&text, &["reason: wrong_password", "Account created"]);
        let text = open(&mut visitor, "/console/events", "Audit trail").await;
        contains(&text, &["Signed in"]);
        let path = format!("/console/users/{id}/delete");
        lead(&visitor.submit(&path, &[]).await);
        let text = open(
            &mut visitor,
            &format!("/console/events?user={id}"),
            "Audit trail",
        )
        .await;
        contains(&text, &["Account deleted", &format!("Deleted user {id}")]);
        let page = visitor
            .open("/console/events?user=nobody%40example.org")
            .await;
        let text = shown(&page, 200, "Audit trail");
        contains(
            &text,
            &[
                "No user has this address.",
                "No event matches.",
                "nobody@example.org",
            ],
        );
        let page = visitor
            .open("/console/events?user=%3Ci%3E%E2%80%AE&type=nothing")
            .await;
        let text = shown(&page, 200, "Audit trail");
        assert!(!main(&text).contains("<i>"));
    }
}

#[tokio::test]
async fn long_trail_has_pages() {
    for app in apps().await {
        let mut visitor = administrator(&app).await;
        user(&app, ANN).await;
        for _ in 0..30 {
            app.advance(1000);
            app.try_login(ANN, PASSWORD).await.expect(200);
        }
        let text = open(
            &mut visitor,
            "/console/events?type=signed_in",
            "Audit trail",
        )
        .await;
        assert_eq!(text.matches("<tr>").count(), 26);
        assert!(text.len() < 30_000, "{}", text.len());
        let (_, next) = text
            .split_once(r#"<p class="after"><a href=""#)
            .expect("a next page");
        let next = next
            .split('"')
            .next()
            .expect("its URL")
            .replace("&amp;", "&");
        let text = open(&mut visitor, next.trim_start_matches(".."), "Audit trail").await;
        assert!((2..26).contains(&text.matches("<tr>").count()));
        let reply = visitor.open("/console/events?cursor=nonsense").await;
        assert_eq!(lead(&reply), "../console/events");
    }
}
