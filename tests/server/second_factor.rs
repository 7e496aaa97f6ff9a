//! The setting of who must have a second factor.

use crate::{
    postgres,
    process::{PASSWORD, SECRET, SERVERS, Server, folder},
};

const ROOT: &str = "root@example.org";

#[tokio::test]
async fn administrators_enrol_at_sign_in_where_the_setting_says_so() {
    let database = postgres::empty().await;
    let urls = database.as_ref().map(|database| database.url());
    for url in [None].into_iter().chain(urls.map(Some)) {
        for server in SERVERS {
            let folder = folder();
            let mut settings = vec![
                ("HALLPASS_ADMIN_EMAIL", ROOT),
                ("HALLPASS_ADMIN_PASSWORD", PASSWORD),
                ("HALLPASS_SECOND_FACTOR", "admins"),
            ];
            if let Some(url) = url {
                settings.extend([("DATABASE_URL", url), ("HALLPASS_SECRET", SECRET)]);
            }
            let server = Server::of(server, folder.path(), &settings);
            let root = server.login(ROOT, PASSWORD);
            assert_eq!(root.status, 202, "{}", root.json());
            assert_eq!(root.json()["enrol"], true);
            server.register("ann@example.org", PASSWORD);
            assert_eq!(server.login("ann@example.org", PASSWORD).status, 200);
        }
    }
}
