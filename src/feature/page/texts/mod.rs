//! Page texts in each language.
//!
//! The placeholders `{product}` and `{min}` are replaced once, at start; the others, such as `{wait}`, when a page is
//! rendered. Text in brackets is a link.

mod account;
mod common;
mod console;
mod de;
mod en;
mod es;
mod event;
mod fr;
mod link;
mod password;
mod second_factor;
mod sign_in;
mod sign_up;
mod zh;

use serde::{Deserialize, Serialize};

pub(crate) use self::{
    account::{AccountTexts, SavedTexts},
    common::CommonTexts,
    console::{
        ActionsTexts, AskTexts, ConsoleTexts, ConsoleUserTexts, DangerTexts, DoneTexts, EditTexts,
        FigureTexts, FindTexts, LetterNames, QueueTexts, StateTexts, TrailTexts,
    },
    de::DE,
    en::EN,
    es::ES,
    event::EventTexts,
    fr::FR,
    link::LinkTexts,
    password::PasswordTexts,
    second_factor::SecondFactorTexts,
    sign_in::SignInTexts,
    sign_up::SignUpTexts,
    zh::ZH,
};

/// All texts in one language.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Texts<T = &'static str> {
    /// The value of the `lang` attribute.
    pub(crate) lang: T,
    /// The title prefix for a page that reports a failure.
    pub(crate) error: T,
    pub(crate) common: CommonTexts<T>,
    pub(crate) password: PasswordTexts<T>,
    pub(crate) link: LinkTexts<T>,
    pub(crate) sign_in: SignInTexts<T>,
    pub(crate) sign_up: SignUpTexts<T>,
    pub(crate) second_factor: SecondFactorTexts<T>,
    pub(crate) account: AccountTexts<T>,
    pub(crate) event: EventTexts<T>,
    pub(crate) console: ConsoleTexts<T>,
}

/// One service's page texts in one language, including the host's texts, the product name and the minimum password
/// length.
pub(crate) type OwnTexts = Texts<String>;

/// Texts for the pages of one kind of link.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ActionTexts<T = &'static str> {
    pub(crate) ask: Note<T>,
    pub(crate) button: T,
    pub(crate) done: Note<T>,
}

/// A heading and a paragraph.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Note<T = &'static str> {
    pub(crate) title: T,
    pub(crate) text: T,
}
