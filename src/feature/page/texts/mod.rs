//! The texts of the pages in each language.
//!
//! The placeholders `{product}` and `{min}` are replaced once, at start; the others, such as `{wait}`, when a page is
//! rendered. A text in brackets is a link.

mod common;
mod de;
mod en;
mod es;
mod fr;
mod link;
mod password;
mod second_factor;
mod sign_in;
mod sign_up;
mod zh;

use serde::Serialize;

pub(crate) use self::{
    common::CommonTexts, de::DE, en::EN, es::ES, fr::FR, link::LinkTexts, password::PasswordTexts,
    second_factor::SecondFactorTexts, sign_in::SignInTexts, sign_up::SignUpTexts, zh::ZH,
};

/// All texts in one language.
#[derive(Debug, Serialize)]
pub(crate) struct Texts {
    /// The value of the attribute `lang`.
    pub(crate) lang: &'static str,
    /// The prefix of the title of a page that reports a failure.
    pub(crate) error: &'static str,
    pub(crate) common: CommonTexts,
    pub(crate) password: PasswordTexts,
    pub(crate) link: LinkTexts,
    pub(crate) sign_in: SignInTexts,
    pub(crate) sign_up: SignUpTexts,
    pub(crate) second_factor: SecondFactorTexts,
}

/// The texts of the pages for one kind of link.
#[derive(Debug, Serialize)]
pub(crate) struct ActionTexts {
    pub(crate) ask: Note,
    pub(crate) button: &'static str,
    pub(crate) done: Note,
}

/// A heading and a paragraph.
#[derive(Debug, Serialize)]
pub(crate) struct Note {
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
}
