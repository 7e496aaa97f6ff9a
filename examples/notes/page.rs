//! The page of the notes. The templates of maud escape what users have written.

use hallpass::user::EmailAddress;
use maud::{DOCTYPE, html};

use crate::notes::Note;

/// The notes of a user, with a form that adds one. The pages of Hallpass are below the path
/// `accounts`.
pub(crate) fn notes(accounts: &str, owner: &EmailAddress, notes: &[Note]) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "Notes" }
            }
            body {
                h1 { "The notes of " (owner) }
                ul { @for note in notes { li { (note.text) } } }
                form method="post" action="/" {
                    label { "Note " input name="text" maxlength="1000" required; }
                    " " button { "Add" }
                }
                p { a href={ (accounts) "/sign-out" } { "Sign out" } }
            }
        }
    };
    page.into_string()
}
