//! An administrator's day, with and without script, and with the keyboard.

use super::{ANN, BUTTON, Site};
use crate::{chromium::Chromium, process::PASSWORD};

const ROOT: &str = "root@example.org";
const ADMINISTRATOR: [(&str, &str); 2] = [
    ("HALLPASS_ADMIN_EMAIL", ROOT),
    ("HALLPASS_ADMIN_PASSWORD", PASSWORD),
];

#[tokio::test]
async fn administrator_looks_after_users() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    let sites = Site::two(&ADMINISTRATOR).await.into_iter();
    let sites = sites.chain(Site::other_two(&ADMINISTRATOR).await);
    for (index, site) in sites.enumerate() {
        if index == 2 {
            // The first two servers are used without script.
            browser.run_scripts();
        }
        browser.resize(320);
        begin(&mut browser, &site);
        invite(&mut browser, &site);
        edit(&mut browser, &site);
        help(&mut browser, &site);
        switch_off_and_on(&mut browser, &site);
        look_up(&mut browser, &site);
        remove(&mut browser, &site);
        browser.forget_cookies();
    }
    browser.has_no_complaints();
}

fn begin(browser: &mut Chromium, site: &Site) {
    browser.open(&site.at("/console"));
    assert_eq!(browser.url(), site.at("/sign-in?next=%2Fconsole"));
    browser.send_credentials(ROOT, PASSWORD);
    assert_eq!(browser.url(), site.at("/console"));
    browser.shows("<h1>Overview</h1>");
    browser.fits_every_screen(&site.at("/console"), &format!("{}-console", site.name));
    browser.open(&site.at("/account"));
    browser.click("header a[href^=console]");
    browser.shows("<h1>Overview</h1>");
}

fn invite(browser: &mut Chromium, site: &Site) {
    browser.click("header a[href^='console/users']");
    browser.click("main a[href*='console/users/new']");
    browser.shows("<h1>New user</h1>");
    browser.fill("#email", "ann");
    browser.click(BUTTON);
    browser.shows("Enter an email address like ann@example.org.");
    browser.fits(320, &format!("{}-console-new", site.name));
    browser.fill("#email", ANN);
    browser.fill("#display_name", "Ann Berg");
    browser.click(BUTTON);
    browser.shows("The user is created.");
    browser.shows("<h1>ann@example.org</h1>");
    let link = site.link("reset-password");
    assert!(link.contains("/reset-password?token="), "{link}");
}

fn edit(browser: &mut Chromium, site: &Site) {
    browser.click("main a[href*='/edit']");
    browser.shows("<h1>Edit user</h1>");
    browser.fill("#roles", "user Editor");
    browser.click(BUTTON);
    browser.shows("A role has only small letters");
    browser.fill("#roles", "user editor");
    browser.click_in_place("[name=verified]");
    browser.fits(320, &format!("{}-console-edit", site.name));
    browser.click(BUTTON);
    browser.shows("The user is saved.");
    browser.shows("editor user");
    browser.shows("✓ confirmed");
}

/// Follows a link on the page of the user, and presses the button of the page that asks.
fn act(browser: &mut Chromium, word: &str, done: &str) {
    browser.click(&format!("main a[href*='/{word}']"));
    browser.shows(ANN);
    browser.click(BUTTON);
    browser.shows(done);
}

fn help(browser: &mut Chromium, site: &Site) {
    act(browser, "unlock", "The sign-in is unlocked.");
    act(
        browser,
        "send-link",
        "A message with a link is on its way, unless",
    );
    act(browser, "sign-out", "The user is signed out everywhere.");
    act(browser, "reset-factors", "The second step is removed.");
    browser.fits(320, &format!("{}-console-user", site.name));
    browser.resize(1280);
    browser.fits(1280, &format!("{}-console-user", site.name));
    browser.resize(320);
}

fn switch_off_and_on(browser: &mut Chromium, site: &Site) {
    act(browser, "disable", "The user is switched off.");
    browser.open(&site.at("/console/users?status=disabled"));
    browser.shows(ANN);
    browser.click("main td a[href*='console/users/']");
    act(browser, "enable", "The user is switched on.");
}

fn look_up(browser: &mut Chromium, site: &Site) {
    let name = site.name;
    browser.click("main a[href*='console/events']");
    browser.shows("<h1>Audit trail</h1>");
    browser.shows("from: active, to: disabled");
    browser.fits(320, &format!("{name}-console-events"));
    browser.resize(1280);
    browser.fits(1280, &format!("{name}-console-events"));
    browser.resize(320);
    browser.fill("#user", "nobody@example.org");
    browser.click(".filters button");
    browser.shows("No user has this address.");
    browser.open(&site.at("/console/mail"));
    browser.fits(320, &format!("{name}-console-mail"));
    browser.open(&site.at("/console/status"));
    browser.shows("Accepts changes");
    browser.fits(320, &format!("{name}-console-status"));
    browser.open(&site.at("/console/nothing"));
    browser.shows("This page does not exist");
}

fn remove(browser: &mut Chromium, site: &Site) {
    browser.open(&site.at("/console/users"));
    browser.fill("#email", "ann");
    browser.click(".filters button");
    browser.shows("Ann Berg");
    browser.fits(320, &format!("{}-console-users", site.name));
    browser.click("main td a[href*='console/users/']");
    browser.click("main a[href*='/delete']");
    browser.shows("<h1>Delete this user?</h1>");
    browser.fits(320, &format!("{}-console-delete", site.name));
    browser.click(BUTTON);
    browser.shows("The user is deleted.");
    browser.open(&site.at("/console/users?role=admin"));
    browser.click("main td a[href*='console/users/']");
    browser.click("main a[href*='/delete']");
    browser.click(BUTTON);
    browser.shows("This is the last administrator");
}

#[tokio::test]
async fn administrator_uses_the_keyboard() {
    let Some(mut browser) = Chromium::start_or_skip() else {
        return;
    };
    for site in Site::two(&ADMINISTRATOR).await {
        browser.open(&site.at("/sign-in?next=%2Fconsole%2Fusers"));
        browser.send_credentials(ROOT, PASSWORD);
        browser.shows("<h1>Users</h1>");
        browser.tab_to(".skip");
        browser.tab_to("#email");
        browser.type_keys("root");
        browser.tab_to(".filters button");
        browser.enter();
        browser.tab_to("main td a[href*='console/users/']");
        browser.enter();
        browser.shows("<h1>root@example.org</h1>");
        browser.tab_to("main a[href*='/edit']");
        browser.enter();
        browser.shows("<h1>Edit user</h1>");
        browser.tab_to("#display_name");
        browser.type_keys("Root");
        browser.tab_to(BUTTON);
        browser.enter();
        browser.shows("The user is saved.");
        browser.shows("Root");
        browser.forget_cookies();
    }
    browser.has_no_complaints();
}
