//! A sign-in with a provider that begins and ends on the pages.

use super::{ANN, NEXT, Site};
use crate::{
    chromium::Chromium,
    oidc_provider::{CLIENT_ID, CLIENT_SECRET, OidcProvider},
    postgres,
    process::SERVERS,
    provider::{addresses, callbacks},
};

#[tokio::test]
async fn provider_sign_in_begins_and_ends_on_pages() {
    if !OidcProvider::is_there() {
        return;
    }
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    let addresses = addresses();
    let provider = OidcProvider::start(&callbacks(&addresses));
    let settings = [
        ("HALLPASS_OAUTH_ACME_ISSUER", provider.issuer.as_str()),
        ("HALLPASS_OAUTH_ACME_CLIENT_ID", CLIENT_ID),
        ("HALLPASS_OAUTH_ACME_CLIENT_SECRET", CLIENT_SECRET),
    ];
    let mut databases = [None, postgres::empty().await].into_iter();
    for (name, address) in SERVERS.into_iter().zip(&addresses) {
        let url = format!("http://{address}");
        let database = databases.next().flatten();
        let site = Site::start_at(name, (address, &url), database, &settings);
        begin(&mut browser, &site);
        assert!(browser.url().starts_with(&provider.issuer));
        browser.click("[name=cancel]");
        let at = browser.url();
        assert!(at.starts_with(&site.at("/sign-in?")), "{at}");
        browser.shows("The other service did not confirm who you are.");
        browser.fits(320, &format!("{name}-provider-denied"));

        // The place where Ann goes on is still known.
        browser.click("a[href*='sign-in/acme']");
        browser.type_in("ann");
        browser.enter();
        browser.is_signed_in(&site, ANN);
        browser.open(&site.at("/sign-out"));
        browser.click("main form > button");
        browser.shows("You are signed out.");

        // The provider still knows the browser, so one click is enough.
        begin(&mut browser, &site);
        browser.is_signed_in(&site, ANN);
        browser.forget_cookies();
    }
    browser.has_no_complaints();
}

fn begin(browser: &mut Chromium, site: &Site) {
    browser.resize(320);
    browser.open(&site.at(&format!("/sign-in{NEXT}")));
    browser.shows("Continue with ");
    browser.click("a[href*='sign-in/acme']");
}
