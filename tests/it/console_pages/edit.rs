//! Changing a user, also with two administrators at once.

use super::{ANN, administrator, contains, open, user};
use crate::support::{
    app::{App, apps},
    http::Reply,
    visitor::{Visitor, lead, shown},
};

/// The hidden fields of a page.
fn seen(text: &str) -> Vec<(String, String)> {
    let inputs = text.split("<input type=\"hidden\" name=\"").skip(1);
    let pairs = inputs.filter_map(|input| {
        let (name, rest) = input.split_once("\" value=\"")?;
        let value = rest.split('"').next()?;
        Some((name.to_owned(), value.to_owned()))
    });
    pairs
        .filter(|(name, _)| name.starts_with("seen_"))
        .collect()
}

async fn save(
    visitor: &mut Visitor,
    id: &str,
    seen: &[(String, String)],
    [name, roles, verified]: [&str; 3],
) -> Reply {
    let mut fields = vec![("display_name", name), ("roles", roles)];
    if !verified.is_empty() {
        fields.push(("verified", verified));
    }
    fields.extend(
        seen.iter()
            .map(|(name, value)| (name.as_str(), value.as_str())),
    );
    visitor
        .submit(&format!("/console/users/{id}/edit"), &fields)
        .await
}

async fn opened(visitor: &mut Visitor, id: &str) -> Vec<(String, String)> {
    let path = format!("/console/users/{id}/edit");
    let seen = seen(&open(visitor, &path, "Edit user").await);
    assert_eq!(seen.len(), 3);
    seen
}

async fn second(app: &App) -> Visitor {
    app.administrator_at("second@example.org").await;
    Visitor::signed_in(app, "second@example.org").await
}

#[tokio::test]
async fn values_are_saved_and_wrong_ones_are_shown_again() {
    for app in apps().await {
        let mut visitor = administrator(&app).await;
        let id = user(&app, ANN).await;
        let seen = opened(&mut visitor, &id).await;
        let long = "x".repeat(201);
        for (fields, says) in [
            ([long.as_str(), "user", ""], "display_name-error"),
            (["Ann", "An Admin!", ""], "roles-error"),
            (["Ann", "<i>", "true"], "&lt;i&gt;"),
            (["Ann", &"a ".repeat(5000), ""], "Edit user"),
        ] {
            let reply = save(&mut visitor, &id, &seen, fields).await;
            if reply.status == 303 {
                continue;
            }
            let text = shown(&reply, 422, "Edit user");
            contains(&text, &[says]);
        }
        let many: Vec<String> = (0..33).map(|index| format!("role{index}")).collect();
        let reply = save(&mut visitor, &id, &seen, ["Ann", &many.join(" "), ""]).await;
        contains(&shown(&reply, 422, "Edit user"), &["Use at most 32 roles."]);
        let seen = opened(&mut visitor, &id).await;
        let reply = save(
            &mut visitor,
            &id,
            &seen,
            ["Ann Berg", "user editor", "true"],
        )
        .await;
        assert_eq!(
            lead(&reply),
            format!("../../../console/users/{id}?done=saved")
        );
        let text = open(
            &mut visitor,
            &format!("/console/users/{id}?done=saved"),
            ANN,
        )
        .await;
        contains(
            &text,
            &[
                "The user is saved.",
                "Ann Berg",
                "editor user",
                "✓ confirmed",
            ],
        );
    }
}

#[tokio::test]
async fn later_of_two_administrators_learns_what_changed() {
    for app in apps().await {
        let mut first = administrator(&app).await;
        let mut second = second(&app).await;
        let id = user(&app, ANN).await;
        let both = [
            opened(&mut first, &id).await,
            opened(&mut second, &id).await,
        ];
        let reply = save(&mut first, &id, &both[0], ["Ann <B>", "user", ""]).await;
        lead(&reply);
        let reply = save(&mut second, &id, &both[1], ["Anna", "user", "true"]).await;
        let text = shown(&reply, 409, "Edit user").replace("&#x2f;", "/");
        contains(
            &text,
            &[
                "Somebody else has changed this user",
                "Name is now: \u{2068}Ann &lt;B&gt;\u{2069}.",
                r#"value="Anna""#,
                r#"name="verified" value="true" checked"#,
            ],
        );
        let page = open(&mut second, &format!("/console/users/{id}"), ANN).await;
        contains(&page, &["Ann &lt;B&gt;", "not confirmed"]);
        // Saving again keeps what was typed.
        let now: Vec<(String, String)> = seen(&text)
            .into_iter()
            .map(|(name, value)| (name, value.replace("&lt;", "<").replace("&gt;", ">")))
            .collect();
        lead(&save(&mut second, &id, &now, ["Anna", "user", "true"]).await);
        let page = open(&mut second, &format!("/console/users/{id}"), ANN).await;
        contains(&page, &["Anna", "✓ confirmed"]);
    }
}

/// The later administrator has changed the name. The roles that the earlier one has taken away stay away.
#[tokio::test]
async fn saving_again_undoes_no_value_that_was_not_touched() {
    for app in apps().await {
        let mut first = administrator(&app).await;
        let mut second = second(&app).await;
        let id = user(&app, ANN).await;
        app.set_roles(&id, "admin user").await;
        let both = [
            opened(&mut first, &id).await,
            opened(&mut second, &id).await,
        ];
        lead(&save(&mut first, &id, &both[0], ["Ann", "user", "true"]).await);
        let reply = save(&mut second, &id, &both[1], ["Anna", "admin user", ""]).await;
        let text = shown(&reply, 409, "Edit user");
        contains(&text, &["Anna", r#"value="user""#, "checked"]);
        let now = seen(&text);
        lead(&save(&mut second, &id, &now, ["Anna", "user", "true"]).await);
        let page = open(&mut second, &format!("/console/users/{id}"), ANN).await;
        contains(&page, &["Anna", "<bdi>user</bdi>", "✓ confirmed"]);
    }
}

#[tokio::test]
async fn name_with_spaces_around_it_can_be_changed() {
    for app in apps().await {
        let mut visitor = administrator(&app).await;
        let id = user(&app, ANN).await;
        let token = app.login(ANN).await.access;
        for name in [" Rude", "\u{3000}", "", " "] {
            let body = serde_json::json!({"display_name": name});
            app.send("PATCH /users/me", &token, body).await.expect(200);
            let seen = opened(&mut visitor, &id).await;
            lead(&save(&mut visitor, &id, &seen, [name, "user editor", ""]).await);
            let seen = opened(&mut visitor, &id).await;
            lead(&save(&mut visitor, &id, &seen, ["Polite", "user", ""]).await);
            let page = open(&mut visitor, &format!("/console/users/{id}"), ANN).await;
            contains(&page, &["Polite"]);
        }
    }
}

#[tokio::test]
async fn changes_of_different_values_are_both_kept() {
    for app in apps().await {
        let mut first = administrator(&app).await;
        let mut second = second(&app).await;
        let id = user(&app, ANN).await;
        let both = [
            opened(&mut first, &id).await,
            opened(&mut second, &id).await,
        ];
        lead(&save(&mut first, &id, &both[0], ["Ann Berg", "user", ""]).await);
        lead(&save(&mut second, &id, &both[1], ["", "user editor", ""]).await);
        // The user's own sign-in changes nothing.
        app.login(ANN).await;
        let page = open(&mut second, &format!("/console/users/{id}"), ANN).await;
        contains(&page, &["Ann Berg", "editor user"]);
    }
}
