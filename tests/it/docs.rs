//! The page at `/docs`: every row once, by task, within its size, and compressed for clients that can read it.

use std::{collections::BTreeSet, io::Read as _};

use flate2::read::GzDecoder;

use crate::{
    openapi::TASKS,
    support::{
        app::{App, apps},
        http::{JSON, Reply},
    },
};

/// The maximum length of the page without its script, in bytes.
const LONGEST: usize = 60_000;

const GZIP: &str = "Accept-Encoding: gzip, deflate, br\r\n";

async fn page(app: &App) -> String {
    let reply = app.ask("GET /docs", "", b"").await.expect(200);
    reply.text().to_owned()
}

/// The parts of a text between these two marks.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    let parts = text.split(start).skip(1);
    parts.map(|part| part.split(end).next().unwrap()).collect()
}

#[tokio::test]
async fn every_row_is_one_entry_and_the_tasks_are_in_order() {
    for app in apps().await {
        let page = page(&app).await;
        let groups: Vec<&str> = page.split("<h2 id=task-").skip(1).collect();
        let names = groups.iter().map(|group| between(group, ">", "<")[0]);
        assert_eq!(names.collect::<Vec<_>>(), TASKS);

        let mut entries = Vec::new();
        for entry in between(&page, "<summary><b>", "</summary>") {
            let (method, rest) = entry.split_once("</b> <code>").unwrap();
            let (path, summary) = rest.split_once("</code> <i>").unwrap();
            assert!(summary.len() > 5, "{entry}");
            entries.push(format!("{method} {path}"));
        }
        let endpoints = app.auth.endpoints().with_browser().with_docs();
        let rows = endpoints.iter();
        let rows: BTreeSet<String> = rows
            .map(|row| format!("{} {}", row.method(), row.path()))
            .collect();
        assert_eq!(entries.len(), rows.len());
        assert_eq!(entries.into_iter().collect::<BTreeSet<_>>(), rows);

        let in_group = |task: usize, id: &str| groups[task].contains(&format!("<details id={id}>"));
        let places = [
            (0, "post_users"),
            (1, "post_auth_login"),
            (1, "post_auth_session"),
            (2, "post_users_me_factors_totp"),
            (3, "get_auth_oauth"),
            (4, "get_admin_users"),
            (5, "get_health_live"),
        ];
        for (task, id) in places {
            assert!(in_group(task, id), "{id} is not in {}", TASKS[task]);
        }
    }
}

#[tokio::test]
async fn the_page_is_short_and_its_links_lead_somewhere() {
    for app in apps().await {
        let page = page(&app).await;
        let script = between(&page, "<script>", "</script>");
        assert_eq!(script.len(), 1);
        let length = page.len() - script[0].len();
        assert!(length <= LONGEST, "{length}");

        let ids = between(&page, " id=", ">");
        let ids = ids
            .iter()
            .map(|rest| rest.split(' ').next().unwrap().trim_matches('"'));
        let ids: Vec<&str> = ids.collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(unique.len(), ids.len(), "an id occurs twice");
        for link in between(&page, "<a href=", ">") {
            if let Some(id) = link.trim_matches('"').strip_prefix('#') {
                assert!(unique.contains(id), "{link}");
            }
        }
    }
}

#[tokio::test]
async fn each_error_is_explained_once() {
    for app in apps().await {
        let document = app.ask("GET /openapi.json", "", b"").await.json();
        let codes = &document["components"]["schemas"]["Problem"]["properties"]["code"];
        let page = page(&app).await;
        let rows = between(&page, "<tr id=", "<tr");
        let listed: Vec<&str> = rows
            .iter()
            .map(|row| row.split('>').next().unwrap())
            .collect();
        let codes = codes["examples"].as_array().unwrap();
        let codes: BTreeSet<&str> = codes.iter().map(|code| code.as_str().unwrap()).collect();
        assert_eq!(listed.len(), codes.len());
        assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), codes);

        let entries = between(&page, "<details id=", "</details>");
        for row in rows {
            let (code, meaning) = row.split_once('>').unwrap();
            let meaning = meaning.rsplit("<td>").next().unwrap().trim();
            assert!(meaning.len() > 10, "{row}");
            assert_eq!(page.matches(meaning).count(), 1, "{code}: {meaning}");
        }
        // An entry names only what is not true of all calls of its kind.
        for entry in entries {
            for code in [
                "internal",
                "rate_limited",
                "unavailable",
                "malformed_body",
                "unauthenticated",
            ] {
                assert!(!entry.contains(&format!("<a href=#{code}>")), "{entry}");
            }
        }
    }
}

/// A reader may send an example without replacing anything in it.
#[tokio::test]
async fn examples_change_nothing_as_they_stand() {
    for app in apps().await {
        let page = page(&app).await;
        let mut sent = 0;
        for command in between(&page, "<pre>curl ", "</pre>") {
            let command = command.replace("&lt;", "<").replace("&amp;", "&");
            let method = command
                .strip_prefix("-X ")
                .and_then(|rest| rest.split(' ').next());
            let body = between(&command, " -d '", "'").first().copied();
            let method = method.unwrap_or(if body.is_some() { "POST" } else { "GET" });
            if method == "GET" {
                continue;
            }
            let path = between(&command, "\"$URL", "\"")[0]
                .replace('<', "%3C")
                .replace('>', "%3E");
            let mut headers = String::new();
            for (name, header) in [
                ("$AUTH", "Authorization: Bearer <access_token>\r\n"),
                ("$JSON", JSON),
                ("Sec-Fetch-Site", "Sec-Fetch-Site: same-origin\r\n"),
            ] {
                if command.contains(name) {
                    headers.push_str(header);
                }
            }
            let body = body.unwrap_or_default();
            let reply = app
                .ask(&format!("{method} {path}"), &headers, body.as_bytes())
                .await;
            // Ending a session that is unknown is no failure.
            let ends = matches!(&*path, "/auth/logout" | "/auth/session") && reply.status == 204;
            assert!(
                (400..500).contains(&reply.status) || ends,
                "{command}: {}",
                reply.status
            );
            assert!(body.is_empty() || body.contains('<'), "{command}");
            sent += 1;
        }
        assert!(sent > 35, "{sent}");
    }
}

#[tokio::test]
async fn the_documents_are_compressed_for_clients_that_accept_it() {
    for app in apps().await {
        for path in ["/docs", "/openapi.json"] {
            let line = format!("GET {path}");
            let plain = app.ask(&line, "", b"").await.expect(200);
            assert_eq!(plain.header("content-encoding"), None);
            let small = app.ask(&line, GZIP, b"").await.expect(200);
            assert_eq!(small.header("content-encoding"), Some("gzip"));
            assert!(small.body.len() < 20_000, "{}", small.body.len());
            let mut text = Vec::new();
            GzDecoder::new(&small.body[..])
                .read_to_end(&mut text)
                .unwrap();
            assert_eq!(text, plain.body, "{path}");
            for refusing in ["identity", "gzip;q=0", "br"] {
                let headers = format!("Accept-Encoding: {refusing}\r\n");
                let reply = app.ask(&line, &headers, b"").await.expect(200);
                assert_eq!(reply.header("content-encoding"), None, "{refusing}");
            }
            for (reply, accept) in [(&plain, ""), (&small, GZIP)] {
                assert_eq!(reply.header("vary"), Some("Accept-Encoding"));
                has_it(&app, &line, accept, reply).await;
            }
            assert_ne!(plain.header("etag"), small.header("etag"));
            let head = app
                .ask(&format!("HEAD {path}"), GZIP, b"")
                .await
                .expect(200);
            let length = small.body.len().to_string();
            assert_eq!(head.header("content-length"), Some(&*length));
            assert_eq!(head.header("etag"), small.header("etag"));
        }
    }
}

async fn has_it(app: &App, line: &str, accept: &str, reply: &Reply) {
    let tag = reply.header("etag").unwrap();
    let headers = format!("{accept}If-None-Match: W/{tag}\r\n");
    let again = app.ask(line, &headers, b"").await.expect(304);
    assert!(again.body.is_empty());
    assert_eq!(again.header("etag"), Some(tag));
    assert_eq!(again.header("vary"), Some("Accept-Encoding"));
    let headers = format!("{accept}If-None-Match: \"x\"\r\n");
    app.ask(line, &headers, b"").await.expect(200);
}
